#!/usr/bin/env python3
"""Counts test cases: the last line is "N passed, N failed, N skipped".

    test_summary.py --events=FILE      what `bazel test --build_event_json_file=FILE` ran
                    --xml=FILE         and the cases of a JUnit file
                    --failed=STEP      and a step that failed as a whole

A file that does not exist holds no case: what should have written it is to be given as a failed step.

Bazel's own summary counts targets; a target of GoogleTest holds many cases. Skipped and failed ones are
named above the last line. The exit status is 1 if a case failed or none ran.
"""

import argparse
import collections
import json
import pathlib
import sys
import urllib.parse
import xml.etree.ElementTree

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"
Case = collections.namedtuple("Case", "name outcome reason")


def cases_of_events(path):
    """The cases of every test target that Bazel ran, or took from its cache."""
    events = [json.loads(line) for line in path.read_text().splitlines()]
    results = {}
    for event in events:
        if "testResult" in event:
            identity = event["id"]["testResult"]
            # Of several attempts at a flaky test the last is the one that counts.
            key = identity["label"], identity.get("run", 1), identity.get("shard", 1)
            results[key] = event["testResult"]
    cases = [case for key in sorted(results) for case in _cases_of_target(key[0], results[key])]
    return cases + list(_broken_targets(events))


def _cases_of_target(label, result):
    xml_path = _xml_path(result)
    cases = list(cases_of_xml(label, xml_path)) if xml_path and xml_path.exists() else []
    outcomes = {case.outcome for case in cases}
    status = result.get("status", "NO_STATUS")
    if status != "PASSED" and FAILED not in outcomes:
        # For example one that was stopped after it had written the file.
        cases.append(Case(label, FAILED, status.lower()))
    elif not cases:
        cases.append(Case(label, FAILED, "it wrote no test case"))
    return cases


def _xml_path(result):
    for output in result.get("testActionOutput", []):
        if output["name"] == "test.xml":
            return pathlib.Path(urllib.parse.unquote(urllib.parse.urlparse(output["uri"]).path))
    return None


def _broken_targets(events):
    """What was not tested because it does not build."""
    for event in events:
        identity = event["id"].get("targetCompleted")
        if identity and not event.get("completed", {}).get("success"):
            yield Case(identity["label"], FAILED, "it does not build")


def cases_of_xml(label, path):
    """The cases of a JUnit file, as GoogleTest and Bazel write it."""
    try:
        document = xml.etree.ElementTree.parse(path)
    except xml.etree.ElementTree.ParseError as error:
        yield Case(label, FAILED, f"{path.name} is damaged ({error})")
        return
    for element in document.iter("testcase"):
        names = [element.get("classname"), element.get("name")]
        name = f"{label} {'.'.join(filter(None, names))}"
        yield Case(name, *_outcome(element))


def _outcome(element):
    for tag in ("failure", "error"):
        if (found := element.find(tag)) is not None:
            return FAILED, _first_line(found)
    if (found := element.find("skipped")) is not None:
        return SKIPPED, _first_line(found)
    if element.get("status") == "notrun":
        return SKIPPED, "disabled"
    return PASSED, ""


def _first_line(element):
    """The reason without the "file:line" line that GoogleTest puts above it."""
    lines = (element.get("message") or element.text or "").strip().splitlines()
    if len(lines) > 1 and ".cc:" in lines[0]:
        lines = lines[1:]
    return lines[0].strip() if lines else "no reason given"


def report(cases):
    """Prints what failed and what was skipped, and the counts; returns the exit status."""
    counts = collections.Counter(case.outcome for case in cases)
    for outcome in (SKIPPED, FAILED):
        for case in cases:
            if case.outcome == outcome:
                print(f"{outcome}: {case.name}: {case.reason}")
    print(", ".join(f"{counts[outcome]} {outcome}" for outcome in (PASSED, FAILED, SKIPPED)))
    return 0 if counts[PASSED] and not counts[FAILED] else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=pathlib.Path, action="append", default=[])
    parser.add_argument("--xml", type=pathlib.Path, action="append", default=[])
    parser.add_argument("--failed", action="append", default=[])
    arguments = parser.parse_args()
    cases = [c for path in arguments.events if path.exists() for c in cases_of_events(path)]
    cases += [c for path in arguments.xml if path.exists() for c in cases_of_xml(path.stem, path)]
    cases += [Case(step, FAILED, "its exit status says so") for step in arguments.failed]
    return report(cases)


if __name__ == "__main__":
    sys.exit(main())
