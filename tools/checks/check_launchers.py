"""Launchers start //train as several processes, with the bits of one, and what ends them is told.

torchrun, Open MPI's mpirun and --processes run the quick start, which is also killed under torchrun
and started again by it. In two network namespaces, as on two machines, it trains, loses its cable,
ends, and goes on. Installs openmpi-bin and iproute2 with apt-get if they are absent. Where
namespaces can't be made that part is skipped, and says so.
"""

import hashlib
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable

import quickstart

FIELDS = ["--noreport", "--resume", "shards=4", "schedule.iterations=30"]
FIELDS += ["schedule.warmup_iterations=5", "checkpoint.every_iterations=5"]
FIELDS += ["checkpoint.keep_last=0", "data.mix.mixup_alpha=0.2", "model.dropout=0.1"]
LAST = "000000030"
PACKAGES = {"mpirun": "openmpi-bin", "ip": "iproute2"}
NAMESPACES = ("vitrine-check-0", "vitrine-check-1")
LINKS = ("vitrine-check0", "vitrine-check1")
ADDRESSES = ("10.77.0.1", "10.77.0.2")
PORT = "29517"


def install(program: str) -> None:
    if shutil.which(program):
        return
    apt = ["apt-get", "install", "--quiet=2", "--yes", "--no-install-recommends", PACKAGES[program]]
    subprocess.run(["apt-get", "update", "--quiet=2"], capture_output=True)
    if subprocess.run(apt, capture_output=True).returncode != 0 or not shutil.which(program):
        sys.exit(f"{program} is not installed; apt-get install {PACKAGES[program]}")


def digest(run_dir: pathlib.Path) -> str:
    """Of the tensors of the last checkpoint."""
    files = sorted((run_dir / "checkpoints" / LAST).glob("*.safetensors"))
    if not files:
        sys.exit(f"{run_dir}: has no checkpoint {LAST}")
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def start(command: list, **variables: str) -> subprocess.Popen:
    """As the leader of a group of processes, which can be ended with it."""
    environment = quickstart.ENVIRONMENT | variables
    words = [str(word) for word in command]
    return subprocess.Popen(words, env=environment, start_new_session=True, **quickstart.PIPES)


def finish(process: subprocess.Popen, seconds: float = 300) -> str:
    """What it printed. One that does not end is a failure."""
    try:
        return process.communicate(timeout=seconds)[0]
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        sys.exit(f"{process.args[:4]} did not end:\n{process.communicate()[0][-2000:]}")


def expect_end(process: subprocess.Popen, run_dir: pathlib.Path, expected: str) -> None:
    output = finish(process)
    if process.returncode != 0:
        sys.exit(f"{process.args[:4]} exited with {process.returncode}:\n{output[-2000:]}")
    if digest(run_dir) != expected:
        sys.exit(f"{run_dir.name}: other bits than those of one process")


def wait_for_checkpoint(run_dir: pathlib.Path, process: subprocess.Popen) -> None:
    while not any(path.is_dir() for path in (run_dir / "checkpoints").glob("[0-9]*")):
        if process.poll() is not None:
            sys.exit("it ended before it was disturbed:\n" + finish(process)[-2000:])
        time.sleep(0.02)


def ranks_of(run_dir: pathlib.Path) -> list[int]:
    """The processes of //train that work on the run."""
    ranks = []
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if words[0].endswith(b"/train") and f"--run_dir={run_dir}".encode() in words:
            ranks.append(int(path.parent.name))
    return ranks


def torchrun(*flags: str) -> list[str]:
    return [sys.executable, "-S", "-m", "torch.distributed.run", "--no-python", *flags]


def check_launchers(folder: pathlib.Path, expected: str) -> None:
    install("mpirun")
    python = {"PYTHONPATH": os.environ["PYTHONPATH"]}
    standalone = torchrun("--standalone", "--nproc-per-node=2")
    mpirun = ["mpirun", "--allow-run-as-root", "--oversubscribe", "-n", "4"]
    for name, launcher, variables in (("torchrun", standalone, python), ("mpirun", mpirun, {})):
        run_dir = folder / name
        process = start([*launcher, *quickstart.command(run_dir, *FIELDS)], **variables)
        expect_end(process, run_dir, expected)
    run_dir = folder / "processes"
    words = quickstart.command(run_dir, "--processes=2", *FIELDS)
    expect_end(start(words), run_dir, expected)


def check_restart(folder: pathlib.Path, expected: str) -> None:
    """torchrun starts all ranks again after one was killed."""
    run_dir = folder / "restarted"
    launcher = torchrun("--standalone", "--nproc-per-node=2", "--max-restarts=3")
    command = quickstart.command(run_dir, *FIELDS)
    process = start([*launcher, *command], PYTHONPATH=os.environ["PYTHONPATH"])
    wait_for_checkpoint(run_dir, process)
    os.kill(ranks_of(run_dir)[-1], signal.SIGKILL)
    expect_end(process, run_dir, expected)


def ip(*words: str, check: bool = True) -> bool:
    done = subprocess.run(["ip", *words], capture_output=True, text=True)
    if check and done.returncode != 0:
        sys.exit(f"ip {' '.join(words)}: {done.stderr}")
    return done.returncode == 0


def make_namespaces() -> bool:
    """Whether that is allowed here."""
    remove_namespaces()  # of a check that was killed
    made = all(ip("netns", "add", namespace, check=False) for namespace in NAMESPACES)
    return made and ip(
        "link", "add", LINKS[0], "type", "veth", "peer", "name", LINKS[1], check=False
    )


def remove_namespaces() -> None:
    """And the links in them."""
    for namespace in NAMESPACES:
        ip("netns", "delete", namespace, check=False)


def connect_namespaces() -> None:
    for namespace, link, address in zip(NAMESPACES, LINKS, ADDRESSES, strict=True):
        ip("link", "set", link, "netns", namespace)
        ip("-n", namespace, "address", "add", f"{address}/24", "dev", link)
        ip("-n", namespace, "link", "set", link, "up")
        ip("-n", namespace, "link", "set", "lo", "up")


def start_on_hosts(run_dir: pathlib.Path, *flags: str) -> list[subprocess.Popen]:
    processes = []
    for rank, (namespace, link) in enumerate(zip(NAMESPACES, LINKS, strict=True)):
        variables = {"RANK": str(rank), "WORLD_SIZE": "2", "MASTER_ADDR": ADDRESSES[0]}
        variables |= {"MASTER_PORT": PORT, "GLOO_SOCKET_IFNAME": link}
        command = ["ip", "netns", "exec", namespace, *quickstart.command(run_dir, *flags, *FIELDS)]
        processes.append(start(command, **variables))
    return processes


def check_hosts(folder: pathlib.Path, expected: str) -> Iterable[str]:
    """Two hosts with a cable between them, which is pulled."""
    install("ip")
    try:
        if not make_namespaces():
            yield "two hosts: skipped, since network namespaces or links are not allowed here"
            return
        connect_namespaces()
        run_dir = folder / "hosts"
        processes = start_on_hosts(run_dir, "--process_timeout=5")
        wait_for_checkpoint(run_dir, processes[0])
        ip("-n", NAMESPACES[0], "link", "set", LINKS[0], "down")
        for rank, process in enumerate(processes):
            output = finish(process, seconds=60)
            if process.returncode == 0 or f"rank {1 - rank}" not in output:
                sys.exit(f"rank {rank} did not tell of the other one:\n{output[-2000:]}")
        ip("-n", NAMESPACES[0], "link", "set", LINKS[0], "up")
        for process in start_on_hosts(run_dir):
            expect_end(process, run_dir, expected)
    finally:
        remove_namespaces()


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        quickstart.train(folder / "one", *FIELDS)
        expected = digest(folder / "one")
        check_launchers(folder, expected)
        check_restart(folder, expected)
        for line in check_hosts(folder, expected):
            print(line)


if __name__ == "__main__":
    main()
