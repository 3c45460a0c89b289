#!/usr/bin/env python3
"""Tests of test_summary.py, with files as Bazel and GoogleTest write them."""

import contextlib
import io
import json
import pathlib
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import test_summary

GOOGLETEST = """<?xml version="1.0" encoding="UTF-8"?>
<testsuites tests="4" failures="1" disabled="1" errors="0" name="AllTests">
  <testsuite name="A">
    <testcase name="Good" status="run" result="completed" time="0" classname="A" />
    <testcase name="Bad" status="run" result="completed" time="0" classname="A">
      <failure message="a.cc:3&#x0A;Expected: 1" type=""><![CDATA[a.cc:3
Expected: 1]]></failure>
    </testcase>
    <testcase name="Gpu" status="run" result="skipped" time="0" classname="A">
      <skipped message="a.cc:7&#x0A;no GPU"><![CDATA[a.cc:7
no GPU]]></skipped>
    </testcase>
    <testcase name="DISABLED_Off" status="notrun" result="suppressed" time="0" classname="A" />
  </testsuite>
</testsuites>
"""
SHELL = """<testsuites><testsuite name="s" tests="1" failures="0" errors="0">
<testcase name="s" status="run" duration="1" time="1"></testcase></testsuite></testsuites>
"""
CRASHED = """<testsuites><testsuite name="c" tests="1" failures="0" errors="1">
<testcase name="c" status="run"><error message="exited with error code 134"></error></testcase>
</testsuite></testsuites>
"""


class SummaryTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def result(self, label, content, status="PASSED", **identity):
        """The event of a test that has run; its file's name holds a character to be quoted."""
        path = self.folder / f"{len(list(self.folder.iterdir()))} test.xml"
        if content is not None:
            path.write_text(content)
        output = {"name": "test.xml", "uri": "file://" + str(path).replace(" ", "%20")}
        return {
            "id": {"testResult": {"label": label, **identity}},
            "testResult": {"status": status, "testActionOutput": [output]},
        }

    def summary(self, *events):
        """(exit status, lines)"""
        path = self.folder / "events"
        path.write_text("".join(json.dumps(event) + "\n" for event in events))
        return self.report(test_summary.cases_of_events(path))

    def report(self, cases):
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            status = test_summary.report(cases)
        return status, output.getvalue().splitlines()

    def test_counts_cases_and_gives_reasons(self):
        status, lines = self.summary(self.result("//a:a", GOOGLETEST, "FAILED"))
        self.assertEqual(status, 1)
        self.assertEqual(
            lines,
            [
                "skipped: //a:a A.Gpu: no GPU",
                "skipped: //a:a A.DISABLED_Off: disabled",
                "failed: //a:a A.Bad: Expected: 1",
                "1 passed, 1 failed, 2 skipped",
            ],
        )

    def test_all_passed(self):
        started = {"id": {"started": {}}, "started": {}}
        built = {"id": {"targetCompleted": {"label": "//s:s"}}, "completed": {"success": True}}
        status, lines = self.summary(started, built, self.result("//s:s", SHELL))
        self.assertEqual((status, lines), (0, ["1 passed, 0 failed, 0 skipped"]))

    def test_nothing_ran(self):
        self.assertEqual(self.summary(), (1, ["0 passed, 0 failed, 0 skipped"]))

    def test_crash(self):
        status, lines = self.summary(self.result("//c:c", CRASHED, "FAILED"))
        self.assertEqual(status, 1)
        self.assertEqual(lines[0], "failed: //c:c c: exited with error code 134")

    def test_failed_status_counts_even_if_the_file_says_all_passed(self):
        status, lines = self.summary(self.result("//s:s", SHELL, "TIMEOUT"))
        self.assertEqual(status, 1)
        self.assertEqual(lines, ["failed: //s:s: timeout", "1 passed, 1 failed, 0 skipped"])

    def test_a_test_without_cases_fails(self):
        for content in (None, "<testsuites></testsuites>"):
            _, lines = self.summary(self.result("//s:s", content))
            self.assertEqual(lines[0], "failed: //s:s: it wrote no test case")

    def test_a_damaged_file_fails(self):
        _, lines = self.summary(self.result("//s:s", GOOGLETEST[:300]))
        self.assertIn("failed: //s:s: 0 test.xml is damaged", lines[0])

    def test_the_last_attempt_counts_and_each_shard(self):
        _, lines = self.summary(
            self.result("//s:s", CRASHED, "FAILED", run=1, shard=1, attempt=1),
            self.result("//s:s", SHELL, "PASSED", run=1, shard=1, attempt=2),
            self.result("//s:s", SHELL, "PASSED", run=1, shard=2, attempt=1),
        )
        self.assertEqual(lines, ["2 passed, 0 failed, 0 skipped"])

    def test_a_target_that_does_not_build(self):
        broken = {"id": {"targetCompleted": {"label": "//b:b"}}, "aborted": {}}
        status, lines = self.summary(self.result("//s:s", SHELL), broken)
        self.assertEqual(status, 1)
        self.assertEqual(lines[0], "failed: //b:b: it does not build")


if __name__ == "__main__":
    unittest.main()
