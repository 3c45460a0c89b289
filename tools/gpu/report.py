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
        for line in path.read_text().splitlines():
            try:
                lines.append(json.loads(line))
            except ValueError:
                print(f"gpu_check: {path}: left out a line that is cut off", file=sys.stderr)
    return lines


def caption(result: dict) -> str:
    """What a table is of: the same for all its rows."""
    machine = result["machine"]
    gpu = f"{machine['gpu']}, driver {machine.get('driver', 'unknown')}" if "gpu" in machine else "no GPU"
    toy = ", a dry run with small models, whose figures mean nothing" if result["toy"] else ""
    return f"{gpu}, PyTorch {machine['torch']}, {result['date']}{toy}."


def cell(text: str) -> str:
    return text.replace("|", "/").replace("\n", " ")


def stages_table(results: list[dict]) -> list[str]:
    rows = ["| stage | result | s |", "| --- | --- | ---: |"]
    for result in results:
        said = result.get("reason") or describe(result)
        rows.append(
            f"| {result['stage']} | {result['status']}: {cell(said)} | {result['seconds']} |"
        )
    return rows


def describe(result: dict) -> str:
    figures = result.get("figures", {})
    if "batch" in figures:
        return f"batch {figures['batch']}"
    if "rows" in figures:
        return f"{len(figures['rows'])} rows"
    if result["stage"] == "tests":
        return f"{figures['run']} of {figures['packed']} run, {len(figures['skipped'])} skipped"
    return ", ".join(
        f"{name} {value:.2g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in figures.items()
    )


# Teraflop/s of dense products of BF16, as NVIDIA gives them.
PEAK = {"NVIDIA H100 80GB HBM3": 989, "NVIDIA H200": 989}


def successes(results: list[dict], prefix: str) -> list[dict]:
    return [r for r in results if r["stage"].startswith(prefix) and r["status"] == "ok"]


def speed_table(results: list[dict]) -> list[str]:
    rows = [
        "| model | batch | kernels, or PyTorch | ms a step, BF16 | time, FUSED = 1 | TFLOP/s | of the peak | MiB |",
        "| --- | ---: | --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    peak = PEAK.get(results[0]["machine"].get("gpu", ""))
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
        rows += [f"{row} {name} | {cell(why)} | | | | |" for name, why in figures["absent"].items()]
    return rows if len(rows) > 2 else []


def short(kernel: str) -> str:
    """Without its arguments."""
    name = kernel.replace("(anonymous namespace)::", "").removeprefix("void ").split("(")[0]
    return name if len(name) <= 80 else f"{name[:79]}…"


def kernels_tables(results: list[dict]) -> list[str]:
    rows = []
    for result in successes(results, "kernels_"):
        figures = result["figures"]
        model = result["stage"].split("_")[1]
        for name in ("FUSED", "REFERENCE"):
            one = figures[name]
            rows += [
                "",
                f"{model}, batch {figures['batch']}, {name}: {one['milliseconds']:.2f} ms a step in BF16, of which "
                f"{one['in_kernels']:.2f} in these and shorter ones:",
                "",
                "| share | calls a step | |",
                "| ---: | ---: | --- |",
            ]
            rows += [
                f"| {k['share']} % | {k['calls']:g} | `{cell(short(k['name']))}` |"
                for k in one["kernels"]
            ]
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
    return rows if len(rows) > 2 else []


def decimal(value: float | str) -> str:
    return f"{value:.4f}" if isinstance(value, float) else value


def reproduction_table(results: list[dict]) -> list[str]:
    rows = [
        "| step | what | seeds | reported | measured | verdict |",
        "| --- | --- | ---: | ---: | ---: | --- |",
    ]
    for result in results:
        for row in result.get("figures", {}).get("rows", []):
            for figure in row["figures"]:
                measured = decimal(figure.get("measured", ""))
                if row["seeds"] > 1 and "standard_deviation" in figure:
                    measured += f" +- {figure['standard_deviation']:.4f}"
                rows.append(
                    f"| {row['step']} | {row['title']}: {figure['name']} | {row['seeds']} "
                    f"| {decimal(figure['reported'])} | {measured} | {figure['verdict']} |"
                )
    return rows if len(rows) > 2 else []


def main() -> None:
    by_caption: dict[str, list[dict]] = {}
    for result in read(sys.argv[1:]):
        by_caption.setdefault(caption(result), []).append(result)
    if not by_caption:
        print("gpu_check: no results; name the folders of --output", file=sys.stderr)
        sys.exit(2)
    for of, results in by_caption.items():
        for table in (stages_table, speed_table, training_table, reproduction_table, kernels_tables):
            rows = table(results)
            if rows:
                print("\n".join([of, "", *rows, ""]))


if __name__ == "__main__":
    main()
