#!/usr/bin/env python3
"""Prints the results of tools/gpu_check as Markdown tables: gpu_check report FOLDER...

Each table has a line above it that names the GPU, its driver and the date, and so can be taken alone.
"""

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
    if "batch" in figures:
        return f"batch {figures['batch']}"
    if result["stage"] == "tests":
        return f"{figures['run']} of {figures['packed']} run, {len(figures['skipped'])} skipped"
    return ", ".join(
        f"{name} {value:.2g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in figures.items()
    )


# Teraflop/s of dense products of BF16, as NVIDIA gives them.
PEAK = {"H100": 989, "H200": 989}


def peak_of(results: list[dict]) -> float | None:
    name = machine(results)
    return next((peak for card, peak in PEAK.items() if card in name), None)


def successes(results: list[dict], prefix: str) -> list[dict]:
    return [r for r in results if r["stage"].startswith(prefix) and r["status"] == "ok"]


def speed_table(results: list[dict]) -> list[str]:
    rows = [
        "| model | batch | | ms a step | time, FUSED = 1 | TFLOP/s | of the peak | MiB |",
        "| --- | ---: | --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    peak = peak_of(results)
    for result in successes(results, "speed_"):
        figures = result["figures"]
        row = f"| {result['stage'].split('_')[1]} | {figures['batch']} |"
        measured = {k: v for k, v in figures.items() if isinstance(v, dict) and k != "absent"}
        first = next(iter(measured.values()))["milliseconds"]
        for name, one in measured.items():
            share = f"{100 * one['tflops'] / peak:.0f} %" if peak else ""
            ratio = f"{one['milliseconds'] / first:.2f}" if "FUSED" in measured else ""
            rows.append(
                f"{row} {name} | {one['milliseconds']:.1f} | {ratio} | {one['tflops']:.1f} | {share} "
                f"| {one['peak_mib']:.0f} |"
            )
        rows += [f"{row} {name} | {why} | | | | |" for name, why in figures["absent"].items()]
    return rows


def kernels_tables(results: list[dict]) -> list[str]:
    rows = []
    for result in successes(results, "kernels_"):
        figures = result["figures"]
        model = result["stage"].split("_")[1]
        for name in ("FUSED", "REFERENCE"):
            one = figures[name]
            rows += [
                "",
                f"{model}, batch {figures['batch']}, {name}: {one['milliseconds']:.2f} ms a step, of which "
                f"{one['in_kernels']:.2f} in these and shorter ones:",
                "",
                "| share | calls a step | |",
                "| ---: | ---: | --- |",
            ]
            rows += [f"| {k['share']} % | {k['calls']:g} | `{k['name']}` |" for k in one["kernels"]]
    return rows


def training_table(results: list[dict]) -> list[str]:
    rows = [
        "| run | iterations | ms | images/s | waited for data | test accuracy |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for result in [*successes(results, "loading"), *successes(results, "train_")]:
        f = result["figures"]
        rows.append(
            f"| {result['stage']} | {f['iterations']} | {f['milliseconds']:.1f} | {f['images_per_second']:.0f} "
            f"| {100 * f['data_wait']:.1f} % | {f['test_accuracy']:.4f} |"
        )
    return rows


def main() -> None:
    results = read(sys.argv[1:])
    if not results:
        print("gpu_check: no results; name the folders of --output", file=sys.stderr)
        sys.exit(2)
    kind = (
        "a dry run with small models, whose figures mean nothing" if results[0]["toy"] else "BF16"
    )
    caption = f"{machine(results)}, {results[0]['date']}: {kind}."
    for table in (stages_table, speed_table, training_table):
        print("\n".join([caption, "", *table(results), ""]))
    print("\n".join([caption, *kernels_tables(results)]))


if __name__ == "__main__":
    main()
