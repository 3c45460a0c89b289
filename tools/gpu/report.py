#!/usr/bin/env python3
"""Prints the results of tools/gpu_check as Markdown tables: gpu_check report FOLDER..."""

import json
import pathlib
import sys


def read(folders: list[str]) -> list[dict]:
    lines = []
    for folder in folders:
        path = pathlib.Path(folder) / "results.jsonl"
        if not path.exists():
            print(f"gpu_check: {path} is not there; give the folder of --output", file=sys.stderr)
            sys.exit(2)
        lines += [json.loads(line) for line in path.read_text().splitlines()]
    return lines


def machine(results: list[dict]) -> str:
    for result in results:
        if result["stage"] == "environment" and result["status"] == "ok":
            figures = result["figures"]
            gpu = f"{figures['gpu']}, driver {figures['driver']}" if "gpu" in figures else "no GPU"
            return f"{gpu}, PyTorch {figures['torch']}"
    return "unknown machine"


def stages_table(results: list[dict]) -> list[str]:
    rows = ["| stage | result | s |", "| --- | --- | ---: |"]
    for result in results:
        said = result.get("reason") or describe(result)
        rows.append(f"| {result['stage']} | {result['status']}: {said} | {result['seconds']} |")
    return rows


def describe(result: dict) -> str:
    figures = result["figures"]
    if result["stage"].startswith("speed_"):
        return f"batch {figures['batch']}"
    if result["stage"] == "tests":
        return f"{figures['run']} of {figures['packed']} run, {len(figures['skipped'])} skipped"
    return ", ".join(
        f"{name} {value:.2g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in figures.items()
    )


def speed_table(results: list[dict]) -> list[str]:
    rows = [
        "| model | batch | | ms a step | TFLOP/s | time, FUSED = 1 |",
        "| --- | ---: | --- | ---: | ---: | ---: |",
    ]
    for result in results:
        if not result["stage"].startswith("speed_") or result["status"] != "ok":
            continue
        figures = result["figures"]
        model = result["stage"].split("_")[1]
        first = figures["FUSED"]["milliseconds"]
        for name, row in figures.items():
            if isinstance(row, dict) and "milliseconds" in row:
                ratio = row["milliseconds"] / first
                rows.append(
                    f"| {model} | {figures['batch']} | {name} | {row['milliseconds']:.1f} | {row['tflops']:.1f} | {ratio:.2f} |"
                )
        rows += [
            f"| {model} | {figures['batch']} | {name} | {why} | | |"
            for name, why in figures["absent"].items()
        ]
    return rows


def main() -> None:
    results = read(sys.argv[1:])
    if not results:
        print("gpu_check: no results; name the folders of --output", file=sys.stderr)
        sys.exit(2)
    kind = (
        "a dry run with small models, whose figures mean nothing" if results[0]["toy"] else "BF16"
    )
    print(f"{machine(results)}, {results[0]['date']}: {kind}.\n")
    print("\n".join([*stages_table(results), "", *speed_table(results)]))


if __name__ == "__main__":
    main()
