"""Runs of //train's quick start, for checks of what a run leaves behind."""

import os
import pathlib
import signal
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
# The packages of requirements.txt are for the checks, not for tools/bazel or //train.
ENVIRONMENT = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
PIPES = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}


def run(command: list) -> None:
    done = subprocess.run(command, cwd=ROOT, env=ENVIRONMENT, **PIPES)
    if done.returncode != 0:
        sys.exit(f"{command[0]} exited with {done.returncode}:\n{done.stdout[-2000:]}")


def command(run_dir: pathlib.Path, *arguments: str) -> list:
    """Builds //train and returns the command that runs it, on one thread: several wait for each
    other, and for seconds where other programs have the cores."""
    run([ROOT / "tools/bazel", "build", "//train"])
    return [ROOT / "bazel-bin/train/train", f"--run_dir={run_dir}", "threads=1", *arguments]


def train(run_dir: pathlib.Path, *arguments: str) -> None:
    run(command(run_dir, *arguments))


def checkpoints(run_dir: pathlib.Path) -> list[pathlib.Path]:
    """The oldest first. Results of evaluations lie beside them."""
    return sorted(path for path in (run_dir / "checkpoints").glob("[0-9]*") if path.is_dir())


def train_and_kill(iteration: int, run_dir: pathlib.Path, *arguments: str) -> None:
    """Kills the process as soon as it prints the line of the iteration."""
    words = command(run_dir, *arguments)
    with subprocess.Popen(words, cwd=ROOT, env=ENVIRONMENT, **PIPES) as process:
        for line in process.stdout:
            if line.startswith(f"{iteration}/"):
                process.kill()
                break
    if process.returncode != -signal.SIGKILL:
        sys.exit(f"//train exited with {process.returncode} before iteration {iteration}")
