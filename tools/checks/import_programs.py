"""//train:import, //eval:export and //eval:predict, as a user runs them."""

import dataclasses
import json
import pathlib
import subprocess
import sys
import tempfile

from quickstart import ENVIRONMENT, ROOT
from safetensors.torch import load_file
from torch import Tensor


@dataclasses.dataclass
class Predictions:
    """A row for each picture, in their order."""

    classes: list[str]  # the most probable one
    inputs: Tensor  # what the model is given, [N, C, H, W]
    features: Tensor  # what its head reads, [N, D]; or its heads, [N, 2, D]
    logits: Tensor


def output_of(*command: str | pathlib.Path) -> str:
    """What the program prints; what it warns of is shown only if it fails."""
    done = subprocess.run(command, cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(
            f"{' '.join(map(str, command))} exited with {done.returncode}:\n{done.stderr[-2000:]}"
        )
    return done.stdout


def build(*more: str) -> None:
    output_of(ROOT / "tools/bazel", "build", "//train:import", "//eval:predict", *more)


def import_weights(weights: pathlib.Path, checkpoint: pathlib.Path, *fields: str) -> str:
    """Returns what the program says."""
    program = ROOT / "bazel-bin/train/import"
    return output_of(program, f"--weights={weights}", f"--output={checkpoint}", *fields)


def export(checkpoint: pathlib.Path, format: str, output: pathlib.Path) -> str | None:
    """Returns what the program says, or None where the format can't hold the model."""
    flags = [f"--checkpoint={checkpoint}", f"--format={format}", f"--output={output}"]
    command = [ROOT / "bazel-bin/eval/export", *flags]
    done = subprocess.run(command, cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True)
    if done.returncode == 0:
        return done.stdout
    if done.returncode == 1 and done.stderr.endswith(" can hold it\n"):
        return None
    sys.exit(f"{command} exited with {done.returncode}:\n{done.stderr[-2000:]}")


def predict(checkpoint: pathlib.Path, pictures: list[pathlib.Path]) -> Predictions:
    with tempfile.TemporaryDirectory() as folder:
        output = pathlib.Path(folder) / "output.safetensors"
        images = ",".join(map(str, pictures))
        flags = [f"--images={images}", f"--output={output}", "--inputs", "--json", "--device=cpu"]
        program = ROOT / "bazel-bin/eval/predict"
        rows = json.loads(output_of(program, f"--checkpoint={checkpoint}", *flags))
        if [row["image"] for row in rows] != [str(picture) for picture in pictures]:
            sys.exit("//eval:predict does not keep the order of the pictures")
        return Predictions(
            classes=[row["classes"][0]["class"] for row in rows], **load_file(output)
        )
