"""TensorBoard shows the numbers of metrics.csv and validation.csv, also of a run that was resumed.

Trains the quick start, kills it and lets it go on. Both of TensorBoard's readers of event files must
then have each point once.
"""

import collections
import csv
import logging
import math
import os
import pathlib
import sys
import tempfile

import quickstart
from tensorboard.backend.event_processing import event_accumulator, plugin_event_accumulator
from tensorboard.util import tensor_util

# The run is killed at iteration 33 and goes on from 20, where the killed process had validated just
# before it wrote the checkpoint.
FIELDS = ["schedule.iterations=60", "schedule.warmup_iterations=5", "logging.every_iterations=3"]
FIELDS += ["validation.every_iterations=10", "checkpoint.every_iterations=20"]
KILLED_AT = 33
EVENT_FILES = "events.out.tfevents.*"

METRICS_COLUMNS = ("loss", "learning_rate", "gradient_norm", "milliseconds")
METRICS_COLUMNS += ("images_per_second", "data_wait")
VALIDATION_COLUMNS = ("loss", "top1")
RELATIVE = 2**-22  # TensorBoard's values are float32.
# The decimals of metrics.csv, where they are fixed.
ABSOLUTE = {"train/milliseconds": 1e-4, "train/images_per_second": 1e-2, "train/data_wait": 1e-4}

Series = dict[str, list[tuple[int, float]]]  # (step, value) by tag


def rows(path: pathlib.Path) -> list[dict[str, str]]:
    with path.open() as file:
        return list(csv.DictReader(file))


def series_of_csv(run_dir: pathlib.Path) -> Series:
    """A validation stands at the iteration that it follows, a test at the one that would be next."""
    series = collections.defaultdict(list)
    for row in rows(run_dir / "metrics.csv"):
        for column in METRICS_COLUMNS:
            series[f"train/{column}"].append((int(row["iteration"]), float(row[column])))
    for row in rows(run_dir / "validation.csv"):
        for column in VALIDATION_COLUMNS:
            tag = f"{row['split']}/{column}"
            step = int(row["iteration"]) - (0 if row["split"].startswith("test") else 1)
            series[tag].append((step, float(row[column])))
    return series


def series_of_scalars(path: pathlib.Path) -> Series:
    """By the reader that other programs use."""
    reader = event_accumulator.EventAccumulator(str(path), size_guidance={"scalars": 0}).Reload()
    tags = reader.Tags()["scalars"]
    return {tag: [(event.step, event.value) for event in reader.Scalars(tag)] for tag in tags}


def series_of_tensors(path: pathlib.Path) -> Series:
    """By the reader of TensorBoard's own server."""
    reader = plugin_event_accumulator.EventAccumulator(str(path), size_guidance={"tensors": 0})
    tags = reader.Reload().Tags()["tensors"]

    def value(event: plugin_event_accumulator.TensorEvent) -> float:
        return tensor_util.make_ndarray(event.tensor_proto).item()

    return {tag: [(event.step, value(event)) for event in reader.Tensors(tag)] for tag in tags}


def problems(shown: Series, written: Series) -> list[str]:
    if not written or shown.keys() != written.keys():
        return [f"the tags are {sorted(shown)}, not {sorted(written)}"]
    found = []
    for tag, points in written.items():
        steps = [step for step, _ in points]
        if [step for step, _ in shown[tag]] != steps:
            found.append(f"{tag} is at steps {[step for step, _ in shown[tag]]}, not {steps}")
            continue
        for (step, ours), (_, theirs) in zip(points, shown[tag]):
            absolute = ABSOLUTE.get(tag, 0.0)
            if not math.isclose(ours, theirs, rel_tol=RELATIVE, abs_tol=absolute):
                found.append(f"{tag} at step {step} is {theirs}, in the table {ours}")
    return found


def logged_steps(path: pathlib.Path) -> list[int]:
    return [step for step, _ in series_of_scalars(path)["train/loss"]]


def train_killed_and_resumed(run_dir: pathlib.Path) -> None:
    quickstart.train_and_kill(KILLED_AT, run_dir, *FIELDS)
    (killed,) = run_dir.glob(EVENT_FILES)
    if logged_steps(killed)[-1] < KILLED_AT:
        sys.exit(f"iteration {KILLED_AT} was printed before the kill, but it is not in {killed.name}")
    # What a power cut may leave: a record cut short, which must not hide the file that follows.
    os.truncate(killed, killed.stat().st_size - 5)
    quickstart.train(run_dir, *FIELDS, "--resume")
    (resumed,) = set(run_dir.glob(EVENT_FILES)) - {killed}
    if logged_steps(resumed)[0] > logged_steps(killed)[-1]:
        sys.exit("the resumed process did no iteration of the killed one again: nothing is tested")


def main() -> None:
    logging.getLogger("tensorboard").setLevel(logging.ERROR)  # It reports what it purges.
    with tempfile.TemporaryDirectory() as folder:
        run_dir = pathlib.Path(folder) / "run"
        train_killed_and_resumed(run_dir)
        written = series_of_csv(run_dir)
        found = [
            f"{read.__name__}: {problem}"
            for read in (series_of_scalars, series_of_tensors)
            for problem in problems(read(run_dir), written)
        ]
    if found:
        sys.exit("\n".join(found))
    print(f"tags: {len(written)}, points: {sum(len(points) for points in written.values())}")


if __name__ == "__main__":
    main()
