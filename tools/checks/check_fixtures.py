"""The generators still make the fixtures that are committed beside them."""

import pathlib
import sys
import tempfile
from collections.abc import Callable

import generate
import generate_images
import generate_knn
import generate_muon
import generate_parquet
import generate_transforms
import numpy as np
from package_sets import HERE, TRANSFORMERS_4, TRANSFORMERS_5, run_python
from safetensors import safe_open

GENERATORS = (
    generate,
    generate_images,
    generate_knn,
    generate_muon,
    generate_parquet,
    generate_transforms,
)

IMPORTS = HERE.parents[1] / "vit/import/testdata"

# Relative to the largest value of a tensor. What is drawn at random must be equal, a generator's EXACT
# names it; what is computed may differ by a rounding, since another CPU adds in another order.
TOLERANCE = 1e-6

# Of the others, the bytes are compared.
TENSORS = ".safetensors"
KINDS = (TENSORS, ".parquet")

Arrays = dict[str, np.ndarray]


def fixtures(folder: pathlib.Path) -> list[pathlib.Path]:
    return [path for path in folder.iterdir() if path.suffix in KINDS]


def read(path: pathlib.Path) -> Arrays:
    if path.suffix != TENSORS:
        return {"bytes": np.fromfile(path, np.uint8)}
    with safe_open(path, framework="np") as file:
        return {name: file.get_tensor(name) for name in file.keys()}


def difference(committed: np.ndarray, made: np.ndarray) -> float:
    """The largest difference, relative to the largest value; infinite where they do not compare."""
    if committed.shape != made.shape or committed.dtype != made.dtype:
        return np.inf
    if not (np.isfinite(committed).all() and np.isfinite(made).all()):
        return np.inf
    distance = np.abs(committed.astype(np.float64) - made).max(initial=0)
    return float(distance / np.abs(committed).max(initial=1e-30))


def compare(name: str, committed: Arrays, made: Arrays, exact: tuple[str, ...]) -> list[str]:
    """Prints the largest difference and returns what is wrong."""
    problems = [f"{name}: only one has {key}" for key in committed.keys() ^ made.keys()]
    worst, where = 0.0, "none"
    for key in sorted(committed.keys() & made.keys()):
        distance = difference(committed[key], made[key])
        if distance > worst:
            worst, where = distance, key
        if distance > (0.0 if key.startswith(exact) else TOLERANCE):
            problems.append(f"{name}: {key} differs by {distance:.2e} of its largest value")
    print(f"{name}: {len(committed)} tensors, largest relative difference {worst:.2e} ({where})")
    return problems


def check(
    committed: pathlib.Path, write: Callable[[pathlib.Path], None], exact: tuple[str, ...] = ()
) -> list[str]:
    """Makes the fixtures in another folder, and returns what differs from those committed."""
    problems = []
    with tempfile.TemporaryDirectory() as folder:
        made = pathlib.Path(folder)
        write(made)
        for file in sorted({path.name for path in (*fixtures(committed), *fixtures(made))}):
            if (committed / file).exists() and (made / file).exists():
                problems += compare(file, read(committed / file), read(made / file), exact)
            else:
                problems.append(f"{file}: either not committed or not made by its generator")
    return problems


def write_imports(folder: pathlib.Path) -> None:
    """Needs both versions of transformers, of which a process has one."""
    for packages in (TRANSFORMERS_4, TRANSFORMERS_5):
        run_python(packages, IMPORTS / "generate_imports.py", f"--output_dir={folder}")


def main() -> None:
    problems = []
    for generator in GENERATORS:
        folder = pathlib.Path(generator.__file__).parent
        problems += check(folder, generator.write_fixtures, generator.EXACT)
    problems += check(IMPORTS, write_imports)
    if problems:
        sys.exit("\n".join(problems))


if __name__ == "__main__":
    main()
