"""Makes the reference values that the tests of Muon in C++ compare with.

    python3 train/update/testdata/generate_muon.py

Versions, pinned in tools/checks/requirements.txt: Python 3.11, numpy 2.4.6, safetensors 0.8.0.
`tools/checks/run` installs them and runs this file again to compare.

Written from the papers that train/update/muon.h names, in float64, and by another way than the C++ code:
where that multiplies matrices, this takes a matrix apart and iterates on each singular value as a
number; where that keeps a running mean of the gradients, this keeps Jordan et al.'s running sum.

README.md beside this file says what the fixture holds.
"""

import pathlib

import numpy as np
from safetensors.numpy import save_file

Arrays = dict[str, np.ndarray]

FIXTURES = ("muon",)
# What is drawn at random, by the beginning of its name; the rest is computed from it.
EXACT = ("matrices/", "initial/", "gradients/", "learning_rates")

SEED = 20241208
MOMENTUM, WEIGHT_DECAY = 0.95, 0.1
LEARNING_RATES = (2**-3, 2**-2, 2**-2, 2**-3, 2**-4)  # float32 values

QKV = "blocks.0.attention.qkv.weight"
SHAPES = {
    QKV: (24, 8),  # three matrices in one tensor
    "blocks.0.attention.projection.weight": (8, 8),
    "blocks.0.mlp.hidden.weight": (12, 5),
    "blocks.0.mlp.output.weight": (5, 12),
}
MATRICES = {"tall": (40, 16), "wide": (16, 40), "square": (16, 16)}


def orthogonalize(matrix: np.ndarray) -> np.ndarray:
    """Five Newton-Schulz iterations, which act on every singular value alone."""
    a, b, c = 3.4445, -4.7750, 2.0315
    u, s, vt = np.linalg.svd(matrix, full_matrices=False)
    s = s / np.sqrt(np.sum(s**2))
    for _ in range(5):
        s = a * s + b * s**3 + c * s**5
    return (u * s) @ vt


def pieces(name: str, tensor: np.ndarray) -> list[np.ndarray]:
    """The matrices that a tensor holds: queries, keys and values share one."""
    return np.split(tensor, 3) if name == QKV else [tensor]


class Muon:
    """Nesterov momentum, each matrix of it orthogonalised and scaled to a root mean square of 0.2."""

    def __init__(self, parameters: Arrays):
        self.parameters = parameters
        self.sums = {name: np.zeros_like(p) for name, p in parameters.items()}

    def step(self, gradients: Arrays, learning_rate: float) -> None:
        for name, p in self.parameters.items():
            self.sums[name] = MOMENTUM * self.sums[name] + gradients[name]
            nesterov = gradients[name] + MOMENTUM * self.sums[name]
            update = [self.update(piece) for piece in pieces(name, nesterov)]
            p -= learning_rate * (np.concatenate(update) + WEIGHT_DECAY * p)

    @staticmethod
    def update(matrix: np.ndarray) -> np.ndarray:
        return 0.2 * np.sqrt(max(matrix.shape)) * orthogonalize(matrix)


def draw(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Normal numbers that float32 holds, as float64."""
    return rng.standard_normal(shape).astype(np.float32).astype(np.float64)


def draw_gradients(rng: np.random.Generator) -> Arrays:
    """Those of the values are larger, as in training: q, k and v must not share a norm."""
    gradients = {name: draw(rng, shape) / 256 for name, shape in SHAPES.items()}
    pieces(QKV, gradients[QKV])[2][:] *= 64
    return gradients


def make_fixture() -> Arrays:
    rng = np.random.default_rng(SEED)
    fixture = {"learning_rates": np.array(LEARNING_RATES)}
    for name, shape in MATRICES.items():
        fixture[f"matrices/{name}"] = draw(rng, shape)
        fixture[f"orthogonalized/{name}"] = orthogonalize(fixture[f"matrices/{name}"])

    parameters = {name: draw(rng, shape) / 4 for name, shape in SHAPES.items()}
    fixture |= {f"initial/{name}": p.copy() for name, p in parameters.items()}
    optimizer = Muon(parameters)
    for step, learning_rate in enumerate(LEARNING_RATES):
        gradients = draw_gradients(rng)
        optimizer.step(gradients, learning_rate)
        fixture |= {f"gradients/{step}/{name}": g for name, g in gradients.items()}
        fixture |= {f"parameters/{step}/{name}": p.copy() for name, p in parameters.items()}
    for name, total in optimizer.sums.items():
        fixture[f"momentum_buffer.{name}"] = (1 - MOMENTUM) * total
    return fixture


def write_fixtures(folder: pathlib.Path) -> None:
    arrays = {name: value.astype(np.float32) for name, value in make_fixture().items()}
    save_file(arrays, folder / "muon.safetensors")


if __name__ == "__main__":
    write_fixtures(pathlib.Path(__file__).resolve().parent)
