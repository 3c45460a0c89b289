#!/usr/bin/env python3
"""Tests of run.py and report.py with stages that need no program."""

import contextlib
import io
import json
import os
import pathlib
import shutil
import sys
import tarfile
import tempfile
import unittest
from unittest import mock

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import report
import run
import stages


def fail(context: stages.Context) -> dict:
    raise stages.Failure("it broke")


def exhaust(context: stages.Context) -> dict:
    raise stages.OutOfMemory("CUDA out of memory")


def slip(context: stages.Context) -> dict:
    return {}["absent"]


def speed(context: stages.Context) -> dict:
    row = {"milliseconds": 2.0, "tflops": 100.0, "peak_mib": 300.0}
    return {
        "batch": 32,
        "absent": {"PyTorch, compile": "it ended"},
        "FUSED": row,
        "PyTorch, eager": row,
    }


def stop(context: stages.Context) -> dict:
    raise KeyboardInterrupt


def compile_(context: stages.Context) -> dict:
    made = pathlib.Path(os.environ["TORCHINDUCTOR_CACHE_DIR"]) / "kernel"
    found = made.exists()
    made.parent.mkdir(exist_ok=True)
    made.touch()
    return {"found": found}


STAGES = [
    stages.Stage("fails", fail, 1),
    stages.Stage("slips", slip, 1),
    stages.Stage("exhausts", exhaust, 1),
    stages.Stage("waits", speed, 1, needs=("cifar10",)),
    stages.Stage("long", speed, 10_000),
    stages.Stage("speed_step7_32", speed, 1),
]


class RunTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.kit = pathlib.Path(folder.name)
        with tarfile.open(self.kit / "kit.tar.xz", "w:xz"):
            pass
        self.output = self.kit / "results"
        self.machine = {"torch": "2.11.0", "gpu": "NVIDIA H200", "driver": "1"}

    def run_main(self, *flags: str) -> tuple[int, str]:
        said = io.StringIO()
        arguments = ["run.py", "--seconds=100", f"--output={self.output}", *flags]
        with (
            mock.patch.object(stages, "STAGES", STAGES),
            mock.patch.object(stages, "HERE", self.kit / "gpu"),
            mock.patch.object(stages, "identify", lambda device: dict(self.machine)),
            mock.patch.object(sys, "argv", arguments),
            contextlib.redirect_stdout(said),
            contextlib.redirect_stderr(said),
            self.assertRaises(SystemExit) as end,
        ):
            run.main()
        return end.exception.code, said.getvalue()

    def results(self) -> list[dict]:
        return [
            json.loads(line) for line in (self.output / "results.jsonl").read_text().splitlines()
        ]

    def test_no_stage_is_lost_to_another(self) -> None:
        status, _ = self.run_main("--device=cpu")
        self.assertEqual(status, 1)
        self.assertEqual(
            [(r["stage"], r["status"]) for r in self.results()],
            [
                ("fails", "failed"),
                ("slips", "failed"),
                ("exhausts", "out of memory"),
                ("waits", "waits"),
                ("long", "no time"),
                ("speed_step7_32", "ok"),
            ],
        )
        self.assertIn("it broke", self.results()[0]["reason"])
        self.assertIn("KeyError", self.results()[1]["reason"])
        self.assertIn("cifar10", self.results()[3]["reason"])

    def test_results_are_appended(self) -> None:
        self.run_main("--stages=speed_step7_32")
        status, _ = self.run_main("--stages=speed_step7_32")
        self.assertEqual(status, 0)
        self.assertEqual(len(self.results()), 2)

    def test_data_that_arrived_are_used(self) -> None:
        part = self.kit.with_name(f"{self.kit.name}.2") / "data"
        part.mkdir(parents=True)
        self.addCleanup(shutil.rmtree, part.parent)
        with tarfile.open(part / "cifar10.tar.xz", "w:xz") as archive:
            archive.add(self.kit, "cifar10", recursive=False)
        self.run_main("--stages=waits")
        self.assertEqual(self.results()[0]["status"], "ok")

    def test_what_was_compiled_is_there_in_the_next_kit(self) -> None:
        with mock.patch.object(sys.modules[__name__], "STAGES", [stages.Stage("c", compile_, 1)]):
            self.run_main()
            (self.output / "compiler_cache.tar.xz").rename(self.kit / "compiler_cache.tar.xz")
            self.run_main()
        self.assertEqual([r["figures"]["found"] for r in self.results()], [False, True])

    def test_unknown_stages_are_named(self) -> None:
        status, said = self.run_main("--stages=fails,none")
        self.assertEqual(status, 2)
        self.assertIn("no stage 'none'", said)

    def test_data_that_are_damaged_cost_their_stages_alone(self) -> None:
        (self.kit / "data").mkdir()
        (self.kit / "data" / "cifar10.tar.xz").write_bytes(b"no archive")
        (self.kit / "compiler_cache.tar.xz").write_bytes(b"")
        _, said = self.run_main("--stages=waits,speed_step7_32")
        self.assertEqual([r["status"] for r in self.results()], ["waits", "ok"])
        self.assertIn("cifar10.tar.xz: left out", said)
        self.assertIn("compiler_cache.tar.xz: left out", said)

    def test_a_line_that_was_cut_off_spoils_no_other(self) -> None:
        self.output.mkdir()
        (self.output / "results.jsonl").write_text('{"stage": "sp')
        self.run_main("--stages=speed_step7_32")
        self.assertEqual(self.report().count("| step7 | 32 | FUSED |"), 1)

    def test_a_stage_that_is_stopped_leaves_a_line(self) -> None:
        with mock.patch.object(sys.modules[__name__], "STAGES", [stages.Stage("s", stop, 1)]):
            status, _ = self.run_main()
        self.assertEqual(status, 130)
        self.assertEqual(self.results()[0]["status"], "stopped")

    def test_mistakes_are_one_line(self) -> None:
        for flags, words in (
            (["--seconds=0"], "--seconds"),
            (["--output=/dev/null/folder"], "--output"),
            (["--device=tpu"], "tpu"),
        ):
            status, said = self.run_main(*flags)
            self.assertEqual(status, 2)
            self.assertIn(words, said)
            self.assertEqual(said.count("\n"), 1)

    def test_rows_of_two_gpus_are_in_tables_of_their_own(self) -> None:
        self.run_main("--stages=speed_step7_32")
        self.machine["gpu"] = "NVIDIA L4"
        self.run_main("--stages=speed_step7_32")
        first, second = self.report().split("NVIDIA L4", 1)
        for text, share in ((first, "10 %"), (second, "")):
            self.assertIn(f"| step7 | 32 | FUSED | 2.0 | 1.00 | 100.0 | {share} | 300 |", text)

    def report(self) -> str:
        said = io.StringIO()
        with (
            mock.patch.object(sys, "argv", ["report.py", str(self.output)]),
            contextlib.redirect_stdout(said),
            contextlib.redirect_stderr(io.StringIO()),
        ):
            report.main()
        return said.getvalue()

    def test_report_has_every_stage_and_figure(self) -> None:
        self.run_main()
        for words in (
            "| fails | failed: it broke |",
            "| step7 | 32 | PyTorch, eager | 2.0 | 1.00 | 100.0 | 10 % | 300 |",
            "| step7 | 32 | PyTorch, compile | it ended |",
        ):
            self.assertIn(words, self.report())


if __name__ == "__main__":
    unittest.main()
