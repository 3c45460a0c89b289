"""What is measured on a GPU: each stage returns figures, raises Failure, or waits for data.

Stages run the programs of the bundle (bin/) as processes, so that none can take another down with it.
"""

import dataclasses
import json
import os
import pathlib
import re
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable

HERE = pathlib.Path(__file__).resolve().parent


class Failure(Exception):
    """One line that says what went wrong; the log has the rest."""


class OutOfMemory(Exception):
    """A result, and no failure."""


@dataclasses.dataclass
class Context:
    bundle: pathlib.Path  # the unpacked bundle
    kit: pathlib.Path  # the folder that holds this file's folder and the data
    scratch: pathlib.Path
    log: pathlib.Path
    device: str  # "cuda", or "cpu" for a dry run
    toy: bool  # small models and few steps
    deadline: float

    def seconds_left(self) -> float:
        return self.deadline - time.monotonic()

    def program(self, name: str) -> str:
        return str(self.bundle / "bin" / name)

    def run(self, *command: str, check: bool = True) -> subprocess.CompletedProcess:
        """Runs to its end, or to the deadline; what it says goes into the log too."""
        try:
            done = subprocess.run(
                command,
                cwd=self.scratch,
                capture_output=True,
                text=True,
                check=False,
                timeout=self.seconds_left(),
            )
        except subprocess.TimeoutExpired:
            raise Failure(f"{pathlib.Path(command[0]).name}: no time left") from None
        with open(self.log, "a") as log:
            log.write(
                f"$ {' '.join(command)}\n{done.stdout}{done.stderr}exit status {done.returncode}\n"
            )
        if check and done.returncode != 0:
            raise_for(command, done.stderr)
        return done


def raise_for(command: tuple[str, ...], errors: str) -> None:
    last = (errors.strip().splitlines() or ["no message"])[-1]
    if "out of memory" in errors.lower():
        raise OutOfMemory(last)
    raise Failure(f"{pathlib.Path(command[0]).name}: {last}")


def environment(context: Context) -> dict:
    figures = {"processors": os.cpu_count(), "python": sys.version.split()[0]}
    query = "name,driver_version,memory.total,compute_cap"
    if context.device == "cuda":
        row = context.run("nvidia-smi", f"--query-gpu={query}", "--format=csv,noheader").stdout
        figures |= dict(
            zip(("gpu", "driver", "memory", "capability"), map(str.strip, row.split(",")))
        )
    figures["torch"] = context.run(
        sys.executable, "-c", "import torch; print(torch.__version__)"
    ).stdout.strip()
    context.run(context.program("train"), "--dry_run")  # fails where the programs can't start
    return figures


def tests(context: Context) -> dict:
    """Every packed test; where there is a GPU, one that is skipped for want of it has failed."""
    packed = json.loads((context.kit / "tests.json").read_text())
    figures: dict = {"packed": sum(packed.values()), "run": 0, "skipped": [], "failed": []}
    for name, count in packed.items():
        report = context.scratch / f"{name}.json"
        context.run(context.program(name), f"--gtest_output=json:{report}", check=False)
        cases = read_cases(report)
        figures["run"] += len(cases)
        figures["skipped"] += [c for c, result in cases.items() if result == "SKIPPED"]
        figures["failed"] += [c for c, result in cases.items() if result == "FAILED"]
        if len(cases) != count:
            figures["failed"].append(f"{name}: {count} packed, {len(cases)} run")
    if figures["failed"]:
        raise Failure(f"{len(figures['failed'])} tests failed: {', '.join(figures['failed'][:3])}")
    if context.device == "cuda" and figures["skipped"]:
        raise Failure(f"skipped on a GPU: {', '.join(figures['skipped'])}")
    return figures


def read_cases(report: pathlib.Path) -> dict[str, str]:
    if not report.exists():
        return {}
    cases = {}
    for suite in json.loads(report.read_text())["testsuites"]:
        for case in suite["testsuite"]:
            if case["status"] == "RUN":
                result = "FAILED" if case.get("failures") else case["result"]
                cases[f"{suite['name']}.{case['name']}"] = result
    return cases


def losses(context: Context, name: str, device: str, kernels: str, precision: str) -> list[float]:
    iterations = 3 if context.toy else 20
    run = context.scratch / name
    context.run(
        context.program("train"), "--noreport", f"--device={device}", f"--run_dir={run}", "seed=1",
        f"kernels={kernels}", f"precision={precision}", "model.dropout=0", "logging.every_iterations=1",
        "validation.every_iterations=0", f"schedule.iterations={iterations}",
        "schedule.warmup_iterations=1",
    )  # fmt: skip
    rows = (run / "metrics.csv").read_text().splitlines()[1:]
    return [float(row.split(",")[1]) for row in rows]


MOST_DIFFERENCE = {"FP32": 1e-4, "BF16": 2e-2, "FP16": 2e-2}


def agreement(context: Context) -> dict:
    """The losses of the first iterations, on the GPU with both kinds of kernels and on the CPU."""
    exact = losses(context, "exact", "cpu", "REFERENCE", "FP32")
    figures, wrong = {}, []
    for precision, most in MOST_DIFFERENCE.items():
        for kernels in ("REFERENCE", "FUSED"):
            if context.device == "cpu" and precision == "FP16":
                continue  # for a GPU
            name = f"{kernels} {precision}"
            here = losses(context, name, context.device, kernels, precision)
            difference = max(abs(a - b) / abs(b) for a, b in zip(here, exact, strict=True))
            figures[name] = difference
            if not difference <= most:
                wrong.append(f"{name}: {difference:.2g}")
    if wrong:
        raise Failure(f"losses differ from those of the CPU: {'; '.join(wrong)}")
    return figures


def weights(run: pathlib.Path) -> bytes:
    return max((run / "checkpoints").iterdir()).joinpath("model.safetensors").read_bytes()


def resume(context: Context) -> dict:
    """A run that is killed and resumed, against one that is left alone, and that against itself."""
    iterations = 40 if context.toy else 200
    command = [
        context.program("train"), "--noreport", "--resume", f"--device={context.device}", "seed=2",
        f"schedule.iterations={iterations}", "schedule.warmup_iterations=4",
        "checkpoint.every_iterations=10", "validation.every_iterations=0", "logging.every_iterations=1",
    ]  # fmt: skip
    for name in ("whole", "again"):
        context.run(*command, f"--run_dir={context.scratch / name}")
    killed = context.scratch / "killed"
    child = subprocess.Popen([*command, f"--run_dir={killed}"], stdout=subprocess.DEVNULL)
    while child.poll() is None and not any((killed / "checkpoints").glob("0*")):
        time.sleep(0.001)
    child.send_signal(signal.SIGKILL)
    was_killed = child.wait() == -signal.SIGKILL
    output = context.run(*command, f"--run_dir={killed}").stdout
    resumed = re.search(r"resumed after (\d+)", output)
    whole = weights(context.scratch / "whole")
    figures = {
        "killed": was_killed,
        "resumed_after": int(resumed.group(1)) if resumed else 0,
        "same_bits_twice": whole == weights(context.scratch / "again"),
        "same_bits_resumed": whole == weights(killed),
    }
    if not (was_killed and resumed):
        raise Failure("the run was not killed between two checkpoints, or did not resume")
    if context.device == "cpu" and not figures["same_bits_resumed"]:
        raise Failure("other bits on a CPU, where they are promised")
    return figures


# In which a model compiles, or counts as not reached.
MOST_SECONDS_TO_START = 120


def workers(
    context: Context, flags: list[str], modes: tuple[str, ...]
) -> tuple[list, dict[str, str]]:
    """Processes of training_speed.py that have taken their first steps, and why others have not."""
    sys.path.insert(0, str(HERE.parent))
    import training_speed

    program = [context.program("training_speed"), *flags]
    started, absent = [], {}
    for name in ("FUSED", "REFERENCE", *(f"PyTorch, {mode}" for mode in modes)):
        command = [*program, f"kernels={name}"]
        if name.startswith("PyTorch"):
            mode, sizes = name.split(", ")[1], started[0].first_line
            command = [sys.executable, str(training_speed.PEER), mode, sizes]
        worker = training_speed.Worker(name, command)
        seconds = min(MOST_SECONDS_TO_START, context.seconds_left())
        timer = threading.Timer(max(0, seconds), worker.process.kill)
        timer.start()
        try:
            worker.start()
            worker.take(1 if context.toy else 2)  # memory, caches and compilation
            started.append(worker)
        except training_speed.Ended as error:
            if not started:
                raise Failure(str(error)) from None
            absent[name] = f"{error} in its first {seconds:.0f} s"
        finally:
            timer.cancel()
    return started, absent


def speed(
    config: str,
    batch: int,
    rounds: int = 3,
    steps: int = 10,
    modes: tuple[str, ...] = ("eager", "reduce-overhead"),
) -> Callable[[Context], dict]:
    """Milliseconds of a step in BF16, ours with both kinds of kernels and PyTorch's by turns."""

    def measure(context: Context) -> dict:
        flags = [f"--config={config}", f"--device={context.device}", "precision=BF16"]
        flags.append(f"data.batch_size={2 if context.toy else batch}")
        if context.toy:
            flags += ["model.depth=1", "model.width=48", "model.heads=3"]
        started, absent = workers(context, flags, modes)
        timer = threading.Timer(context.seconds_left(), lambda: [w.process.kill() for w in started])
        timer.start()
        try:
            for _ in range(1 if context.toy else rounds):
                for worker in started:
                    worker.measure(1 if context.toy else steps)
        finally:
            timer.cancel()
        sizes = json.loads(started[0].first_line)
        figures: dict = {"batch": sizes["batch_size"], "absent": absent}
        for worker in started:
            milliseconds = statistics.median(worker.milliseconds)
            tflops = sizes["flops"] / milliseconds / 1e9
            figures[worker.name] = {"milliseconds": milliseconds, "tflops": tflops}
            worker.end()
        return figures

    return measure


@dataclasses.dataclass
class Stage:
    name: str
    run: Callable[[Context], dict]
    seconds: int  # with less left it is not begun
    needs: str = ""  # a folder of the kit


# In the order of their worth.
STAGES = [
    Stage("environment", environment, 5),
    Stage("tests", tests, 30),
    Stage("agreement", agreement, 40),
    Stage("resume", resume, 30),
    Stage("speed_step7_32", speed("step7", 32), 60),
    Stage(
        "speed_step7_256",
        speed("step7", 256, rounds=2, steps=5, modes=("eager", "reduce-overhead", "max-autotune")),
        60,
    ),
    Stage("speed_step6", speed("step6", 128), 40),
    Stage("speed_step3", speed("step3", 32), 30),
    Stage("speed_step5", speed("step5", 128), 40),
]
