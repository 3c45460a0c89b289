"""The reference model of vit/testdata/generate.py agrees with published figures and with PyTorch.

The C++ model is tested against that file's numbers, so a mistake in it would go unseen. Here its
parameter counts are compared with those reported for the runs that this repository reproduces, its
blocks with torch.nn.TransformerEncoderLayer, and its optimizer with torch.optim.AdamW.
"""

import math
import sys

import generate
from generate import Architecture
import numpy as np
import torch
from torch import Tensor
import torch.nn.functional as F

REPORTED_PARAMETERS = {
    "steps 1 and 2": (Architecture(28, 1, 4, 768, 4, 4, 10), 28_414_506),
    "steps 3 and 4": (Architecture(32, 3, 8, 768, 4, 4, 10), 28_524_682),
    "step 5": (Architecture(32, 3, 8, 1024, 8, 8, 10), 101_000_586),
    "step 6": (Architecture(32, 3, 4, 512, 4, 4, 10), 12_675_690),
    "step 7": (Architecture(224, 3, 16, 768, 12, 12, 100), 85_878_628),
}
TOLERANCE = 1e-12  # Everything is float64.

# PyTorch's names for the tensors of a block.
ENCODER_LAYER_NAMES = {
    "self_attn.in_proj_": "attention.qkv.",
    "self_attn.out_proj.": "attention.projection.",
    "linear1.": "mlp.hidden.",
    "linear2.": "mlp.output.",
    "norm1.": "attention_norm.",
    "norm2.": "mlp_norm.",
}
# PyTorch's layer has no layer scale; it is a factor of the rows of the linear layer before it.
SCALES = {"self_attn.out_proj.": "attention_scale", "linear2.": "mlp_scale"}


def expect(good: bool, message: str) -> None:
    if not good:
        sys.exit(message)


def check_parameter_counts() -> None:
    for name, (architecture, reported) in REPORTED_PARAMETERS.items():
        count = sum(math.prod(shape) for shape in architecture.parameter_shapes().values())
        expect(count == reported, f"{name}: {count} parameters, reported are {reported}")


def encoder_layer(model: generate.Reference, block: str) -> torch.nn.Module:
    """PyTorch's layer with the parameters of a block of the model."""
    arch = model.architecture
    state = {}
    for theirs, ours in ENCODER_LAYER_NAMES.items():
        for kind in ("weight", "bias"):
            value = model.parameters[f"{block}.{ours}{kind}"]
            if arch.layer_scale and theirs in SCALES:
                scale = model.parameters[f"{block}.{SCALES[theirs]}"]
                value = scale[:, None] * value if kind == "weight" else scale * value
            state[theirs + kind] = value
    layer = torch.nn.TransformerEncoderLayer(
        arch.width, arch.heads, 4 * arch.width, 0.0, "gelu", batch_first=True, norm_first=True
    ).double()
    layer.load_state_dict(state)
    return layer


def check_blocks(name: str, model: generate.Reference) -> None:
    tokens = 2.0 * torch.randn(3, 7, model.architecture.width, dtype=torch.float64)
    for i in range(model.architecture.depth):
        block = f"blocks.{i}"
        theirs = encoder_layer(model, block)(tokens)
        distance = (theirs - model.block(block, tokens)).abs().max().item()
        expect(distance <= TOLERANCE, f"{name}: {block} differs from PyTorch's by {distance:.1e}")


def check_optimizer(name: str, model: generate.Reference, images: Tensor, labels: Tensor) -> None:
    theirs = {key: p.clone().requires_grad_() for key, p in model.parameters.items()}
    matrices = [p for p in theirs.values() if p.dim() >= 2]
    vectors = [p for p in theirs.values() if p.dim() < 2]
    groups = [
        {"params": matrices, "weight_decay": 0.1},
        {"params": vectors, "weight_decay": 0.0},
    ]
    peer = torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.999), eps=1e-8)
    optimizer = generate.AdamW(model.parameters)
    for step in range(5):
        peer.zero_grad()
        loss = F.cross_entropy(generate.Reference(model.architecture, theirs)(images), labels)
        loss.backward()
        peer.step()
        _, ours, gradients = generate.loss_and_gradients(model, images, labels)
        optimizer.step(gradients)
        distance = (loss - ours).abs().item()
        message = f"{name}: loss {step} differs from PyTorch's by {distance:.1e}"
        expect(distance <= TOLERANCE, message)


def main() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    check_parameter_counts()
    for name, architecture in generate.FIXTURES.items():
        parameters = generate.random_parameters(architecture, np.random.default_rng(0))
        model = generate.Reference(architecture, parameters)
        check_blocks(name, model)
        side = architecture.image_size
        images = torch.randn(4, architecture.channels, side, side, dtype=torch.float64)
        labels = torch.arange(4) % architecture.classes
        check_optimizer(name, model, images, labels)


if __name__ == "__main__":
    main()
