"""vit/testdata/generate.py still makes the fixtures that are committed."""

import pathlib
import sys
import tempfile

import generate
import numpy as np
from safetensors import safe_open

# Relative to the largest value of a tensor. What is drawn at random must be equal; what is computed
# may differ by a rounding, since another CPU adds in another order.
TOLERANCE = 1e-6
EXACT = ("parameters/", "images", "labels")

Arrays = dict[str, np.ndarray]


def read(path: pathlib.Path) -> Arrays:
    with safe_open(path, framework="np") as file:
        return {name: file.get_tensor(name) for name in file.keys()}


def difference(committed: np.ndarray, made: np.ndarray) -> float:
    """The largest difference, relative to the largest value; infinite where they do not compare."""
    if committed.shape != made.shape or committed.dtype != made.dtype:
        return np.inf
    if not (np.isfinite(committed).all() and np.isfinite(made).all()):
        return np.inf
    distance = np.abs(committed.astype(np.float64) - made).max()
    return float(distance / max(np.abs(committed).max(), 1e-30))


def compare(name: str, committed: Arrays, made: Arrays) -> list[str]:
    """Prints the largest difference and returns what is wrong."""
    problems = [f"{name}: only one has {key}" for key in committed.keys() ^ made.keys()]
    worst, where = 0.0, "none"
    for key in sorted(committed.keys() & made.keys()):
        distance = difference(committed[key], made[key])
        if distance > worst:
            worst, where = distance, key
        if distance > (0.0 if key.startswith(EXACT) else TOLERANCE):
            problems.append(f"{name}: {key} differs by {distance:.2e} of its largest value")
    print(f"{name}: {len(committed)} tensors, largest relative difference {worst:.2e} ({where})")
    return problems


def main() -> None:
    committed = pathlib.Path(generate.__file__).parent
    problems = []
    with tempfile.TemporaryDirectory() as folder:
        generate.write_fixtures(pathlib.Path(folder))
        for name in generate.FIXTURES:
            file = f"{name}.safetensors"
            problems += compare(name, read(committed / file), read(pathlib.Path(folder) / file))
    if problems:
        sys.exit("\n".join(problems))


if __name__ == "__main__":
    main()
