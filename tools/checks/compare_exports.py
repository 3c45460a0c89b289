"""Exports models and compares what they compute in other packages, a line for each."""

import argparse
import pathlib
import re
import sys
import tempfile

import exported_models
from exported_models import FORMATS
import import_programs
from import_programs import Predictions
import package_models
from package_models import Case
from picture_files import picture
import quickstart
import torch
from torch import nn

TOLERANCE = 1e-5  # of the largest magnitude
SIZES = ((300, 200), (240, 320))

# It has norms of the patches, before and after their projection.
HELD_BY_NONE = ("vit-pytorch ViT",)

# Of //train, beside model.patch_norms=false: what all other packages have, and what some have.
OWN = (
    "",
    "model.layer_norm_epsilon=1e-6 model.register_tokens=2 model.position_embedding=SINCOS_2D",
    "model.pooling=MEAN model.class_token=true model.layer_scale=0.5 model.activation=QUICK_GELU",
    "model.pooling=MEAN model.pooling_norm=AFTER_MEAN model.query_key_norm=LAYER_NORM",
    "model.layer_norm_epsilon=1e-6 model.distillation_token=true model.class_token_position=false",
    "model.layer_norm_epsilon=1e-6 model.activation=SWIGLU model.mlp_width=344",
    "model.patch_bias=false model.class_token_position=false model.register_tokens=1",
    "model.embedding_norm=true model.activation=GELU_TANH model.qkv_bias=false",
)
OWN_SIZES = ("model.patch_norms=false", "model.width=128", "model.depth=3", "model.heads=2")


def error(ours: torch.Tensor, theirs: torch.Tensor) -> float:
    if ours.shape != theirs.shape:
        return float("inf")
    return ((ours - theirs).abs().max() / theirs.abs().max()).item()


class Comparison:
    def __init__(self, pictures: list[pathlib.Path]) -> None:
        self.pictures = pictures
        self.problems: list[str] = []
        self.exports = 0

    def complain(self, text: str) -> None:
        self.problems.append(text)

    @torch.no_grad()
    def load(self, name: str, folder: pathlib.Path, format: str, ours: Predictions) -> nn.Module:
        """Prints the largest difference of its logits, or of its features where it has no head."""
        model = exported_models.load(folder, format)
        theirs = exported_models.outputs(model, ours.inputs)
        # A model without a head has one of zeros here.
        has_head = ours.logits.abs().max() > 0
        what = "logits" if has_head else "features"
        value = error(ours.logits if has_head else ours.features, theirs)
        print(f"{name}: {exported_models.described_class(folder)}, {what} {value:.1e}")
        if not value < TOLERANCE:
            self.complain(f"{name}: {what} differ by {value}")
        if error(theirs[:1], theirs[1:]) < 100 * TOLERANCE:
            self.complain(f"{name}: all pictures have the same {what}")
        self.exports += 1
        if not has_head:
            return model
        labels = exported_models.class_names(model)
        if ours.classes != [labels[i] for i in theirs.argmax(1).tolist()]:
            self.complain(f"{name}: the classes are {ours.classes}")
        return model

    def export(
        self, name: str, checkpoint: pathlib.Path, folder: pathlib.Path
    ) -> dict[str, nn.Module]:
        """In every format that can hold it."""
        ours = import_programs.predict(checkpoint, self.pictures)
        models = {}
        for format in FORMATS:
            output = folder / format
            label = f"{name}, as {format}"
            if import_programs.export(checkpoint, format, output) is None:
                print(f"{label}: can't be held")
            else:
                models[format] = self.load(label, output, format, ours)
        if bool(models) == (name in HELD_BY_NONE):
            self.complain(f"{name}: {', '.join(models) or 'no format'} can hold it")
        return models

    def compare_tensors(self, name: str, before: nn.Module, after: nn.Module, said: str) -> None:
        """All that are not named are equal, to the last bit."""
        state = after.state_dict()
        same = 0
        for key, tensor in before.state_dict().items():
            if is_named(key, said):
                continue
            if key not in state or not torch.equal(state[key], tensor):
                self.complain(f"{name}: {key} is another tensor")
            else:
                same += 1
        print(f"{name}: {same} of {len(state)} tensors are the same bits")


def is_named(key: str, said: str) -> bool:
    """Whether the import said that it left the tensor over, or put it together with another."""
    left_over = re.search(r"left over: (.*);", said)
    if left_over and key in left_over[1].split(", "):
        return True
    moved = "positions of registers are added to them" in said
    parts = ("distillation_token", "position_embeddings", "reg_token", "pos_embed")
    return moved and key.endswith(parts)


def own_package(model: nn.Module) -> str | None:
    """The format that is its own package's."""
    package = type(model).__module__.split(".")[0]
    return {"timm": "timm", "transformers": "huggingface"}.get(package)


def check_case(case: Case, comparison: Comparison, folder: pathlib.Path) -> None:
    model = package_models.randomize(case.make())
    weights, checkpoint = folder / "weights", folder / "checkpoint"
    weights.mkdir()
    case.save(model, weights)
    said = import_programs.import_weights(weights, checkpoint, *case.fields)
    exported = comparison.export(case.name, checkpoint, folder)
    own = own_package(model)
    if own is None:
        return
    if own not in exported:
        comparison.complain(f"{case.name}: its own package can't hold it")
        return
    comparison.compare_tensors(case.name, model, exported[own], said)


def check_own(fields: str, comparison: Comparison, folder: pathlib.Path) -> None:
    run_dir = folder / "run"
    iterations = ("schedule.iterations=20", "schedule.warmup_iterations=0")
    quickstart.train(run_dir, *OWN_SIZES, *iterations, *fields.split())
    comparison.export(f"//train {fields}", run_dir, folder)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--other_packages", action="store_true", help="timm's and our own too")
    parser.add_argument("--only", default="", help="cases with this in their names")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    cases = package_models.transformers_cases()
    own = ()
    if arguments.other_packages:
        cases += package_models.other_cases()
        own = OWN
    with tempfile.TemporaryDirectory() as folder:
        pictures = [pathlib.Path(folder) / f"{i}.png" for i in range(len(SIZES))]
        for i, size in enumerate(SIZES):
            picture(*size, seed=i).save(pictures[i])
        comparison = Comparison(pictures)
        for case in cases:
            if arguments.only in case.name:
                with tempfile.TemporaryDirectory() as place:
                    check_case(case, comparison, pathlib.Path(place))
        for fields in own:
            if arguments.only in f"//train {fields}":
                with tempfile.TemporaryDirectory() as place:
                    check_own(fields, comparison, pathlib.Path(place))
    if comparison.problems or comparison.exports == 0:
        sys.exit("\n".join(comparison.problems) or "nothing was exported")


if __name__ == "__main__":
    main()
