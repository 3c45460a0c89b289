#!/usr/bin/env python3
"""Goes through the stages of stages.py on a machine with a GPU; tools/gpu_check starts it.

    gpu_check run --seconds=N --output=FOLDER [--stages=A,B] [--device=cuda|cpu] [--toy]

Each stage ends as a line of FOLDER/results.jsonl: "ok" with its figures, "failed" or "out of memory"
with a reason, "waits" for data that have not arrived, "no time", or "stopped" by a signal. FOLDER/log.txt has
what the programs said, FOLDER/compiler_cache.tar.xz what torch.compile made, for the next kit. Needs Python with
PyTorch 2.11.0 and its packages, and nothing else. The exit status is 1 where a stage failed.
"""

import argparse
import contextlib
import datetime
import json
import lzma
import os
import pathlib
import shutil
import signal
import sys
import tarfile
import tempfile
import time
import zlib

sys.dont_write_bytecode = True

import stages

# Before the time is over, for writing the compiler's cache.
SECONDS_TO_END = 20

# A stage may take so many times what is reckoned for it, or all that is left in a dry run.
MOST_TIMES_RECKONED = 4

UNREADABLE = (tarfile.TarError, EOFError, OSError, lzma.LZMAError, zlib.error)


def stop(message: str, status: int = 2) -> None:
    print(f"gpu_check: {message}", file=sys.stderr)
    sys.exit(status)


def parse_arguments() -> argparse.Namespace:
    class Parser(argparse.ArgumentParser):
        def error(self, message: str) -> None:
            stop(f"run: {message}; see --help")

    parser = Parser(prog="gpu_check run", allow_abbrev=False)
    parser.add_argument("--seconds", type=int, required=True, help="when to have ended")
    parser.add_argument(
        "--output", type=pathlib.Path, required=True, help="the folder of the results"
    )
    parser.add_argument("--stages", help=f"some of {','.join(s.name for s in stages.STAGES)}")
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument(
        "--toy", action="store_true", help="small models and few steps: does it run?"
    )
    arguments = parser.parse_args()
    if arguments.seconds < 1:
        stop("--seconds: must be positive")
    return arguments


def chosen(names: str | None) -> list[stages.Stage]:
    if names is None:
        return stages.STAGES
    by_name = {stage.name: stage for stage in stages.STAGES}
    wanted = dict.fromkeys(names.split(","))  # each once
    unknown = [name for name in wanted if name not in by_name]
    if unknown:
        stop(f"--stages: no stage '{unknown[0]}'; there are {', '.join(by_name)}")
    return [by_name[name] for name in wanted]


def unpack(archive: pathlib.Path, folder: pathlib.Path) -> None:
    """All of it, or nothing and one of UNREADABLE."""
    with tempfile.TemporaryDirectory(dir=folder.parent) as whole:
        with tarfile.open(archive) as tar:
            tar.extractall(whole)
        shutil.copytree(
            whole, folder, symlinks=True, dirs_exist_ok=True, copy_function=shutil.move
        )


def unpack_if_whole(archive: pathlib.Path, folder: pathlib.Path) -> None:
    try:
        unpack(archive, folder)
    except UNREADABLE as error:
        print(f"gpu_check: {archive}: left out, {error}", file=sys.stderr)


def unpack_data(kit: pathlib.Path, folder: pathlib.Path) -> None:
    """The data of this kit and of its parts that have arrived beside it: KIT.2, KIT.3, ..."""
    folder.mkdir()
    for part in (kit, *sorted(kit.parent.glob(f"{kit.name}.[0-9]"))):
        for archive in sorted(part.glob("data/*.tar*")):
            unpack_if_whole(archive, folder)


@contextlib.contextmanager
def compiler_cache(kit: pathlib.Path, folder: pathlib.Path, output: pathlib.Path):
    """Where torch.compile keeps its work: begun with the kit's, saved for the next kit at the end."""
    inductor = folder / "inductor"
    inductor.mkdir(parents=True)
    saved = kit / "compiler_cache.tar.xz"
    if saved.exists():
        unpack_if_whole(saved, inductor)
    os.environ["TORCHINDUCTOR_CACHE_DIR"] = str(inductor)
    # Not saved: it has absolute paths in it, and Inductor's has a copy of each kernel.
    os.environ["TRITON_CACHE_DIR"] = str(folder / "triton")
    try:
        yield
    finally:
        if any(inductor.iterdir()):
            with tarfile.open(output / saved.name, "w:xz", preset=1) as tar:
                tar.add(inductor, ".")


class Results:
    """results.jsonl: a line for each stage, on the disk before the next one begins."""

    def __init__(self, folder: pathlib.Path, common: dict):
        self.path = folder / "results.jsonl"
        self.common = common
        self.failed = 0
        if self.path.exists() and not self.path.read_text().endswith("\n"):
            self.append("\n")  # after a line that was cut off

    def append(self, text: str) -> None:
        with open(self.path, "a") as file:
            file.write(text)

    def add(self, stage: str, outcome: dict, seconds: float) -> None:
        result = {"stage": stage, **self.common, **outcome, "seconds": round(seconds, 1)}
        self.append(json.dumps(result) + "\n")
        print(
            f"{stage}: {outcome['status']}, {seconds:.1f} s {outcome.get('reason', '')}", flush=True
        )
        self.failed += outcome["status"] == "failed"


def run_stage(stage: stages.Stage, context: stages.Context) -> dict:
    """Its status and figures; whatever happens, the next one runs."""
    absent = [name for name in stage.needs if not (context.data / name).exists()]
    if absent:
        more = f" and {len(absent) - 1} more" if len(absent) > 1 else ""
        return {"status": "waits", "reason": f"{absent[0]}{more}, in a part that is not here"}
    try:
        return {"status": "ok", "figures": stage.run(context)}
    except stages.OutOfMemory as error:
        return {"status": "out of memory", "reason": str(error)}
    except stages.Failure as error:
        found = {"figures": error.figures} if error.figures else {}
        return {"status": "failed", "reason": str(error), **found}
    except Exception as error:  # a fault of the stage itself must not cost the others
        return {"status": "failed", "reason": f"{type(error).__name__}: {error}"}


def run_all(
    arguments: argparse.Namespace,
    selected: list[stages.Stage],
    output: pathlib.Path,
    folder: pathlib.Path,
) -> int:
    """How many failed."""
    kit, toy = stages.HERE.parent, arguments.toy
    deadline = time.monotonic() + arguments.seconds - (0 if toy else SECONDS_TO_END)
    try:
        unpack(kit / "kit.tar.xz", folder / "bundle")
    except UNREADABLE as error:
        stop(f"{kit / 'kit.tar.xz'}: cannot be unpacked, {error}; pack it again")
    unpack_data(kit, folder / "data")
    machine = stages.identify(arguments.device)
    today = datetime.date.today().isoformat()
    results = Results(
        output, {"machine": machine, "date": today, "device": arguments.device, "toy": toy}
    )
    with compiler_cache(kit, folder / "compiler_cache", output):
        for stage in selected:
            start = time.monotonic()
            if deadline - start < (1 if toy else stage.seconds):
                results.add(stage.name, {"status": "no time", "reason": f"{stage.seconds} s are needed"}, 0)
                continue
            scratch = folder / stage.name
            scratch.mkdir()
            most = deadline - start if toy else MOST_TIMES_RECKONED * stage.seconds
            context = stages.Context(
                bundle=folder / "bundle" / "vitrine",
                kit=kit,
                data=folder / "data",
                scratch=scratch,
                log=output / "log.txt",
                machine=machine,
                device=arguments.device,
                toy=toy,
                deadline=min(deadline, start + most),
            )
            try:
                outcome = run_stage(stage, context)
            except BaseException:
                results.add(stage.name, {"status": "stopped"}, time.monotonic() - start)
                raise
            results.add(stage.name, outcome, time.monotonic() - start)
    return results.failed


def main() -> None:
    arguments = parse_arguments()
    selected = chosen(arguments.stages)
    output = arguments.output.resolve()
    try:
        output.mkdir(parents=True, exist_ok=True)
        (output / "log.txt").touch()
    except OSError as error:
        stop(f"--output: {error}")
    # As an exception, so that children end and folders go.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        with tempfile.TemporaryDirectory(prefix="gpu_check.") as folder:
            failed = run_all(arguments, selected, output, pathlib.Path(folder))
    except stages.Failure as error:
        stop(str(error), 1)
    except KeyboardInterrupt:
        stop("interrupted; what had ended is in results.jsonl", 130)
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
