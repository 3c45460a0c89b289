"""The pixels that reach an imported model are within one level of 255 of those that its package makes.

But for a few of a million, which are two levels apart: resizing rounds twice, in each program with
other weights. The processors of transformers that compute with tensors are as far from those that
compute with Pillow.
"""

import argparse
import contextlib
import dataclasses
import pathlib
import sys
import tempfile
from collections.abc import Callable, Iterator

import numpy as np
from picture_files import picture
from PIL import Image, ImageOps
import import_programs
import timm
import torch
import transformers

LEVELS = 255
ROUNDING = 0.01  # of mean and deviation, in levels
# Of a million values, so many may be two levels apart.
BEYOND_ONE = {"Pillow": 1, "tensors": 5}
AT_ONCE = 50  # pictures, for their tensors to fit into memory

# Width and height: upright and not, enlarged and not, odd numbers left over on both sides.
SIZES = (
    (500, 375),
    (375, 500),
    (333, 500),
    (640, 427),
    (257, 401),
    (1024, 683),
    (224, 224),
    (100, 131),
)

Pixels = Callable[[Image.Image], np.ndarray]


@dataclasses.dataclass(frozen=True)
class Case:
    name: str
    save: Callable[[pathlib.Path], None]  # a small model, into a folder
    processors: dict[str, Pixels]  # to [C, H, W], from -something to something
    mean: tuple[float, ...]
    std: tuple[float, ...]


@contextlib.contextmanager
def rows_first() -> Iterator[None]:
    """Lets Pillow resize each row before it resizes columns.

    torchvision does so for tensors, and Pillow did until version 13, which begins with the columns
    where that is less work. Each pass rounds, and cuts off what is beyond 0 and 255: of a bicubic
    kernel that is some levels.
    """
    resize = Image.Image.resize

    def in_two_passes(image, size, resample=None, box=None, reducing_gap=None):
        width, height = size
        if box is not None or reducing_gap is not None or image.mode != "RGB":
            return resize(image, size, resample, box, reducing_gap)
        return resize(resize(image, (width, image.height), resample), (width, height), resample)

    Image.Image.resize = in_two_passes
    try:
        yield
    finally:
        Image.Image.resize = resize


def transformers_case(name: str, kind: str, **options) -> Case:
    """`kind` is the beginning of its processor's name. One computes with Pillow, one with tensors."""
    is_old = transformers.__version__.startswith("4.")
    endings = {"Pillow": "ImageProcessor", "tensors": "ImageProcessorFast"}
    if not is_old:
        endings = {"Pillow": "ImageProcessorPil", "tensors": "ImageProcessor"}
    made = {
        what: getattr(transformers, kind + ending)(**options) for what, ending in endings.items()
    }
    saved = getattr(transformers, kind + "ImageProcessor")(**options)
    sizes = {
        "hidden_size": 8,
        "num_hidden_layers": 1,
        "num_attention_heads": 1,
        "intermediate_size": 8,
    }
    model = transformers.ViTForImageClassification(transformers.ViTConfig(**sizes))

    def save(folder: pathlib.Path) -> None:
        model.save_pretrained(folder)
        saved.save_pretrained(folder)

    def processor(what: str) -> Pixels:
        return lambda image: made[what](image, return_tensors="pt")["pixel_values"][0].numpy()

    return Case(
        name=f"transformers {transformers.__version__} {name}",
        save=save,
        processors={what: processor(what) for what in made},
        mean=tuple(saved.image_mean),
        std=tuple(saved.image_std),
    )


def transformers_cases() -> list[Case]:
    imagenet = {"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}
    return [
        transformers_case("ViTImageProcessor", "ViT"),
        transformers_case("DeiTImageProcessor", "DeiT"),
        transformers_case("BitImageProcessor", "Bit"),
        transformers_case(
            "BitImageProcessor of DINOv2", "Bit", size={"shortest_edge": 256}, **imagenet
        ),
    ]


def timm_case(name: str, **preprocessing) -> Case:
    size = {}
    if "input_size" in preprocessing:
        size["img_size"] = preprocessing["input_size"][1:]
    model = timm.create_model(name, depth=1, pretrained_cfg_overlay=preprocessing, **size)
    config = timm.data.resolve_model_data_config(model)
    transform = timm.data.create_transform(**config, is_training=False)
    label = "".join(f", {value}" for value in preprocessing.values())
    return Case(
        name=f"timm {name}{label}",
        save=lambda folder: timm.models.save_for_hf(model, folder, safe_serialization=True),
        processors={"Pillow": lambda image: transform(image).numpy()},
        mean=config["mean"],
        std=config["std"],
    )


def timm_cases() -> list[Case]:
    return [
        timm_case("vit_tiny_patch16_224"),
        timm_case("deit_tiny_patch16_224", interpolation="bilinear", crop_pct=0.875),
        timm_case("vit_tiny_patch16_224", crop_mode="squash"),
        timm_case("vit_xsmall_patch16_clip_224"),
        timm_case("vit_small_patch14_dinov2"),
        timm_case("vit_tiny_patch16_224", input_size=(3, 160, 224)),
    ]


def to_levels(case: Case, pixels: np.ndarray) -> np.ndarray:
    """Of normalised pixels, [C, H, W]."""
    mean, std = (np.array(values, np.float64)[:, None, None] for values in (case.mean, case.std))
    return (pixels * std + mean) * LEVELS


@dataclasses.dataclass
class Difference:
    largest: float = 0
    where: str = ""
    beyond: int = 0  # values that differ by more than one level
    values: int = 0

    def add(self, ours: np.ndarray, theirs: np.ndarray, where: str) -> None:
        if ours.shape != theirs.shape:
            sys.exit(f"{where}: {ours.shape}, not {theirs.shape}")
        difference = np.abs(ours - theirs)
        if difference.max() > self.largest:
            self.largest, self.where = float(difference.max()), where
        self.beyond += int((difference > 1 + ROUNDING).sum())
        self.values += difference.size

    @property
    def beyond_one(self) -> float:
        """Of a million."""
        return self.beyond / self.values * 1e6


def measure(case: Case, pictures: list[pathlib.Path]) -> dict[str, Difference]:
    differences = {name: Difference() for name in case.processors}
    with tempfile.TemporaryDirectory() as folder:
        weights, checkpoint = pathlib.Path(folder) / "weights", pathlib.Path(folder) / "checkpoint"
        weights.mkdir()
        case.save(weights)
        import_programs.import_weights(weights, checkpoint)
        for start in range(0, len(pictures), AT_ONCE):
            chunk = pictures[start : start + AT_ONCE]
            inputs = import_programs.predict(checkpoint, chunk).inputs
            for path, pixels in zip(chunk, inputs, strict=True):
                image = ImageOps.exif_transpose(Image.open(path)).convert("RGB")
                ours = to_levels(case, pixels.numpy())
                for name, processor in case.processors.items():
                    differences[name].add(ours, to_levels(case, processor(image)), str(path))
    return differences


def check(case: Case, pictures: list[pathlib.Path]) -> list[str]:
    """Prints the largest differences and returns what is wrong."""
    problems = []
    for name, difference in measure(case, pictures).items():
        text = (
            f"{case.name}, {name}: {difference.largest:.2f} levels, "
            f"{difference.beyond_one:.2g} of a million beyond one"
        )
        print(text)
        if difference.largest > 2 + ROUNDING or difference.beyond_one > BEYOND_ONE[name]:
            problems.append(f"{text}; most in {difference.where}")
    return problems


def make_pictures(folder: pathlib.Path) -> None:
    """JPEG files of SIZES, in colour and one in grey, and one in each of Exif's orientations."""
    for i, size in enumerate(SIZES):
        picture(*size, seed=i).save(folder / f"{i}.jpg", quality=90)
    picture(400, 300, seed=9).convert("L").save(folder / "grey.jpg", quality=90)
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        picture(333, 250, seed=10).save(folder / f"turned{orientation}.jpg", exif=exif, quality=90)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--other_packages", action="store_true", help="timm's too")
    parser.add_argument(
        "--images", type=pathlib.Path, help="a folder with JPEG files, instead of our own"
    )
    parser.add_argument("--every", type=int, default=1, help="only each N-th of them")
    parser.add_argument("--only", default="", help="cases with this in their names")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    cases = transformers_cases() + (timm_cases() if arguments.other_packages else [])
    with tempfile.TemporaryDirectory() as folder:
        if arguments.images is None:
            make_pictures(pathlib.Path(folder))
        paths = sorted((arguments.images or pathlib.Path(folder)).rglob("*.*"))
        pictures = [path for path in paths if path.suffix.lower() in (".jpg", ".jpeg")][
            :: arguments.every
        ]
        if not pictures:
            sys.exit(f"{arguments.images}: has no JPEG file")
        print(f"pictures: {len(pictures)}")
        with rows_first():
            problems = [
                problem
                for case in cases
                if arguments.only in case.name
                for problem in check(case, pictures)
            ]
    if problems:
        sys.exit("\n".join(problems))


if __name__ == "__main__":
    main()
