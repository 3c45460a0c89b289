#!/usr/bin/env python3
"""Goes through the stages of stages.py on a machine with a GPU; tools/gpu_check starts it.

    gpu_check run --seconds=N --output=FOLDER [--stages=A,B] [--device=cuda|cpu] [--toy]

Each stage ends as a line of FOLDER/results.jsonl: "ok" with its figures, "failed" or "out of memory"
with a reason, "waits" for data that have not arrived, or "no time". FOLDER/log.txt has what the programs
said, FOLDER/compiler_cache.tar.gz what torch.compile made, for the next kit. Needs Python with PyTorch 2.11.0
and its packages, and nothing else.
"""

import argparse
import contextlib
import datetime
import json
import os
import pathlib
import sys
import tarfile
import tempfile
import time

import stages


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="gpu_check run", allow_abbrev=False)
    parser.add_argument("--seconds", type=int, required=True, help="when to stop")
    parser.add_argument(
        "--output", type=pathlib.Path, required=True, help="the folder of the results"
    )
    parser.add_argument("--stages", help=f"some of {','.join(s.name for s in stages.STAGES)}")
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument(
        "--toy", action="store_true", help="small models and few steps: does it run?"
    )
    return parser.parse_args()


def chosen(names: str | None) -> list[stages.Stage]:
    if names is None:
        return stages.STAGES
    by_name = {stage.name: stage for stage in stages.STAGES}
    unknown = [name for name in names.split(",") if name not in by_name]
    if unknown:
        print(
            f"gpu_check: no stage {', '.join(unknown)}; there are {', '.join(by_name)}",
            file=sys.stderr,
        )
        sys.exit(2)
    return [by_name[name] for name in names.split(",")]


def run_stage(stage: stages.Stage, context: stages.Context) -> dict:
    """Its status and figures; whatever happens, the next one runs."""
    absent = [name for name in stage.needs if not (context.data / name).exists()]
    if absent:
        more = f" and {len(absent) - 1} more" if len(absent) > 1 else ""
        return {"status": "waits", "reason": f"{absent[0]}{more}, in a part that is not here"}
    if context.seconds_left() < (1 if context.toy else stage.seconds):
        return {"status": "no time", "reason": f"{stage.seconds} s are needed"}
    try:
        return {"status": "ok", "figures": stage.run(context)}
    except stages.OutOfMemory as error:
        return {"status": "out of memory", "reason": str(error)}
    except stages.Failure as error:
        return {"status": "failed", "reason": str(error)}
    except Exception as error:  # a fault of the stage itself must not cost the others
        return {"status": "failed", "reason": f"{type(error).__name__}: {error}"}


def unpack(archive: pathlib.Path, folder: pathlib.Path) -> None:
    with tarfile.open(archive) as tar:
        tar.extractall(folder)


def unpack_data(kit: pathlib.Path, folder: pathlib.Path) -> None:
    """The data of this kit and of its parts that have arrived beside it: KIT.2, KIT.3, ..."""
    folder.mkdir()
    for part in (kit, *sorted(kit.parent.glob(f"{kit.name}.*"))):
        for archive in sorted(part.glob("data/*.tar*")):
            unpack(archive, folder)


@contextlib.contextmanager
def compiler_cache(kit: pathlib.Path, folder: pathlib.Path, output: pathlib.Path):
    """Where torch.compile keeps its work: begun with the kit's, saved for the next kit at the end."""
    folder.mkdir()
    saved = kit / "compiler_cache.tar.gz"
    if saved.exists():
        unpack(saved, folder)
    os.environ["TORCHINDUCTOR_CACHE_DIR"] = str(folder / "inductor")
    os.environ["TRITON_CACHE_DIR"] = str(folder / "triton")
    try:
        yield
    finally:
        if any(folder.iterdir()):
            with tarfile.open(output / saved.name, "w:gz", compresslevel=3) as tar:
                tar.add(folder, ".")


def run_all(arguments: argparse.Namespace, selected: list[stages.Stage], folder: pathlib.Path) -> int:
    """How many failed."""
    deadline = time.monotonic() + arguments.seconds
    kit, output = stages.HERE.parent, arguments.output.resolve()
    output.mkdir(parents=True, exist_ok=True)
    failed = 0
    with compiler_cache(kit, folder / "compiler_cache", output):
        unpack(kit / "kit.tar.xz", folder)
        unpack_data(kit, folder / "data")
        for stage in selected:
            scratch = folder / stage.name
            scratch.mkdir()
            context = stages.Context(
                bundle=folder / "vitrine",
                kit=kit,
                data=folder / "data",
                scratch=scratch,
                log=output / "log.txt",
                device=arguments.device,
                toy=arguments.toy,
                deadline=deadline,
            )
            start = time.monotonic()
            result = {
                "stage": stage.name,
                "date": datetime.date.today().isoformat(),
                "device": arguments.device,
                "toy": arguments.toy,
                **run_stage(stage, context),
                "seconds": round(time.monotonic() - start, 1),
            }
            with open(output / "results.jsonl", "a") as results:
                results.write(json.dumps(result) + "\n")
            print(
                f"{stage.name}: {result['status']}, {result['seconds']} s {result.get('reason', '')}",
                flush=True,
            )
            failed += result["status"] == "failed"
    return failed


def main() -> None:
    arguments = parse_arguments()
    selected = chosen(arguments.stages)
    with tempfile.TemporaryDirectory(prefix="gpu_check.") as folder:
        failed = run_all(arguments, selected, pathlib.Path(folder))
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
