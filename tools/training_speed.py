"""Times training steps here and in PyTorch, by turns; tools/training_speed starts it."""

import json
import pathlib
import statistics
import subprocess
import sys
from typing import IO

PEER = pathlib.Path(__file__).with_name("training_speed_peer.py")


class Ended(Exception):
    """A worker's process has ended; what it said went to stderr."""


class Worker:
    """A process that prints a line first, takes so many steps when asked, and keeps its model."""

    def __init__(self, name: str, command: list[str], stderr: IO | None = None):
        self.name = name
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr, text=True
        )
        self.milliseconds: list[float] = []  # the median of each round
        self.peak_mib = 0.0

    def start(self) -> "Worker":
        """Waits until it has loaded."""
        self.first_line = self.read()
        return self

    def read(self) -> str:
        line = self.process.stdout.readline()
        if not line:
            raise Ended(f"{self.name} ended")
        return line

    def take(self, steps: int) -> float:
        """Milliseconds of the median step."""
        try:
            print(steps, file=self.process.stdin, flush=True)
        except BrokenPipeError:
            pass  # it ended, and read() says so
        answer = json.loads(self.read())
        self.peak_mib = answer.get("peak_mib", 0.0)
        return statistics.median(answer["milliseconds"])

    def measure(self, steps: int) -> None:
        self.milliseconds.append(self.take(steps))


def start_all(program: str, flags: list[str]) -> list[Worker]:
    ours = [
        Worker(f"vitrine, {kernels}", [program, *flags, f"kernels={kernels}"]).start()
        for kernels in ("FUSED", "REFERENCE")
    ]
    peers = [
        Worker(
            f"PyTorch, {mode}", [sys.executable, "-S", str(PEER), mode, ours[0].first_line]
        ).start()
        for mode in ("eager", "compile")
    ]
    return ours + peers


def describe(worker: Worker, first: Worker) -> str:
    """A row: time of a step, how many times the first worker's that is, and memory."""
    ratios = [theirs / ours for theirs, ours in zip(worker.milliseconds, first.milliseconds)]
    return (
        f"| {worker.name} | {statistics.median(worker.milliseconds):.0f} "
        f"| {statistics.median(ratios):.2f} [{min(ratios):.2f}, {max(ratios):.2f}] "
        f"| {worker.peak_mib:.0f} |"
    )


def measure_all() -> None:
    program, flags = sys.argv[1], sys.argv[4:]
    rounds, steps = int(sys.argv[2]), int(sys.argv[3])
    workers = start_all(program, flags)
    for worker in workers:
        worker.take(2)  # memory, caches and compilation
    for _ in range(rounds):
        for worker in workers:
            worker.measure(steps)
    sizes = json.loads(workers[0].first_line)
    print(
        f"{' '.join(flags)}: rounds of {steps} steps by turns, {rounds} of them, on {sizes['device']}"
    )
    print(
        f"with threads={sizes['threads']}. Times are medians; ratios are of one round, median [least,"
    )
    print("most]. Memory is the peak above that of the start.")
    print()
    print("| | ms a step | time, FUSED = 1 | MiB |")
    print("| --- | ---: | ---: | ---: |")
    for worker in workers:
        print(describe(worker, workers[0]))


def main() -> None:
    try:
        measure_all()
    except Ended as error:
        sys.exit(f"tools/training_speed: {error}; its message is above")


if __name__ == "__main__":
    main()
