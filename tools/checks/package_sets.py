"""Python programs with more packages than those of requirements.txt."""

import functools
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent

# transformers downloads nothing, and is quiet.
SETTINGS = {
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "TRANSFORMERS_VERBOSITY": "error",
}

# Both have timm, torchvision and vit-pytorch too.
TRANSFORMERS_4, TRANSFORMERS_5 = ("models", "transformers4"), ("models", "transformers5")


@functools.cache
def folders(names: tuple[str, ...]) -> str:
    """Those of requirements_NAME.txt and of requirements.txt, as in PYTHONPATH."""
    command = [HERE / "packages", *names]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


def run_python(names: tuple[str, ...], program: pathlib.Path, *arguments: str) -> None:
    """Prints what the program prints, and exits if it fails."""
    sys.stdout.flush()
    # What PYTHONPATH has already, such as the folders of generators, comes behind.
    path = os.pathsep.join([folders(names), os.environ["PYTHONPATH"]])
    environment = os.environ | SETTINGS | {"PYTHONPATH": path}
    done = subprocess.run([sys.executable, "-S", program, *arguments], env=environment)
    if done.returncode != 0:
        sys.exit(f"{program.name} with {' and '.join(names)} exited with {done.returncode}")
