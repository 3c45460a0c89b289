"""What is measured on a GPU: each stage returns figures, or raises Failure or OutOfMemory.

Stages run the programs of the bundle (bin/) as processes, so that none can take another down with it.
"""

import concurrent.futures
import contextlib
import csv
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
    """One line that says what went wrong, and what was found nevertheless; the log has the rest."""

    def __init__(self, reason: str, figures: dict | None = None):
        super().__init__(reason)
        self.figures = figures or {}


class OutOfMemory(Exception):
    """A result, and no failure."""


@dataclasses.dataclass
class Context:
    bundle: pathlib.Path  # the unpacked bundle
    kit: pathlib.Path  # the folder that holds this file's folder
    data: pathlib.Path  # the data that have arrived
    scratch: pathlib.Path
    log: pathlib.Path
    machine: dict  # as identify() found it
    device: str  # "cuda", or "cpu" for a dry run
    toy: bool  # small models and few steps
    deadline: float

    def seconds_left(self) -> float:
        return self.deadline - time.monotonic()

    def program(self, name: str) -> str:
        return str(self.bundle / "bin" / name)

    def write_log(self, *text: str) -> None:
        with open(self.log, "a") as log:
            log.write("".join(text))

    def run(
        self, *command: str, check: bool = True, environment: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess:
        """Runs to its end, or to the deadline; what it says goes into the log too."""
        line = f"$ {' '.join(command)}\n"
        try:
            done = subprocess.run(
                command,
                cwd=self.scratch,
                env=os.environ | (environment or {}),
                capture_output=True,
                text=True,
                errors="replace",
                check=False,
                timeout=max(0.1, self.seconds_left()),
            )
        except subprocess.TimeoutExpired as error:
            said = (text.decode(errors="replace") for text in (error.stdout, error.stderr) if text)
            self.write_log(line, *said, "killed: no time left\n")
            raise Failure(f"{pathlib.Path(command[0]).name}: no time left") from None
        self.write_log(line, done.stdout, done.stderr, f"exit status {done.returncode}\n")
        if check and done.returncode != 0:
            raise_for(command[0], done.stderr, done.returncode)
        return done


def exhausted_memory(errors: str) -> bool:
    return "out of memory" in errors.lower()


def gist(errors: str, status: int) -> str:
    """The line of a program's messages that says most."""
    lines = errors.strip().splitlines()
    telling = [line for line in lines if "rror" in line] or lines[-1:]
    ended = f"ended by {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"
    return telling[-1].strip() if telling else ended


def raise_for(program: str, errors: str, status: int) -> None:
    name = pathlib.Path(program).name
    what = gist(errors, status)
    kind = OutOfMemory if exhausted_memory(errors) else Failure
    raise kind(what if what.startswith(f"{name}: ") else f"{name}: {what}")


def identify(device: str) -> dict:
    """The GPU, its driver and PyTorch's version; Failure where there is nothing to measure."""
    ask = "import torch; print(torch.__version__, torch.cuda.is_available(), sep='|', end='|')"
    ask += "\nif torch.cuda.is_available(): print(torch.cuda.get_device_name(0))"
    done = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failure(f"{sys.executable} has no torch that starts; put its folder into PYTHONPATH")
    version, usable, name = done.stdout.strip().split("|")
    machine = {"torch": version}
    if device == "cpu":
        return machine
    if usable != "True":
        raise Failure("PyTorch can use no GPU here; --device=cpu goes through the stages without")
    with contextlib.suppress(OSError, ValueError):
        query = ["nvidia-smi", "--query-gpu=driver_version,memory.total", "--format=csv,noheader"]
        rows = subprocess.run(query, capture_output=True, text=True, check=True).stdout.splitlines()
        machine["driver"], machine["memory"] = (cell.strip() for cell in rows[0].split(","))
    return {"gpu": name, **machine}


def small(context: Context) -> list[str]:
    """A model for a dry run."""
    return ["model.depth=1", "model.width=48", "model.heads=3"] if context.toy else []


def environment(context: Context) -> dict:
    context.run(context.program("train"), "--dry_run", f"--device={context.device}")
    return context.machine | {"processors": os.cpu_count(), "python": sys.version.split()[0]}


def tests(context: Context) -> dict:
    """Every packed test; where there is a GPU, one that is skipped for want of it has failed."""
    packed = json.loads((context.kit / "tests.json").read_text())
    # Each loads libtorch and starts the GPU anew, which takes longer than its cases on the GPU. Those on the CPU share
    # the processors: with a thread for each in every program they took minutes.
    processors = os.cpu_count() or 1
    programs = max(1, processors // 2)

    def run(name: str) -> dict[str, str]:
        folder = context.scratch / name
        folder.mkdir()
        report = folder / "report.json"
        with contextlib.suppress(Failure):  # of time; its cases are missing then
            context.run(
                context.program(name), f"--gtest_output=json:{report}",
                check=False,
                environment={"TEST_TMPDIR": str(folder), "OMP_NUM_THREADS": str(processors // programs)},
            )  # fmt: skip
        return read_cases(report)

    with concurrent.futures.ThreadPoolExecutor(programs) as pool:
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
        raise Failure(f"{len(wrong)} tests failed or were skipped: {', '.join(wrong)}", figures)
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


def logged(run: pathlib.Path, column: str) -> list[float]:
    """What its metrics say of each iteration."""
    with open(run / "metrics.csv", newline="") as file:
        return [float(row[column]) for row in csv.DictReader(file)]


def losses(context: Context, name: str, device: str, kernels: str, precision: str) -> list[float]:
    iterations = 3 if context.toy else 20
    run = context.scratch / name
    context.run(
        context.program("train"), "--noreport", f"--device={device}", f"--run_dir={run}", "seed=1",
        f"kernels={kernels}", f"precision={precision}", "model.dropout=0", "logging.every_iterations=1",
        "loss_scale.initial=1024", "validation.every_iterations=0", f"schedule.iterations={iterations}",
        "schedule.warmup_iterations=1",
    )  # fmt: skip
    return logged(run, "loss")


MOST_DIFFERENCE = {"FP32": 1e-4, "BF16": 2e-2, "FP16": 2e-2}


def agreement(context: Context) -> dict:
    """The losses of the first iterations, on the GPU with both kinds of kernels and on the CPU."""
    kinds = [(p, k) for p in MOST_DIFFERENCE for k in ("REFERENCE", "FUSED")]
    if context.device == "cpu":
        kinds = [(p, k) for p, k in kinds if p != "FP16"]  # for a GPU
    found = {(p, k): losses(context, f"{k} {p}", context.device, k, p) for p, k in kinds}
    exact = losses(context, "exact", "cpu", "REFERENCE", "FP32")
    figures, wrong = {}, []
    for (precision, kernels), here in found.items():
        difference = max(abs(a - b) / abs(b) for a, b in zip(here, exact, strict=True))
        figures[f"{kernels} {precision}"] = difference
        if not difference <= MOST_DIFFERENCE[precision]:
            wrong.append(f"{kernels} {precision}: {difference:.2g}")
    if wrong:
        raise Failure(f"losses differ from those of the CPU: {'; '.join(wrong)}")
    return figures


def weights(run: pathlib.Path) -> bytes:
    return max((run / "checkpoints").glob("*/model.safetensors")).read_bytes()


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
    try:
        while child.poll() is None and not any(checkpoints.glob("0*")) and context.seconds_left() > 0:
            time.sleep(0.001)
    finally:
        child.kill()
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


def processes(context: Context) -> dict:
    """A run of two processes that share the device, against one of one process."""
    command = [
        context.program("train"), "--noreport", f"--device={context.device}", "shards=2", "threads=1",
        f"schedule.iterations={40 if context.toy else 200}", "schedule.warmup_iterations=4",
        "validation.every_iterations=0", "logging.every_iterations=1",
    ]  # fmt: skip
    figures = {}
    for name, flags in {"one": [], "two": ["--processes=2"]}.items():
        run = context.scratch / name
        context.run(*command, *flags, f"--run_dir={run}")
        figures[f"milliseconds_{name}"] = statistics.median(logged(run, "milliseconds"))
    figures["same_bits"] = weights(context.scratch / "one") == weights(context.scratch / "two")
    if not figures["same_bits"]:
        raise Failure("two processes have other bits than one", figures)
    return figures


# In which a model compiles, or counts as not reached.
MOST_SECONDS_TO_START = 120


class Speeds:
    """Workers of training_speed.py for one model: ours and PyTorch's, by turns or one after another."""

    def __init__(self, context: Context, flags: list[str]):
        sys.path.insert(0, str(HERE.parent))
        import training_speed

        self.training_speed = training_speed
        self.context, self.flags = context, flags
        self.sizes = ""  # as our program prints them, for PyTorch's
        self.workers: list = []  # that run
        self.done: list = []  # that have measured something
        self.absent: dict[str, str] = {}

    def command(self, name: str) -> list[str]:
        if name.startswith("PyTorch"):
            return [sys.executable, str(self.training_speed.PEER), name.split(", ")[1], self.sizes]
        kernels, *options = name.split(", ")
        graph = ["--nocuda_graph"] if "no graph" in options else []
        return [self.context.program("training_speed"), *self.flags, *graph, f"kernels={kernels}"]

    @contextlib.contextmanager
    def watched(self, worker, seconds: float):
        """Kills it after so long; if it ends, it is absent for what it said."""
        timer = threading.Timer(max(0, seconds), worker.process.kill)
        timer.start()
        try:
            yield
        except self.training_speed.Ended:
            errors, status = worker.said.read_text(errors="replace"), worker.process.wait()
            self.context.write_log(errors)
            if exhausted_memory(errors):
                self.absent[worker.name] = "out of memory"
            elif status == -signal.SIGKILL:
                self.absent[worker.name] = f"not reached in {seconds:.0f} s"
            else:
                self.absent[worker.name] = gist(errors, status)
            self.workers.remove(worker)
        finally:
            timer.cancel()

    def start(self, name: str) -> None:
        said = self.context.scratch / f"{name}.stderr"
        with open(said, "w") as stderr:
            worker = self.training_speed.Worker(name, self.command(name), stderr)
        worker.said = said
        self.workers.append(worker)
        with self.watched(worker, min(MOST_SECONDS_TO_START, self.context.seconds_left())):
            worker.start()
            self.sizes = self.sizes or worker.first_line
            worker.take(1 if self.context.toy else 3)  # memory, caches, compilation, a CUDA graph

    def measure(self, rounds: int, steps: int) -> None:
        for _ in range(rounds):
            for worker in list(self.workers):
                with self.watched(worker, self.context.seconds_left()):
                    worker.measure(steps)

    def end(self) -> None:
        for worker in self.workers:
            worker.process.kill()
            worker.process.wait()
            if worker.milliseconds:
                self.done.append(worker)
        self.workers = []


def speed(
    config: str, batch: int, names: tuple[str, ...], *, rounds: int = 3, alone: bool = False
) -> Callable[[Context], dict]:
    """Milliseconds of a step in BF16: by turns, or each alone where memory is for one at a time."""

    def measure(context: Context) -> dict:
        flags = [f"--config={config}", f"--device={context.device}", "precision=BF16"]
        flags += [f"data.batch_size={2 if context.toy else batch}", *small(context)]
        speeds = Speeds(context, flags)
        try:
            for group in [[name] for name in names] if alone else [names]:
                for name in group:
                    if speeds.sizes or not name.startswith("PyTorch"):
                        speeds.start(name)
                speeds.measure(*((1, 1) if context.toy else (rounds, 10)))
                speeds.end()
        finally:
            speeds.end()
        if not speeds.done:
            reason = "; ".join(f"{name}: {why}" for name, why in speeds.absent.items())
            raise (OutOfMemory if exhausted_memory(reason) else Failure)(reason)
        sizes = json.loads(speeds.sizes)
        figures: dict = {"batch": sizes["batch_size"], "absent": speeds.absent}
        for worker in speeds.done:
            milliseconds = statistics.median(worker.milliseconds)
            figures[worker.name] = {
                "milliseconds": milliseconds,
                "tflops": sizes["flops"] / milliseconds / 1e9,
                "peak_mib": worker.peak_mib,
            }
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
            if not rows:
                raise Failure("the profiler saw no kernels")
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


def reproduce(steps: str, seeds: int) -> Callable[[Context], dict]:
    """Steps in full, as //eval:reproduce judges them."""

    def measure(context: Context) -> dict:
        folder = context.scratch / "runs"
        short = ["--scale=0.003", "data.batch_size=4", *small(context)] if context.toy else []
        wrong = []
        try:
            context.run(
                context.program("reproduce"), f"--steps={steps}", f"--seeds={seeds}",
                f"--data_dir={context.data}", f"--run_dir={folder}", *short, check=False,
            )  # fmt: skip
        except Failure as error:  # rows that have ended are in the report
            wrong.append(str(error))
        report = folder / "reproduction.json"
        rows = json.loads(report.read_text())["rows"] if report.exists() else []
        for row in rows:
            for figure in row["figures"]:
                if figure["verdict"] in ("fail", "error", "not run"):
                    wrong.append(f"{row['title']}: {figure['name']}: {figure['verdict']}")
            for run in row["runs"]:
                if not run["machine"].startswith(context.device):
                    wrong.append(f"{run['folder']} ran on {run['machine']}")
        if not rows:
            wrong.append("no row has ended")
        kept = ("step", "title", "seeds", "milliseconds", "figures", "problem")
        figures = {"rows": [{key: row[key] for key in kept if key in row} for row in rows]}
        if wrong:
            raise Failure("; ".join(wrong), figures)
        return figures

    return measure


@dataclasses.dataclass
class Stage:
    name: str
    run: Callable[[Context], dict]
    seconds: int  # with less left it is not begun
    needs: tuple[str, ...] = ()  # of the data


PEERS = ("FUSED", "FUSED, no graph", "REFERENCE", "PyTorch, eager", "PyTorch, reduce-overhead")

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
    Stage("processes", processes, 30),
    Stage("speed_step7_32", speed("step7", 32, PEERS), 60),
    Stage("kernels_step7", kernels("step7", 32), 30),
    Stage("speed_step7_256", speed("step7", 256, PEERS, rounds=1, alone=True), 60),
    Stage("speed_step6", speed("step6", 128, PEERS), 40),
    Stage(
        "loading",
        training(
            "--config=step7", "data.source=PACKED", "model.num_classes=10", "data.batch_size=256",
            "precision=BF16", "kernels=FUSED", data="pictures", iterations=40,
        ),
        60,
        PICTURES,
    ),
    Stage("speed_step3", speed("step3", 32, PEERS), 30),
    Stage("speed_step5", speed("step5", 128, PEERS), 40),
    Stage(
        "train_imagenette",
        training("--config=imagenette", "data.source=PACKED", data="pictures"),
        90,
        PICTURES,
    ),
    Stage("reproduce_steps_1_to_4", reproduce("1,2,3,4", seeds=3), 150, MNIST + CIFAR10),
    Stage("reproduce_step_6", reproduce("6", seeds=1), 120, CIFAR10),
    Stage("reproduce_step_5", reproduce("5", seeds=1), 150, CIFAR10),
    # Tries many kernels for each product first.
    Stage(
        "speed_step7_256_autotuned",
        speed("step7", 256, ("FUSED", "PyTorch, max-autotune"), rounds=1, alone=True),
        60,
    ),
]  # fmt: skip
