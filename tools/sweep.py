"""Trains variants of a recipe and compares them; tools/sweep starts it, and says how."""

import argparse
import csv
import dataclasses
import json
import pathlib
import shlex
import signal
import statistics
import subprocess
import sys

USAGE_ERROR = 2  # the exit status of //train where a flag or a config is wrong


@dataclasses.dataclass
class Trial:
    name: str
    overrides: list[str]


@dataclasses.dataclass
class Result:
    accuracy: float
    loss: float


def read_trials(path: pathlib.Path) -> list[Trial]:
    trials = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        name, colon, overrides = line.partition(":")
        name = name.strip()
        if not colon or not name or not name.replace("_", "").replace("-", "").replace(".", "").isalnum():
            sys.exit(f"tools/sweep: {path}:{number}: begin with a name of letters, digits, '_', '-', '.' and a colon")
        if any(trial.name == name for trial in trials):
            sys.exit(f"tools/sweep: {path}:{number}: there is a trial {name} already; give it another name")
        trials.append(Trial(name, shlex.split(overrides)))
    if not trials:
        sys.exit(f"tools/sweep: {path}: has no trial; write one a line, as in 'base:'")
    return trials


def read_result(run: pathlib.Path, test: bool) -> Result | None:
    """None if the run has not come to its end."""
    try:
        record = json.loads((run / "run.json").read_text())
    except FileNotFoundError:
        return None
    if test:
        return Result(record["test"]["top1"], record["test"]["loss"]) if "test" in record else None
    if record["status"] not in ("trained", "finished"):
        return None
    with open(run / "validation.csv", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == "minival"]
    if not rows:
        sys.exit(f"tools/sweep: {run}: was not validated; set validation.every_iterations and data.minival_size")
    return Result(float(rows[-1]["top1"]), float(rows[-1]["loss"]))


def check_same(run: pathlib.Path, arguments: list[str]) -> None:
    """No figure stands under what it is not of."""
    path = run.with_suffix(".args")
    text = shlex.join(arguments) + "\n"
    if not path.exists():
        path.write_text(text)
    elif path.read_text() != text:
        sys.exit(f"tools/sweep: {run}: was started with {path.read_text().strip()}; name the trial anew, or take "
                 "another FOLDER")


def train(program: str, arguments: list[str], log: pathlib.Path) -> int:
    """Ends with this process, also if that is killed: a run has one process."""
    command = ["setpriv", "--pdeathsig", "KILL", program, *arguments]
    with open(log, "a") as file, subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT) as process:
        try:
            return process.wait()
        except BaseException:
            process.send_signal(signal.SIGTERM)  # it saves a checkpoint
            process.wait()
            raise


def spread(values: list[float], form: str) -> str:
    """Mean, and sample deviation of more than one."""
    mean = format(statistics.mean(values), form)
    return f"{mean} ± {statistics.stdev(values):{form}}" if len(values) > 1 else mean


def make_table(trials: list[Trial], results: dict[str, list[Result]], split: str) -> str:
    lines = [
        f"| trial | overrides | runs | {split} accuracy | {split} loss |",
        "| --- | --- | ---: | ---: | ---: |",
    ]
    for trial in trials:
        of_trial = results.get(trial.name, [])
        overrides = f"`{shlex.join(trial.overrides)}`" if trial.overrides else ""
        figures = ["", ""]
        if of_trial:
            figures = [
                spread([result.accuracy for result in of_trial], ".4f"),
                spread([result.loss for result in of_trial], ".4f"),
            ]
        lines.append(f"| {trial.name} | {overrides} | {len(of_trial)} | {' | '.join(figures)} |")
    return "\n".join(lines) + "\n"


def sweep(options: argparse.Namespace, arguments: list[str]) -> None:
    trials = read_trials(options.trials)
    results: dict[str, list[Result]] = {}
    for seed in range(options.seeds):  # all trials with one seed say more than one with all seeds
        for trial in trials:
            run = options.folder / trial.name / f"seed{seed}"
            run.parent.mkdir(parents=True, exist_ok=True)
            recipe = [*arguments, *trial.overrides, f"seed={seed}"]
            check_same(run, recipe)
            result = read_result(run, options.test)
            if result is None:
                log = run.with_suffix(".log")
                own = [f"--run_dir={run}", "--resume", "--noreport", *([] if options.test else ["--notest"])]
                status = train(options.program, [*own, *recipe], log)
                if status == USAGE_ERROR:
                    sys.exit(f"tools/sweep: {trial.name}: {log.read_text().splitlines()[-1]}")
                if status != 0:
                    print(f"{trial.name}, seed {seed}: ended with {status}, see {log}", flush=True)
                    continue
                result = read_result(run, options.test)
            results.setdefault(trial.name, []).append(result)
            table = make_table(trials, results, "test" if options.test else "minival")
            (options.folder / "table.md").write_text(table)
            print(table, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="tools/sweep", usage="tools/sweep TRIALS FOLDER [--seeds=N] [--test] ...", allow_abbrev=False)
    parser.add_argument("program", help=argparse.SUPPRESS)
    parser.add_argument("trials", type=pathlib.Path, metavar="TRIALS", help="a trial a line: NAME: OVERRIDES")
    parser.add_argument("folder", type=pathlib.Path, metavar="FOLDER", help="of the runs and of table.md")
    parser.add_argument("--seeds", type=int, default=1, help="runs of each trial, with seeds from 0")
    parser.add_argument("--test", action="store_true", help="evaluate the test split, and compare on it")
    options, arguments = parser.parse_known_args()
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    try:
        sweep(options, arguments)
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)


if __name__ == "__main__":
    main()
