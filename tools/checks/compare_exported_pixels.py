"""The pixels of exported processors are within one level of 255 of those that reach our model."""

import argparse
import dataclasses
import pathlib
import sys
import tempfile

import compare_pixels
from compare_pixels import Case, Pixels
import exported_models
from exported_models import FORMATS
import import_programs
import timm
import torch
import transformers


def timm_pixels(folder: pathlib.Path) -> dict[str, Pixels]:
    model = exported_models.load_timm(folder)
    config = timm.data.resolve_model_data_config(model)
    transform = timm.data.create_transform(**config, is_training=False)
    return {"Pillow": lambda image: transform(image).numpy()}


def transformers_pixels(folder: pathlib.Path) -> dict[str, Pixels]:
    """Of both processors, one of which computes with Pillow and one with tensors."""
    load = transformers.AutoImageProcessor.from_pretrained
    if transformers.__version__.startswith("4."):
        made = {"Pillow": load(folder, use_fast=False), "tensors": load(folder, use_fast=True)}
    else:
        backends = {"Pillow": "pil", "tensors": "torchvision"}
        made = {what: load(folder, backend=backend) for what, backend in backends.items()}
    kinds = {type(processor).__name__ for processor in made.values()}
    if len(kinds) != len(made):
        raise ValueError(f"{folder}: both processors are {kinds}")

    def pixels(what: str) -> Pixels:
        return lambda image: made[what](image, return_tensors="pt")["pixel_values"][0].numpy()

    return {what: pixels(what) for what in made}


def exported(case: Case, folder: pathlib.Path) -> list[Case]:
    """The case with the processors of each format that does exactly the same."""
    weights, checkpoint = folder / "weights", folder / "checkpoint"
    weights.mkdir()
    case.save(weights)
    import_programs.import_weights(weights, checkpoint)
    cases = []
    for format in FORMATS:
        output = folder / format
        said = import_programs.export(checkpoint, format, output)
        # What is done a little differently is said.
        if said is None or "data.evaluation_transforms" in said:
            continue
        processors = timm_pixels(output) if format == "timm" else transformers_pixels(output)
        name = f"{case.name}, as {format}"
        cases.append(dataclasses.replace(case, name=name, processors=processors))
    return cases


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--other_packages", action="store_true", help="timm's too")
    parser.add_argument("--only", default="", help="cases with this in their names")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    cases = compare_pixels.transformers_cases()
    if arguments.other_packages:
        cases += compare_pixels.timm_cases()
    problems = []
    with tempfile.TemporaryDirectory() as folder:
        compare_pixels.make_pictures(pathlib.Path(folder))
        pictures = sorted(pathlib.Path(folder).iterdir())
        for case in cases:
            if arguments.only not in case.name:
                continue
            with tempfile.TemporaryDirectory() as place, compare_pixels.rows_first():
                made = exported(case, pathlib.Path(place))
                if not made:
                    problems.append(f"{case.name}: no format has its processor")
                for one in made:
                    problems += compare_pixels.check(one, pictures)
    if problems:
        sys.exit("\n".join(problems))


if __name__ == "__main__":
    main()
