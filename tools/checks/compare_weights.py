"""Imports models of other packages and compares what they compute, a line for each."""

import argparse
import pathlib
import sys
import tempfile

import package_models
from package_models import Case
from picture_files import picture
import import_programs
from import_programs import Predictions
import torch
from torch import Tensor, nn

TOLERANCE = 1e-5  # of the largest magnitude
SIZES = ((300, 200), (240, 320))


def error(ours: Tensor, theirs: Tensor) -> float:
    if ours.shape != theirs.shape:
        return float("inf")
    return ((ours - theirs).abs().max() / theirs.abs().max()).item()


def compare(case: Case, model: nn.Module, name: str, ours: Predictions) -> list[str]:
    """Prints the largest differences and returns what is wrong."""
    theirs = package_models.run(case, model, ours.inputs)
    errors = {"features": error(ours.features, theirs.features)}
    if case.has_logits:
        errors["logits"] = error(ours.logits, theirs.logits)
    print(f"{name}:", ", ".join(f"{what} {value:.1e}" for what, value in errors.items()))
    problems = [
        f"{name}: {what} differ by {value}"
        for what, value in errors.items()
        if not value < TOLERANCE
    ]
    # Or what the models compute would not depend on the pictures.
    if error(ours.features[:1], ours.features[1:]) < 100 * TOLERANCE:
        problems.append(f"{name}: all pictures have the same features")
    labels = getattr(getattr(model, "config", None), "id2label", None)
    if labels and ours.classes != [labels[i] for i in theirs.logits.argmax(1).tolist()]:
        problems.append(f"{name}: the classes are {ours.classes}")
    return problems


def check(case: Case, pictures: list[pathlib.Path], folder: pathlib.Path) -> list[str]:
    model = package_models.randomize(case.make())
    weights, checkpoint = folder / "weights", folder / "checkpoint"
    weights.mkdir()
    case.save(model, weights)
    import_programs.import_weights(weights, checkpoint, *case.fields)
    problems = compare(case, model, case.name, import_programs.predict(checkpoint, pictures))
    if case.other_size is None:
        return problems
    height, width = case.other_size
    fields = [f"model.image_size={height}", f"model.image_width={width}"]
    other = folder / "other_size"
    import_programs.import_weights(weights, other, *case.fields, *fields)
    model.set_input_size(case.other_size)
    name = f"{case.name}, {height} x {width} pixels"
    return problems + compare(case, model, name, import_programs.predict(other, pictures))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--other_packages", action="store_true", help="timm's and others' too")
    parser.add_argument("--only", default="", help="cases with this in their names")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    cases = package_models.transformers_cases() + (
        package_models.other_cases() if arguments.other_packages else []
    )
    problems = []
    with tempfile.TemporaryDirectory() as folder:
        pictures = [pathlib.Path(folder) / f"{i}.png" for i in range(len(SIZES))]
        for i, size in enumerate(SIZES):
            picture(*size, seed=i).save(pictures[i])
        for case in cases:
            if arguments.only in case.name:
                with tempfile.TemporaryDirectory() as own:
                    problems += check(case, pictures, pathlib.Path(own))
    if problems:
        sys.exit("\n".join(problems))


if __name__ == "__main__":
    main()
