"""Training by several processes has the bits of one, whoever starts them and whatever ends them.

The quick start is run by `//train --processes`, torchrun, Open MPI's mpirun, and in two network
namespaces as on two machines, whose cable is then pulled. Installs Open MPI and iproute2 with
apt-get if they are absent. Where namespaces can't be made, that part is skipped, and says so.
"""

import contextlib
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

import quickstart

FIELDS = ["shards=4", "schedule.iterations=30", "schedule.warmup_iterations=5"]
FIELDS += ["checkpoint.every_iterations=10", "validation.every_iterations=15"]
FIELDS += ["data.batch_size=32", "data.mix.mixup_alpha=0.2", "model.dropout=0.1"]
TORCHRUN = [sys.executable, "-S", "-m", "torch.distributed.run", "--no-python"]
PACKAGES = {"mpirun": "openmpi-bin", "ip": "iproute2"}
ALONE = "10.77.0.1"  # rank 0's address where there are two hosts
PORT = 29517


class Failure(Exception):
    """What a check has found."""


def digest(run_dir: pathlib.Path) -> str:
    """Of the weights and of the optimizer's state at the end."""
    files = sorted(quickstart.checkpoints(run_dir)[-1].glob("*.safetensors"))
    if len(files) != 2 or files[0].parent.name != "000000030":
        raise Failure(f"{run_dir}: not a finished run: {files}")
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def environment() -> dict[str, str]:
    """With Python's packages, which torchrun needs; //train takes no notice of them."""
    return os.environ | {"TORCHELASTIC_ERROR_FILE": ""}


def start(command: list, **more: str) -> subprocess.Popen:
    words = [str(word) for word in command]
    environ = environment() | more
    return subprocess.Popen(words, cwd=quickstart.ROOT, env=environ, **quickstart.PIPES)


def run(command: list, **more: str) -> str:
    process = start(command, **more)
    output, _ = process.communicate(timeout=300)
    if process.returncode != 0:
        raise Failure(f"{command[0]} exited with {process.returncode}:\n{output[-3000:]}")
    return output


def install(program: str) -> None:
    if shutil.which(program):
        return
    apt = ["apt-get", "install", "--quiet=2", "--yes", "--no-install-recommends", PACKAGES[program]]
    if subprocess.run(apt, capture_output=True).returncode != 0 or not shutil.which(program):
        raise Failure(f"{program}: not installed; apt-get install {PACKAGES[program]}")


def wait_for(run_dir: pathlib.Path, iteration: int, processes: list[subprocess.Popen]) -> None:
    """Until there is a checkpoint of that iteration."""
    while not (run_dir / f"checkpoints/{iteration:09}").is_dir():
        if any(process.poll() is not None for process in processes):
            raise Failure("ended before it was disturbed: " + processes[0].communicate()[0][-2000:])
        time.sleep(0.01)


def children_of(process: subprocess.Popen) -> list[int]:
    with contextlib.suppress(FileNotFoundError):
        path = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children")
        return [int(pid) for pid in path.read_text().split()]
    return []
