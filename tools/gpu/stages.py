"""What is measured on a GPU: each stage returns figures, or raises Failure or OutOfMemory.

Stages run the programs of the bundle (bin/) as processes, so that none can take another down with it.
"""

import concurrent.futures
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
    kit: pathlib.Path  # the folder that holds this file's folder
    data: pathlib.Path  # the data that have arrived
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


def exhausted_memory(errors: str) -> bool:
    return "out of memory" in errors.lower()


def raise_for(command: tuple[str, ...], errors: str) -> None:
    last = (errors.strip().splitlines() or ["no message"])[-1]
    if exhausted_memory(errors):
        raise OutOfMemory(last)
    raise Failure(f"{pathlib.Path(command[0]).name}: {last}")


def small(context: Context) -> list[str]:
    """A model for a dry run."""
    return ["model.depth=1", "model.width=48", "model.heads=3"] if context.toy else []


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

    def run(name: str) -> dict[str, str]:
        report = context.scratch / f"{name}.json"
        context.run(context.program(name), f"--gtest_output=json:{report}", check=False)
        return read_cases(report)

    # Each loads libtorch and starts the GPU anew, which takes longer than its cases.
    with concurrent.futures.ThreadPoolExecutor(max(1, (os.cpu_count() or 1) // 2)) as pool:
        found = dict(zip(packed, pool.map(run, packed)))
    figures: dict = {"packed": sum(packed.values()), "run": 0, "skipped": [], "failed": []}
    for name, cases in found.items():
        figures["run"] += len(cases)
        figures["skipped"] += [c for c, result in cases.items() if result == "SKIPPED"]
        figures["failed"] += [c for c, result in cases.items() if result == "FAILED"]
        if len(cases) != packed[name]:
            figures["failed"].append(f"{name}: {packed[name]} packed, {len(cases)} run")
    wrong = figures["failed"] + (figures["skipped"] if context.device == "cuda" else [])
    if wrong:
        raise Failure(f"{len(wrong)} tests failed or were skipped: {', '.join(wrong)}")
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
    checkpoints = killed / "checkpoints"
    while child.poll() is None and not any(checkpoints.glob("0*")) and context.seconds_left() > 0:
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


def kill_all(processes: list[subprocess.Popen], seconds: float) -> threading.Timer:
    """Kills them after so long, unless the timer is cancelled before."""
    timer = threading.Timer(max(0, seconds), lambda: [process.kill() for process in processes])
    timer.start()
    return timer


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
            if not started:
                break
            mode, sizes = name.split(", ")[1], started[0].first_line
            command = [sys.executable, str(training_speed.PEER), mode, sizes]
        said = context.scratch / f"{len(started) + len(absent)}.stderr"
        with open(said, "w") as stderr:
            worker = training_speed.Worker(name, command, stderr)
        seconds = min(MOST_SECONDS_TO_START, context.seconds_left())
        timer = kill_all([worker.process], seconds)
        try:
            worker.start()
            worker.take(1 if context.toy else 2)  # memory, caches and compilation
            started.append(worker)
        except training_speed.Ended:
            absent[name] = why_absent(context, said.read_text(), worker.process.wait(), seconds)
        finally:
            timer.cancel()
    return started, absent


def why_absent(context: Context, errors: str, status: int, seconds: float) -> str:
    with open(context.log, "a") as log:
        log.write(errors)
    if exhausted_memory(errors):
        return "out of memory"
    if status == -signal.SIGKILL:
        return f"not reached in {seconds:.0f} s"
    return (errors.strip().splitlines() or [f"ended with status {status}"])[-1]


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
        flags += [f"data.batch_size={2 if context.toy else batch}", *small(context)]
        started, absent = workers(context, flags, modes)
        if not started:
            raise_for((context.program("training_speed"),), "\n".join(absent.values()))
        timer = kill_all([worker.process for worker in started], context.seconds_left())
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
            figures[worker.name] = {
                "milliseconds": milliseconds,
                "tflops": sizes["flops"] / milliseconds / 1e9,
                "peak_mib": worker.peak_mib,
            }
            worker.end()
        return figures

    return measure


# Of a step's kernels, those that are worth a row.
MOST_KERNELS = 15


def kernels(config: str, batch: int) -> Callable[[Context], dict]:
    """What a step in BF16 spends its time on."""

    def measure(context: Context) -> dict:
        figures: dict = {"batch": 2 if context.toy else batch}
        for name in ("FUSED", "REFERENCE"):
            said = context.run(
                context.program("profile_step"), f"--config={config}", f"--device={context.device}",
                f"--steps={1 if context.toy else 5}", "precision=BF16", f"kernels={name}",
                f"data.batch_size={figures['batch']}", *small(context),
            ).stdout.splitlines()  # fmt: skip
            step, below = re.match(r"([\d.]+) ms a step, of which ([\d.]+)", said[0]).groups()
            rows = [line.split(maxsplit=4) for line in said[3 : 3 + MOST_KERNELS]]
            figures[name] = {
                "milliseconds": float(step),
                "in_kernels": float(below),
                "kernels": [
                    {"name": kernel, "share": float(share), "calls": float(calls)}
                    for share, _, _, calls, kernel in rows
                ],
            }
        return figures

    return measure


def training(
    *flags: str, data: str = "", iterations: int | None = None
) -> Callable[[Context], dict]:
    """A run of a config on real data: what it learnt, and what it waited for data."""

    def measure(context: Context) -> dict:
        steps = 4 if context.toy else iterations
        run = context.scratch / "run"
        short = [f"schedule.iterations={steps}", "schedule.warmup_iterations=1"] if steps else []
        context.run(
            context.program("train"), "--noreport", f"--device={context.device}", f"--run_dir={run}",
            f"--data_dir={context.data / data}", "logging.every_iterations=1", *flags, *short,
            *small(context), *(["data.batch_size=4"] if context.toy else []),
        )  # fmt: skip
        rows = [line.split(",") for line in (run / "metrics.csv").read_text().splitlines()]
        columns = dict(zip(rows[0], zip(*rows[1:])))
        # Of the second half, when threads, memory and clocks have settled.
        half = len(rows) // 2
        record = json.loads((run / "run.json").read_text())
        return {
            "iterations": len(rows) - 1,
            "milliseconds": statistics.median(map(float, columns["milliseconds"][half:])),
            "images_per_second": statistics.median(map(float, columns["images_per_second"][half:])),
            "data_wait": statistics.mean(map(float, columns["data_wait"][half:])),
            "test_accuracy": record["test"]["top1"],
        }

    return measure


@dataclasses.dataclass
class Stage:
    name: str
    run: Callable[[Context], dict]
    seconds: int  # with less left it is not begun
    needs: tuple[str, ...] = ()  # of the data


MNIST = ("mnist",)
PICTURES = ("pictures/train.pack", "pictures/test.pack")
CIFAR10 = tuple(
    f"cifar-10-batches-bin/{name}.bin"
    for name in (*(f"data_batch_{i}" for i in range(1, 6)), "test_batch")
)

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
    Stage("kernels_step7", kernels("step7", 32), 30),
    Stage(
        "loading",
        training(
            "--config=step7", "data.source=PACKED", "model.num_classes=10", "data.batch_size=256",
            "precision=BF16", "kernels=FUSED", data="pictures", iterations=40,
        ),
        60,
        PICTURES,
    ),
    Stage(
        "train_imagenette",
        training("--config=imagenette", "data.source=PACKED", data="pictures"),
        90,
        PICTURES,
    ),
    Stage("train_step2", training("--config=step2"), 60, MNIST),
    Stage("train_step3", training("--config=step3"), 60, CIFAR10),
]  # fmt: skip
