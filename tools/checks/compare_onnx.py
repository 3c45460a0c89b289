"""Exports models of //train as ONNX and has ONNX Runtime compute what //eval:predict computes, a line for each."""

import argparse
import dataclasses
import json
import pathlib
import sys
import tempfile

import import_programs
from import_programs import ROOT, Predictions, output_of
import numpy as np
import onnx
import onnxruntime
from picture_files import picture
from PIL import Image, ImageOps

TOLERANCE = 1e-4  # of the largest magnitude
MOST_PIXELS = 1e-6  # that differ by a level of 255
BATCH = 7
SIZE = (75, 50)  # of a whole batch of pictures, width and height
# Of the others: upright and not, enlarged and not, with odd numbers left over on both sides.
SIZES = ((500, 375), (375, 500), (257, 401), (1024, 683), (32, 32), (9, 13), (1, 1), (640, 20))

CROP = "resize_and_center_crop { decode_whole: true %s }"


@dataclasses.dataclass(frozen=True)
class Case:
    name: str
    model: str  # fields of the model that are not those of SMALL
    crop: str = ""  # fields of the crop
    data: str = ""
    iterations: int = 20
    rate: float = 0.01  # so high that no tensor keeps the zeros and ones that it begins with


SMALL = "image_size: 32 channels: 3 patch_size: 8 num_classes: 3 depth: 2 heads: 2 width: 32"

CASES = (
    Case("as it is by default", ""),
    Case("ViT", "patch_norms=false layer_norm_epsilon=1e-6", "filter: BICUBIC"),
    Case("no patch_bias", "patch_norms=false patch_bias=false"),
    Case("class token without position", "class_token_position=false", "crop_fraction: 1"),
    Case("distillation token", "distillation_token=true", "filter: BICUBIC round_down: true"),
    Case(
        "distillation token, class token without position",
        "distillation_token=true class_token_position=false register_tokens=1",
        "crop_fraction: 0.9 round_down: true",
    ),
    Case("registers", "register_tokens=3", "stretch: true"),
    Case("SINCOS_2D", "position_embedding=SINCOS_2D", "stretch: true filter: BICUBIC"),
    Case(
        "SINCOS_2D, MEAN, a class token that is not read",
        "position_embedding=SINCOS_2D pooling=MEAN class_token=true register_tokens=2",
        data="normalization: IMAGENET_STATS",
    ),
    Case("embedding_norm, no qkv_bias", "embedding_norm=true qkv_bias=false"),
    Case("layer_norm_epsilon", "layer_norm_epsilon=1e-2"),
    Case("query_key_norm LAYER_NORM", "query_key_norm=LAYER_NORM"),
    Case("query_key_norm RMS_NORM", "query_key_norm=RMS_NORM layer_norm_epsilon=1e-3"),
    Case("GELU_TANH", "activation=GELU_TANH"),
    Case("QUICK_GELU", "activation=QUICK_GELU"),
    Case("SWIGLU", "activation=SWIGLU mlp_width=40"),
    Case("layer_scale", "layer_scale=0.1"),
    Case("MEAN", "pooling=MEAN"),
    Case("MEAN, AFTER_MEAN", "pooling=MEAN pooling_norm=AFTER_MEAN class_token=true"),
    Case("CLASS_AND_MEAN", "pooling=CLASS_AND_MEAN register_tokens=1"),
    Case("wide", "image_width=48", "filter: BICUBIC"),
    Case("tall", "image_size=40 image_width=24", "crop_fraction: 0.7 round_down: true"),
    Case("grey", "channels=1", data="mean: 0.2 std: 0.3"),
    Case("one block", "depth=1"),
)

LARGE = Case(
    "ViT-B/16 at 224",
    "image_size=224 patch_size=16 depth=12 heads=12 width=768 patch_norms=false layer_norm_epsilon=1e-6",
    "filter: BICUBIC crop_fraction: 0.9",
    "normalization: IMAGENET_STATS",
    iterations=1,
    rate=1e-4,
)


def config_of(case: Case) -> str:
    return f"""
        model {{ {SMALL} }}
        data {{
          source: IMAGE_FOLDER batch_size: 3 loader_threads: 1 {case.data}
          train_transforms {{ random_resized_crop {{}} }}
          evaluation_transforms {{ {CROP % case.crop} }}
        }}
        schedule {{ iterations: {case.iterations} kind: CONSTANT max_learning_rate: {case.rate} }}
        checkpoint {{ every_iterations: {case.iterations} }}
    """


class Pictures:
    """One data set with three classes, and the pictures that are predicted.

    They are PNG files, whose pixels no decoder rounds differently.
    """

    def __init__(self, folder: pathlib.Path, given: list[pathlib.Path]):
        self.data = folder / "data"
        for part in ("train", "val"):
            for number, name in enumerate(("cat", "dog é", 'a "quoted" one')):
                path = self.data / part / name
                path.mkdir(parents=True)
                picture(40, 40, seed=number).save(path / "0.png")
        self.batch = [folder / f"batch{i}.png" for i in range(BATCH)]
        for i, path in enumerate(self.batch):
            picture(*SIZE, seed=i).save(path)
        self.others = []
        for i, size in enumerate(SIZES):
            self._add(picture(*size, seed=100 + i), folder)
        for path in given:
            self._add(ImageOps.exif_transpose(Image.open(path)).convert("RGB"), folder)

    def _add(self, image: Image.Image, folder: pathlib.Path) -> None:
        self.others.append(folder / f"other{len(self.others)}.png")
        image.save(self.others[-1])


def train(case: Case, pictures: Pictures, folder: pathlib.Path) -> pathlib.Path:
    config, run = folder / "case.textproto", folder / "run"
    config.write_text(config_of(case))
    program = ROOT / "bazel-bin/train/train"
    flags = [f"--data_dir={pictures.data}", "--report=false", "--device=cpu", "threads=1"]
    flags += [f"model.{field}" for field in case.model.split()]
    output_of(program, f"--config={config}", f"--run_dir={run}", *flags)
    return run


def export(checkpoint: pathlib.Path, output: pathlib.Path, *flags: str) -> onnx.ModelProto:
    program = ROOT / "bazel-bin/eval/export"
    output_of(program, f"--checkpoint={checkpoint}", "--format=onnx", f"--output={output}", *flags)
    onnx.checker.check_model(str(output), full_check=True)
    return onnx.load(output, load_external_data=False)


def hand_out_pixels(path: pathlib.Path, model: onnx.ModelProto) -> None:
    """Makes what the preprocessing computes an output of the file too."""
    last = [node for node in model.graph.node if node.name.startswith("preprocessing/")][-1]
    output = onnx.ValueInfoProto(name=last.output[0])
    output.type.tensor_type.elem_type = onnx.TensorProto.FLOAT
    model.graph.output.append(output)
    onnx.save(model, path)


class Runtime:
    def __init__(self, model: pathlib.Path):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        providers = ["CPUExecutionProvider"]
        self.session = onnxruntime.InferenceSession(model, options, providers=providers)

    def run(self, batch: np.ndarray) -> list[np.ndarray]:
        """Logits, embedding, and the pixels where they are handed out."""
        (given,) = self.session.get_inputs()
        return self.session.run(None, {given.name: batch})

    def run_one_by_one(self, batches: list[np.ndarray]) -> list[np.ndarray]:
        return [np.concatenate(rows) for rows in zip(*map(self.run, batches), strict=True)]


class Errors:
    """The largest of all comparisons."""

    def __init__(self):
        self.largest = {}

    def add(self, how: str, theirs: list[np.ndarray], ours: Predictions, rows: slice) -> None:
        for given, expected in zip(theirs, (ours.logits, ours.features)):
            error = error_of(given, expected.numpy()[rows])
            self.largest[how] = max(self.largest.get(how, 0), error)

    def problems(self, name: str) -> list[str]:
        text = ", ".join(f"{how} {value:.1e}" for how, value in self.largest.items())
        print(f"{name}: {text}")
        return [] if max(self.largest.values()) < TOLERANCE else [f"{name}: {text}"]


def check_pixels(name: str, theirs: np.ndarray, ours: np.ndarray, std: np.ndarray) -> list[str]:
    """Prints how many differ, and returns a line if it is more than a rounding here and there."""
    levels = np.abs(theirs - ours) * std[:, None, None] * 255
    text = f"{(levels > 0.5).sum()} of {levels.size} pixels differ, by {levels.max():.2f} levels"
    print(f"{name}: {text}")
    is_good = levels.max() < 1.01 and (levels > 0.5).mean() <= MOST_PIXELS
    return [] if is_good else [f"{name}: {text}"]


def error_of(theirs: np.ndarray, ours: np.ndarray) -> float:
    if theirs.shape != ours.shape or not np.isfinite(theirs).all():
        return float("inf")
    return float(np.abs(theirs - ours).max() / np.abs(ours).max())


def bytes_of(path: pathlib.Path, channels: int) -> np.ndarray:
    image = np.asarray(Image.open(path).convert("L" if channels == 1 else "RGB"))
    return image.reshape(1, *image.shape[:2], channels)


def std_of(model: onnx.ModelProto) -> np.ndarray:
    found = {entry.key: entry.value for entry in model.metadata_props}
    return np.array(json.loads(found["std"]))


def check_metadata(case: Case, model: onnx.ModelProto, inside: bool) -> list[str]:
    found = {entry.key: entry.value for entry in model.metadata_props}
    problems = []
    if sorted(json.loads(found["class_names"])) != sorted(["cat", "dog é", 'a "quoted" one']):
        problems.append(f"{case.name}: class_names are {found['class_names']}")
    if found["preprocessing"] != ("inside" if inside else "outside"):
        problems.append(f"{case.name}: preprocessing is {found['preprocessing']}")
    return problems


def check(case: Case, pictures: Pictures, folder: pathlib.Path) -> list[str]:
    run = train(case, pictures, folder)
    paths = pictures.batch + pictures.others
    ours = import_programs.predict(run, paths)
    inputs = ours.inputs.numpy()
    errors = Errors()
    path = folder / "outside.onnx"
    problems = check_metadata(case, export(run, path), inside=False)
    runtime = Runtime(path)
    errors.add("batch 1", runtime.run_one_by_one(list(inputs[:, None])), ours, slice(None))
    errors.add(f"batch {BATCH}", runtime.run(inputs[:BATCH]), ours, slice(BATCH))
    path = folder / "inside.onnx"
    model = export(run, path, "--with_preprocessing")
    problems += check_metadata(case, model, inside=True)
    hand_out_pixels(path, model)
    runtime = Runtime(path)
    images = [bytes_of(picture, inputs.shape[1]) for picture in paths]
    *outputs, pixels = runtime.run_one_by_one(images)
    problems += check_pixels(case.name, pixels, inputs, std_of(model))
    errors.add("image, batch 1", outputs, ours, slice(None))
    together = np.concatenate(images[:BATCH])
    errors.add(f"image, batch {BATCH}", runtime.run(together)[:2], ours, slice(BATCH))
    # Or what the model computes would not depend on the pictures.
    if error_of(ours.logits.numpy()[:1], ours.logits.numpy()[1:2]) < 100 * TOLERANCE:
        problems.append(f"{case.name}: all pictures have the same logits")
    return problems + errors.problems(case.name)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--images", type=pathlib.Path, help="a folder with JPEG files to take too")
    parser.add_argument("--every", type=int, default=1, help="only each N-th of them")
    parser.add_argument("--only", default="", help="cases with this in their names")
    arguments = parser.parse_args()
    given = sorted(arguments.images.rglob("*.*")) if arguments.images else []
    jpegs = [path for path in given if path.suffix.lower() in (".jpg", ".jpeg")]
    if arguments.images and not jpegs:
        sys.exit(f"{arguments.images}: has no JPEG file")
    problems = []
    with tempfile.TemporaryDirectory() as folder:
        pictures = Pictures(pathlib.Path(folder), jpegs[:: arguments.every])
        for case in (*CASES, LARGE):
            if arguments.only in case.name:
                with tempfile.TemporaryDirectory() as own:
                    problems += check(case, pictures, pathlib.Path(own))
    if problems:
        sys.exit("\n".join(problems))


if __name__ == "__main__":
    main()
