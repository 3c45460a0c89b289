"""Makes the reference values that the tests of the C++ model compare with.

    python3 vit/testdata/generate.py [--output_dir=FOLDER]

Versions, pinned in tools/checks/requirements.txt: Python 3.11, torch 2.11.0, numpy 2.4.6,
safetensors 0.8.0. `tools/checks/run` installs them and runs this file again to compare.

This is a second, independent Vision Transformer: written from the description of the model, not
from the C++ code, as functions of a dictionary of tensors. It computes in float64, so that what it
stores is correct to the last bit of float32, or nearly, and a test's tolerance is all for the C++
side. Parameters and images are float32 values, so nothing is lost when C++ reads them.

README.md beside this file says what each fixture holds.
"""

import argparse
import dataclasses
import json
import math
import pathlib

import numpy as np
from safetensors.numpy import save_file
import torch
from torch import Tensor
import torch.nn.functional as F

Parameters = dict[str, Tensor]

GOLDEN_RATIO = np.uint64(0x9E3779B97F4A7C15)


@dataclasses.dataclass(frozen=True)
class Architecture:
    """The sizes and choices that determine a model; T below is its number of tokens."""

    image_size: int
    channels: int
    patch_size: int
    width: int  # D
    depth: int
    heads: int  # H
    classes: int  # K
    class_token: bool = True  # Read the class from it; else from the mean of the patches.
    registers: int = 0  # R
    learned_positions: bool = True  # Else fixed sines and cosines.
    layer_scale: bool = False
    mlp_width: int = 0  # 0 means 4 * width.
    layer_norm_epsilon: float = 1e-5

    @property
    def grid(self) -> int:
        """Patches along one side of the image."""
        return self.image_size // self.patch_size

    @property
    def prefix(self) -> int:
        """Tokens before the first patch: [class token][registers][patches]."""
        return int(self.class_token) + self.registers

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """The name and shape of every parameter."""
        d, hidden = self.width, self.mlp_width or 4 * self.width
        values = self.patch_size**2 * self.channels  # in one patch
        shapes: dict[str, tuple[int, ...]] = {}

        def norm(name: str, size: int) -> None:
            shapes[f"{name}.weight"] = (size,)
            shapes[f"{name}.bias"] = (size,)

        def linear(name: str, inputs: int, outputs: int) -> None:
            shapes[f"{name}.weight"] = (outputs, inputs)
            shapes[f"{name}.bias"] = (outputs,)

        norm("patch_embedding.input_norm", values)
        linear("patch_embedding.projection", values, d)
        norm("patch_embedding.output_norm", d)
        if self.class_token:
            shapes["class_token"] = (1, 1, d)
        if self.registers:
            shapes["register_tokens"] = (1, self.registers, d)
        if self.learned_positions:
            shapes["position_embedding"] = (1, int(self.class_token) + self.grid**2, d)
        for block in (f"blocks.{i}" for i in range(self.depth)):
            norm(f"{block}.attention_norm", d)
            linear(f"{block}.attention.qkv", d, 3 * d)
            linear(f"{block}.attention.projection", d, d)
            norm(f"{block}.mlp_norm", d)
            linear(f"{block}.mlp.hidden", d, hidden)
            linear(f"{block}.mlp.output", hidden, d)
            if self.layer_scale:
                shapes[f"{block}.attention_scale"] = (d,)
                shapes[f"{block}.mlp_scale"] = (d,)
        norm("final_norm", d)
        linear("head", d, self.classes)
        return shapes


FIXTURES = {
    # The model of the reproduction, small.
    "as_reported": Architecture(
        image_size=8, channels=1, patch_size=4, width=16, depth=2, heads=2, classes=5
    ),
    # Everything that the reproduction leaves off.
    "options": Architecture(
        image_size=12,
        channels=3,
        patch_size=4,
        width=24,
        depth=3,
        heads=4,
        classes=7,
        class_token=False,
        registers=2,
        learned_positions=False,
        layer_scale=True,
    ),
}
# What is drawn at random, by the beginning of its name; the rest is computed from it.
EXACT = ("parameters/", "images", "labels", "positions")
SEEDS = {"as_reported": 20101192, "options": 20101193}
BATCH_SIZE = 6


def sincos_positions(grid: int, width: int) -> Tensor:
    """Fixed two-dimensional positions, as in big_vision's posemb_sincos_2d.  [1, grid * grid, D]"""
    quarter = width // 4
    omega = 10000.0 ** -(torch.arange(quarter, dtype=torch.float64) / (quarter - 1))
    rows = []
    for y in range(grid):
        for x in range(grid):
            parts = [torch.sin(x * omega), torch.cos(x * omega)]
            parts += [torch.sin(y * omega), torch.cos(y * omega)]
            rows.append(torch.cat(parts))
    return torch.stack(rows).unsqueeze(0)


def patches(images: Tensor, size: int) -> Tensor:
    """Cuts [B, C, H, W] into [B, n, size * size * C]: row-major, each (row, column, channel)."""
    height, width = images.shape[2:]
    cut = []
    for top in range(0, height, size):
        for left in range(0, width, size):
            patch = images[:, :, top : top + size, left : left + size]
            cut.append(patch.permute(0, 2, 3, 1).flatten(start_dim=1))
    return torch.stack(cut, dim=1)


class Dropout:
    """Factors by place as the C++ model draws them: a key of torch's Mersenne Twister for each mask, and
    for each two elements a number of SplitMix64's stream of that key, the lower half first."""

    def __init__(self, rates: dict[str, float], seed: int):
        self.rates = rates
        self.twister = np.random.MT19937()
        self.twister._legacy_seeding(seed)  # as torch.Generator().manual_seed does

    def key(self) -> int:
        high, low = map(int, self.twister.random_raw(2))
        return high << 32 | low

    def factors(self, place: str, shape: tuple[int, ...]) -> Tensor:
        probability = float(np.float32(self.rates[place]))
        size = math.prod(shape)
        with np.errstate(over="ignore"):
            x = np.uint64(self.key()) + np.arange(1, size // 2 + 2, dtype=np.uint64) * GOLDEN_RATIO
            x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
            x ^= x >> np.uint64(31)
        halves = np.stack([x & np.uint64(0xFFFFFFFF), x >> np.uint64(32)], axis=1).reshape(-1)[:size]
        kept = halves < np.uint64((1 - probability) * 2**32)
        scale = float(np.float32(1 / (1 - probability)))
        return torch.from_numpy(np.where(kept, scale, 0.0).reshape(shape))


class Reference:
    """The model as a function of its parameters; a call leaves what it saw in `intermediates`.

    With dropout the last block drops for the class token alone, since the C++ model computes no other.
    """

    def __init__(
        self, architecture: Architecture, parameters: Parameters, dropout: Dropout | None = None
    ):
        self.architecture = architecture
        self.parameters = parameters
        self.dropout = dropout
        self.intermediates: dict[str, Tensor] = {}

    def drop(self, place: str, x: Tensor, tokens: int | None = None) -> Tensor:
        """Of [..., T, numbers] the first tokens, or all."""
        if self.dropout is None:
            return x
        first = x[..., :tokens, :]
        dropped = first * self.dropout.factors(place, tuple(first.shape))
        return torch.cat([dropped, x[..., first.shape[-2] :, :]], dim=-2)

    def __call__(self, images: Tensor) -> Tensor:
        """Images [B, C, H, W] to logits [B, K]."""
        arch = self.architecture
        x = self.drop("embedding", self.embed(images))  # [B, T, D]
        for i in range(arch.depth):
            x = self.block(f"blocks.{i}", x, 1 if i + 1 == arch.depth else None)
        x = self.norm("final_norm", x)
        pooled = x[:, 0] if arch.class_token else x[:, arch.prefix :].mean(dim=1)
        return self.linear("head", pooled)

    def embed(self, images: Tensor) -> Tensor:
        """Images to tokens [B, T, D]. Registers have no position."""
        arch, p = self.architecture, self.parameters
        x = patches(images, arch.patch_size)
        x = self.norm("patch_embedding.input_norm", x)
        x = self.linear("patch_embedding.projection", x)
        x = self.norm("patch_embedding.output_norm", x)
        if arch.learned_positions:
            position = p["position_embedding"]
        else:
            position = sincos_positions(arch.grid, arch.width)
        x = x + position[:, -(arch.grid**2) :]
        tokens = []
        if arch.class_token:
            first = p["class_token"]
            tokens.append(first + position[:, :1] if arch.learned_positions else first)
        if arch.registers:
            tokens.append(p["register_tokens"])
        tokens = [token.expand(x.shape[0], -1, -1) for token in tokens]
        return torch.cat([*tokens, x], dim=1)

    def block(self, name: str, x: Tensor, tokens: int | None = None) -> Tensor:
        attended = self.attention(name, self.norm(f"{name}.attention_norm", x), tokens)
        attended = self.drop("projection", attended, tokens)
        x = x + self.scaled(f"{name}.attention_scale", attended)
        hidden = self.mlp(f"{name}.mlp", self.norm(f"{name}.mlp_norm", x))
        x = x + self.scaled(f"{name}.mlp_scale", self.drop("mlp", hidden, tokens))
        self.intermediates[f"{name}.output"] = x
        return x

    def attention(self, block: str, x: Tensor, tokens: int | None = None) -> Tensor:
        batch, count, width = x.shape
        heads = self.architecture.heads
        size = width // heads
        parts = self.linear(f"{block}.attention.qkv", x).split(width, dim=2)
        q, k, v = (part.reshape(batch, count, heads, size).transpose(1, 2) for part in parts)
        self.intermediates[f"{block}.queries"] = q  # [B, H, T, D / H]
        self.intermediates[f"{block}.keys"] = k
        weights = torch.softmax(q @ k.transpose(2, 3) / math.sqrt(size), dim=-1)  # [B, H, T, T]
        weights = self.drop("attention", weights, tokens)
        mixed = (weights @ v).transpose(1, 2).reshape(batch, count, width)
        return self.linear(f"{block}.attention.projection", mixed)

    def mlp(self, name: str, x: Tensor) -> Tensor:
        hidden = F.gelu(self.linear(f"{name}.hidden", x), approximate="none")
        return self.linear(f"{name}.output", hidden)

    def scaled(self, name: str, x: Tensor) -> Tensor:
        return x * self.parameters[name] if self.architecture.layer_scale else x

    def norm(self, name: str, x: Tensor) -> Tensor:
        weight, bias = self.parameters[f"{name}.weight"], self.parameters[f"{name}.bias"]
        return F.layer_norm(x, weight.shape, weight, bias, self.architecture.layer_norm_epsilon)

    def linear(self, name: str, x: Tensor) -> Tensor:
        return F.linear(x, self.parameters[f"{name}.weight"], self.parameters[f"{name}.bias"])


class AdamW:
    """Adam with decoupled weight decay on tensors of two or more dimensions, written out."""

    def __init__(self, parameters: Parameters):
        self.parameters = parameters
        self.first = {name: torch.zeros_like(p) for name, p in parameters.items()}
        self.second = {name: torch.zeros_like(p) for name, p in parameters.items()}
        self.steps = 0

    @torch.no_grad()
    def step(self, gradients: Parameters) -> None:
        rate, beta1, beta2, epsilon = 1e-3, 0.9, 0.999, 1e-8
        self.steps += 1
        for name, p in self.parameters.items():
            decay = 0.1 if p.dim() >= 2 else 0.0
            g, m, v = gradients[name], self.first[name], self.second[name]
            m.mul_(beta1).add_((1 - beta1) * g)
            v.mul_(beta2).add_((1 - beta2) * g * g)
            m_hat = m / (1 - beta1**self.steps)
            v_hat = v / (1 - beta2**self.steps)
            p.mul_(1 - rate * decay).sub_(rate * m_hat / (v_hat.sqrt() + epsilon))


def random_parameters(architecture: Architecture, rng: np.random.Generator) -> Parameters:
    """Nothing is left at 0 or 1, so that a parameter used wrongly, or not used, shows."""
    parameters = {}
    for name, shape in architecture.parameter_shapes().items():
        value = rng.standard_normal(shape)
        if name.endswith("norm.weight"):
            value = 1.0 + 0.3 * value
        elif name.endswith("_scale"):
            value = 0.6 + 0.3 * value
        elif name.endswith(".bias"):
            value = 0.3 * value
        elif name.endswith(".weight"):
            value = 1.5 * value / math.sqrt(shape[1])
        parameters[name] = torch.from_numpy(value.astype(np.float32)).double()
    return parameters


def loss_and_gradients(
    model: Reference, images: Tensor, labels: Tensor
) -> tuple[Tensor, Tensor, Parameters]:
    """Logits, mean cross-entropy and its gradient with respect to every parameter."""
    for parameter in model.parameters.values():
        parameter.requires_grad_()
    logits = model(images)
    loss = F.cross_entropy(logits, labels)
    gradients = torch.autograd.grad(loss, list(model.parameters.values()))
    return logits.detach(), loss.detach(), dict(zip(model.parameters, gradients))


def make_fixture(architecture: Architecture, seed: int) -> dict[str, Tensor]:
    rng = np.random.default_rng(seed)
    parameters = random_parameters(architecture, rng)
    side = architecture.image_size
    pixels = rng.uniform(-1, 1, (BATCH_SIZE, architecture.channels, side, side))
    images = torch.from_numpy(pixels.astype(np.float32)).double()
    labels = torch.from_numpy(rng.integers(0, architecture.classes, BATCH_SIZE))

    fixture = {f"parameters/{name}": p.clone() for name, p in parameters.items()}
    fixture |= {"images": images, "labels": labels}
    model = Reference(architecture, parameters)
    logits, loss, gradients = loss_and_gradients(model, images, labels)
    fixture |= {"logits": logits, "loss": loss}
    fixture |= {f"gradients/{name}": g for name, g in gradients.items()}
    for name, value in model.intermediates.items():
        fixture[f"intermediates/{name}"] = value.detach()
    if not architecture.learned_positions:
        fixture["sincos_positions"] = sincos_positions(architecture.grid, architecture.width)

    optimizer = AdamW(parameters)
    losses = [loss]
    for _ in range(10):
        optimizer.step(gradients)
        _, loss, gradients = loss_and_gradients(model, images, labels)
        losses.append(loss)
    fixture["adamw_losses"] = torch.stack(losses)
    return fixture


def make_dropout_by_place() -> dict[str, Tensor]:
    """One training pass of the model of the reproduction, with another rate at each place."""
    architecture = FIXTURES["as_reported"]
    whole = make_fixture(architecture, 20101195)
    inputs = {name: t for name, t in whole.items() if name.startswith(EXACT)}
    parameters = {n.removeprefix("parameters/"): t for n, t in inputs.items() if "/" in n}
    rates = {"embedding": 0.1, "attention": 0.2, "projection": 0.3, "mlp": 0.4}
    model = Reference(architecture, parameters, Dropout(rates, seed=7))
    logits, loss, gradients = loss_and_gradients(model, inputs["images"], inputs["labels"])
    fixture = {name: t.detach() for name, t in inputs.items()}
    fixture |= {"logits": logits, "loss": loss}
    return fixture | {f"gradients/{name}": g for name, g in gradients.items()}


def make_resampled_positions() -> dict[str, Tensor]:
    """Learned positions of a class token and 4 x 4 patches, and what other grids make of them."""
    rng = np.random.default_rng(20101194)
    width, grid = 16, 4
    values = rng.standard_normal((1, 1 + grid**2, width))
    positions = torch.from_numpy(values.astype(np.float32)).double()
    class_token, patch_positions = positions[:, :1], positions[:, 1:]
    picture = patch_positions.transpose(1, 2).unflatten(2, (grid, grid))  # [1, D, rows, columns]
    fixture = {"positions": positions}
    for side in (2, 3, 7):
        resampled = F.interpolate(
            picture, size=(side, side), mode="bicubic", align_corners=False, antialias=True
        )
        resampled = resampled.flatten(start_dim=2).transpose(1, 2)
        fixture[f"resampled.{side}"] = torch.cat([class_token, resampled], dim=1)
    return fixture


def write_fixture(
    path: pathlib.Path, fixture: dict[str, Tensor], metadata: dict[str, str] | None = None
) -> None:
    arrays = {}
    for key, tensor in fixture.items():
        stored = tensor.float() if tensor.is_floating_point() else tensor
        arrays[key] = stored.contiguous().numpy()
    save_file(arrays, path, metadata)


def write_fixtures(folder: pathlib.Path) -> None:
    torch.set_num_threads(1)
    for name, architecture in FIXTURES.items():
        # One key only: the order in which safetensors writes several is not fixed.
        metadata = {"architecture": json.dumps(dataclasses.asdict(architecture))}
        fixture = make_fixture(architecture, SEEDS[name])
        write_fixture(folder / f"{name}.safetensors", fixture, metadata)
    write_fixture(folder / "dropout_by_place.safetensors", make_dropout_by_place())
    write_fixture(folder / "resampled_positions.safetensors", make_resampled_positions())


def main() -> None:
    parser = argparse.ArgumentParser(description="Makes the reference values.")
    here = pathlib.Path(__file__).resolve().parent
    parser.add_argument("--output_dir", type=pathlib.Path, default=here)
    write_fixtures(parser.parse_args().output_dir)


if __name__ == "__main__":
    main()
