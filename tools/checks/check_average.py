"""//eval:swa's average is numpy's, to the last bit.

Trains the quick start for 50 iterations with a checkpoint every 10, lets //eval:swa average them, and
computes the same mean in float64 with numpy.
"""

import pathlib
import sys
import tempfile

import numpy as np
import quickstart
from safetensors.numpy import load_file

FIELDS = ["schedule.iterations=50", "schedule.warmup_iterations=5"]
FIELDS += ["checkpoint.every_iterations=10", "checkpoint.keep_last=0"]
COUNT = 5


def differences(average: pathlib.Path, checkpoints: list[pathlib.Path]) -> list[str]:
    """The tensors whose bits are not those of the mean of the checkpoints'."""
    measured = load_file(average / "model.safetensors")
    parts = [load_file(checkpoint / "model.safetensors") for checkpoint in checkpoints]
    if any(part.keys() != measured.keys() for part in parts):
        return ["the names of the tensors are not the same"]
    different = []
    for name, tensor in measured.items():
        expected = np.mean([part[name].astype(np.float64) for part in parts], axis=0)
        expected = expected.astype(np.float32)
        if tensor.dtype != np.float32 or tensor.tobytes() != expected.tobytes():
            different.append(name)
    return different


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        run_dir, average = pathlib.Path(folder) / "run", pathlib.Path(folder) / "average"
        quickstart.train(run_dir, *FIELDS)
        quickstart.run([quickstart.ROOT / "tools/bazel", "build", "//eval:swa"])
        swa = quickstart.ROOT / "bazel-bin/eval/swa"
        quickstart.run([swa, f"--run_dir={run_dir}", f"--count={COUNT}", f"--output={average}"])
        checkpoints = quickstart.checkpoints(run_dir)
        if len(checkpoints) != COUNT:
            sys.exit(f"{len(checkpoints)} checkpoints instead of {COUNT}")
        wrong = differences(average, checkpoints)
        if wrong:
            sys.exit(f"not numpy's mean: {', '.join(wrong)}")
        # Or the check would pass on weights that did not move.
        if not differences(average, checkpoints[:1]):
            sys.exit("the average is the first checkpoint")
        tensors = len(load_file(average / "model.safetensors"))
    print(f"checkpoints: {COUNT}, tensors: {tensors}")


if __name__ == "__main__":
    main()
