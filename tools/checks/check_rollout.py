"""//analysis:rollout's maps are those that PyTorch and numpy compute from an explicit attention.

Trains the quick start for 60 iterations, explains random pictures with every method, and computes the
same in float64 from the checkpoint: the reference model forms its attention weights, whose gradients
are autograd's.
"""

import csv
import math
import pathlib
import sys
import tempfile

from check_checkpoint import read_architecture
from generate import Reference
import numpy as np
from PIL import Image
import quickstart
from safetensors.torch import load_file
import torch
from torch import Tensor

FIELDS = ["schedule.iterations=60", "schedule.warmup_iterations=5", "model.dropout=0"]
PICTURES = 6
TOLERANCE = 1e-5
# The flags of //analysis:rollout.
RUNS = {
    "rollout": [],
    "max": ["--head_fusion=max"],
    "min": ["--head_fusion=min"],
    "discard": ["--discard_ratio=0.6"],
    "last_layer": ["--method=last_layer"],
    "gradient": ["--method=gradient"],
}


class Explicit(Reference):
    """Keeps each block's attention weights, [B, H, T, T]."""

    weights: list[Tensor] = []

    def attention(self, block: str, x: Tensor, tokens: int | None = None) -> Tensor:
        batch, count, width = x.shape
        heads = self.architecture.heads
        parts = self.linear(f"{block}.attention.qkv", x).split(width, dim=2)
        q, k, v = (part.reshape(batch, count, heads, -1).transpose(1, 2) for part in parts)
        weights = torch.softmax(q @ k.transpose(2, 3) / math.sqrt(q.shape[-1]), dim=-1)
        weights.retain_grad()
        self.weights.append(weights)
        mixed = (weights @ v).transpose(1, 2).reshape(batch, count, width)
        return self.linear(f"{block}.attention.projection", mixed)


def discard(fused: np.ndarray, ratio: float) -> np.ndarray:
    """Sets the weakest part of what is paid to patches, columns 1 and up, to 0."""
    patches = fused[:, 1:].flatten()
    patches[np.argsort(patches, kind="stable")[: int(ratio * patches.size)]] = 0
    return np.concatenate([fused[:, :1], patches.reshape(len(fused), -1)], axis=1)


def rollout(layers: list[np.ndarray], fuse=np.mean, ratio: float = 0) -> np.ndarray:
    result = np.eye(layers[0].shape[-1])
    for layer in layers:
        passed = 0.5 * discard(fuse(layer, axis=0), ratio) + 0.5 * np.eye(len(result))
        result = passed / passed.sum(axis=1, keepdims=True) @ result
    return result


def gradient_rollout(layers: list[np.ndarray], gradients: list[np.ndarray]) -> np.ndarray:
    result = np.eye(layers[0].shape[-1])
    for layer, gradient in zip(layers, gradients):
        result = result + np.maximum(layer * gradient, 0).mean(axis=0) @ result
    return result


def expected_maps(model: Explicit, pixels: np.ndarray) -> tuple[dict[str, np.ndarray], float]:
    """The maps of a picture by the names of RUNS, and the highest probability."""
    model.weights = []
    image = torch.from_numpy((pixels / 255 - 0.5) / 0.5)[None, None]
    logits = model(image)[0]
    logits.max().backward()
    layers = [weights[0].detach().numpy() for weights in model.weights]
    gradients = [weights.grad[0].numpy() for weights in model.weights]
    tokens = {
        "rollout": rollout(layers),
        "max": rollout(layers, np.max),
        "min": rollout(layers, np.min),
        "discard": rollout(layers, ratio=0.6),
        "last_layer": layers[-1].mean(axis=0),
        "gradient": gradient_rollout(layers, gradients),
    }
    side = math.isqrt(layers[0].shape[-1] - 1)
    rows = {name: relevance[0, 1:] for name, relevance in tokens.items()}
    maps = {name: (row / row.sum()).reshape(side, side) for name, row in rows.items()}
    return maps, logits.softmax(0).max().item()


def check(folder: pathlib.Path) -> list[str]:
    run_dir = folder / "run"
    quickstart.train(run_dir, *FIELDS)
    quickstart.run([quickstart.ROOT / "tools/bazel", "build", "//analysis:rollout"])
    architecture = read_architecture((run_dir / "config.textproto").read_text())
    checkpoint = quickstart.checkpoints(run_dir)[-1]
    parameters = load_file(checkpoint / "model.safetensors")
    model = Explicit(
        architecture, {name: p.double().requires_grad_() for name, p in parameters.items()}
    )

    rng = np.random.default_rng(20050928)
    side = architecture.image_size
    pictures = rng.integers(0, 256, (PICTURES, side, side), dtype=np.uint8)
    (folder / "pictures").mkdir()
    for i, pixels in enumerate(pictures):
        Image.fromarray(pixels).save(folder / "pictures" / f"{i}.png")
    program = quickstart.ROOT / "bazel-bin/analysis/rollout"
    arguments = [program, f"--checkpoint={run_dir}", f"--images={folder / 'pictures'}"]
    for name, flags in RUNS.items():
        quickstart.run([*arguments, f"--output_dir={folder / name}", *flags])

    problems = []
    for i, pixels in enumerate(pictures):
        maps, probability = expected_maps(model, pixels)
        for name, expected in maps.items():
            difference = np.abs(np.load(folder / name / f"{i}.npy") - expected).max()
            if not difference < TOLERANCE:
                problems.append(f"{name} of picture {i} differs by {difference}")
            if np.ptp(expected) < 100 * TOLERANCE:  # or equal maps would pass for right ones
                problems.append(f"{name} of picture {i} is flat")
        with (folder / "rollout" / "predictions.csv").open() as file:
            measured = float(list(csv.DictReader(file))[i]["probability"])
        if abs(measured - probability) > 1e-4:
            problems.append(f"picture {i} has the probability {measured}, not {probability}")
    return problems


def main() -> None:
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        problems = check(pathlib.Path(folder))
    if problems:
        sys.exit("\n".join(problems))
    print(f"pictures: {PICTURES}, ways: {len(RUNS)}")


if __name__ == "__main__":
    main()
