"""A checkpoint is what vit/README.md says, read by the safetensors package and the reference model.

Trains the quick start for 20 iterations, or checks the run named by --run_dir.
"""

import argparse
import pathlib
import re
import sys
import tempfile

from generate import Architecture, Reference
import quickstart
from safetensors.torch import load_file
import torch
from torch import Tensor

# vit/model.proto's, for the fields that a config leaves out.
DEFAULTS = {
    "image_size": "28",
    "channels": "1",
    "patch_size": "4",
    "num_classes": "10",
    "depth": "4",
    "heads": "4",
    "width": "768",
    "mlp_width": "0",
    "pooling": "CLASS_TOKEN",
    "register_tokens": "0",
    "position_embedding": "LEARNED",
    "layer_scale": "0",
}

# What AdamW keeps of a parameter, and what Muon keeps.
MOMENTS = ({"exp_avg", "exp_avg_sq"}, {"momentum_buffer"})


def read_architecture(config: str) -> Architecture:
    """The model that a config in protobuf's text format describes."""
    block = re.search(r"^\s*model:?\s*{([^{}]*)}", config, re.MULTILINE)
    if block is None:
        sys.exit("the config has no model")
    fields = DEFAULTS | dict(re.findall(r"(\w+):\s*([^\s,;]+)", block[1]))
    return Architecture(
        image_size=int(fields["image_size"]),
        channels=int(fields["channels"]),
        patch_size=int(fields["patch_size"]),
        width=int(fields["width"]),
        depth=int(fields["depth"]),
        heads=int(fields["heads"]),
        classes=int(fields["num_classes"]),
        class_token=fields["pooling"] == "CLASS_TOKEN",
        registers=int(fields["register_tokens"]),
        learned_positions=fields["position_embedding"] == "LEARNED",
        layer_scale=float(fields["layer_scale"]) != 0,
        mlp_width=int(fields["mlp_width"]),
    )


def model_problems(architecture: Architecture, tensors: dict[str, Tensor]) -> list[str]:
    shapes = architecture.parameter_shapes()
    problems = [f"no tensor {name}" for name in shapes.keys() - tensors.keys()]
    problems += [f"unknown tensor {name}" for name in tensors.keys() - shapes.keys()]
    for name in shapes.keys() & tensors.keys():
        tensor = tensors[name]
        if tuple(tensor.shape) != shapes[name]:
            problems.append(f"{name} has shape {list(tensor.shape)}, not {list(shapes[name])}")
        if tensor.dtype != torch.float32:
            problems.append(f"{name} is {tensor.dtype}, not float32")
    return problems


def optimizer_problems(architecture: Architecture, tensors: dict[str, Tensor]) -> list[str]:
    """Each moment is named after its parameter, behind a prefix, and has its shape."""
    problems = []
    for name, shape in architecture.parameter_shapes().items():
        moments = {key.removesuffix(f".{name}"): key for key in tensors if key.endswith(f".{name}")}
        if moments.keys() not in MOMENTS:
            problems.append(f"{name} has the moments {sorted(moments)}")
        if any(tuple(tensors[key].shape) != shape for key in moments.values()):
            problems.append(f"a moment of {name} does not have its shape")
    return problems


def not_finite(tensors: dict[str, Tensor]) -> list[str]:
    bad = [name for name, tensor in tensors.items() if not tensor.double().isfinite().all()]
    return [f"{name} is not finite" for name in bad]


def check_checkpoint(checkpoint: pathlib.Path, architecture: Architecture) -> list[str]:
    parameters = load_file(checkpoint / "model.safetensors")
    moments = load_file(checkpoint / "optimizer.safetensors")
    problems = model_problems(architecture, parameters)
    problems += optimizer_problems(architecture, moments)
    problems += not_finite(parameters) + not_finite(moments)
    if not problems:
        model = Reference(architecture, {name: p.double() for name, p in parameters.items()})
        side = architecture.image_size
        logits = model(torch.zeros(1, architecture.channels, side, side, dtype=torch.float64))
        problems += not_finite({"logits": logits})
    return sorted(problems)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--run_dir", type=pathlib.Path)
    run_dir = parser.parse_args().run_dir
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        if run_dir is None:
            run_dir = pathlib.Path(folder) / "run"
            quickstart.train(run_dir, "schedule.iterations=20", "schedule.warmup_iterations=5")
        architecture = read_architecture((run_dir / "config.textproto").read_text())
        checkpoints = quickstart.checkpoints(run_dir)
        problems = [
            f"{checkpoint.name}: {problem}"
            for checkpoint in checkpoints
            for problem in check_checkpoint(checkpoint, architecture)
        ]
    if problems or not checkpoints:
        sys.exit("\n".join(problems) or "the run has no checkpoint")
    print(f"checkpoints: {len(checkpoints)}, parameters: {len(architecture.parameter_shapes())}")


if __name__ == "__main__":
    main()
