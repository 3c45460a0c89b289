"""Makes what Pillow and torchvision make of small pictures, for the tests of data/transform.

    python3 data/transform/testdata/generate_transforms.py [--output_dir=FOLDER]

Versions, pinned in tools/checks/requirements.txt: Python 3.11, Pillow 13.0.0, torchvision 0.26.0,
torch 2.11.0, numpy 2.4.6, safetensors 0.8.0. `tools/checks/run fixtures` makes them again and
compares.

transforms.safetensors, pictures [height, width, 3], after the name of the step and what it was given:
    picture, flat, wide, tall                       the sources
    resize_and_center_crop/SOURCE/FILTER/FRACTION/SIZE
    resized_crop/FILTER/SIZE/X,Y,W,H                of wide
    resize_then_crop/SOURCE/FILTER/SHORTER/X,Y,W,H/FILTER/SIZE
    flip, pad_and_crop/PADDING/X,Y, rotate/DEGREES  of picture, as all that follow
    brightness/FACTOR, contrast/, saturation/, sharpness/, hue/SHIFT
    autocontrast, equalize, invert                  of flat
    rand_augment/OPERATION/BIN/SIGN, trivial_augment_wide/...
    erase/X,Y,W,H                                   by ERASE_COLOR
and numbers:
    magnitudes/POLICY/BINS/WxH/OPERATION            float32 [BINS]
    resized_sizes/given, resized_sizes/made         int64 [N, 3], [N, 2]: width, height, shorter; w, h
    crop_sizes/given, erase_sizes/given             float64 [N, 4]: width, height, area, aspect
    crop_sizes/made, erase_sizes/made               int64 [N, 2]: width, height
    fallback/given, fallback/made                   int64 [N, 2], [N, 4]: width, height; x, y, w, h

auto_augment.safetensors, for each POLICY of torchvision's AutoAugmentPolicy:
    small                                           the source
    auto_augment/POLICY/SUB_POLICY/SIGN             with both operations and both magnitudes' sign
    probabilities/POLICY                            float64 [25, 2]
"""

import argparse
import pathlib

import numpy as np
from PIL import Image, ImageOps
from safetensors.numpy import save_file
import torch
from torchvision.transforms import InterpolationMode, RandomErasing, RandomResizedCrop, autoaugment
from torchvision.transforms import functional as F

EXACT = ()  # Bytes that differ at all do so by more than the tolerance; torch.linspace by a rounding.

Tensors = dict[str, np.ndarray]

POLICIES = {
    "rand_augment": (autoaugment.RandAugment, ((9, "+"), (9, "-"), (30, "+"), (30, "-"))),
    "trivial_augment_wide": (autoaugment.TrivialAugmentWide, ((14, "-"), (30, "+"))),
}
BINS = 31
FILTERS = {"bilinear": InterpolationMode.BILINEAR, "bicubic": InterpolationMode.BICUBIC}
ERASE_COLOR = (124, 116, 104)


def picture(width: int, height: int) -> Image.Image:
    """Waves on the left, noise of all colours on the right; channels have different ranges."""
    random = np.random.default_rng(width)
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    waves = np.stack([np.sin((x + y * c) / (3 + c)) for c in range(3)], axis=-1)
    pixels = 128 + 90 * waves + random.normal(0, 8, (height, width, 3))
    noise = random.integers(0, 256, (height, width, 3))
    pixels[:, width // 2 :] = noise[:, width // 2 :]
    low, high = (0, 30, 12), (255, 200, 240)
    return Image.fromarray(np.clip(pixels.round(), low, high).astype(np.uint8))


def flat() -> Image.Image:
    """What has to be divided by something other than 0: one value in red, two in green."""
    y, x = np.mgrid[0:16, 0:16]
    return Image.fromarray(np.stack([0 * x + 77, 90 + y % 2, 3 * x + y], axis=-1).astype(np.uint8))


def framing(wide: Image.Image, tall: Image.Image) -> Tensors:
    tensors = {}
    sources = {"wide": wide, "tall": tall}
    for source, name, fraction, size in (
        ("wide", "bilinear", "0.875", 32),
        ("tall", "bilinear", "0.875", 33),
        ("wide", "bicubic", "0.9", 24),
        ("tall", "bicubic", "1", 20),
        ("wide", "bilinear", "0.8", 60),
        ("tall", "bicubic", "0.96", 49),
        ("tall", "bilinear", "1", 50),
    ):
        resized = F.resize(sources[source], round(size / float(fraction)), FILTERS[name])
        cropped = F.center_crop(resized, size)
        tensors[f"resize_and_center_crop/{source}/{name}/{fraction}/{size}"] = cropped
    for name, size, x, y, w, h in (("bilinear", 24, 3, 9, 41, 30), ("bicubic", 32, 50, 0, 20, 25)):
        cropped = F.resized_crop(wide, y, x, h, w, [size, size], FILTERS[name])
        tensors[f"resized_crop/{name}/{size}/{x},{y},{w},{h}"] = cropped
    for source, first, shorter, (x, y, w, h), second, size in (
        ("wide", "bilinear", 40, (5, 3, 31, 35), "bilinear", 20),
        ("wide", "bilinear", 27, (0, 0, 40, 27), "bicubic", 24),
        ("tall", "bilinear", 80, (13, 37, 64, 70), "bilinear", 24),
        ("tall", "bicubic", 131, (90, 2, 41, 50), "bilinear", 20),
        ("wide", "bicubic", 36, (11, 9, 20, 20), "bicubic", 20),
        ("tall", "bilinear", 50, (7, 30, 33, 28), "bilinear", 24),
    ):
        resized = F.resize(sources[source], shorter, FILTERS[first])
        cropped = F.resized_crop(resized, y, x, h, w, [size, size], FILTERS[second])
        tensors[f"resize_then_crop/{source}/{first}/{shorter}/{x},{y},{w},{h}/{second}/{size}"] = cropped
    return tensors


def geometry(image: Image.Image) -> Tensors:
    tensors = {"flip": F.hflip(image)}
    for padding, x, y in ((4, 0, 0), (4, 8, 3), (2, 2, 2)):
        padded = F.pad(image, padding)
        tensors[f"pad_and_crop/{padding}/{x},{y}"] = F.crop(padded, y, x, image.height, image.width)
    for degrees in (0, 30, 45, 90, 180, -90, -7.5, 133.7):
        tensors[f"rotate/{degrees}"] = F.rotate(image, degrees)
    return tensors


def colors(image: Image.Image) -> Tensors:
    tensors = {}
    adjusters = {
        "brightness": F.adjust_brightness,
        "contrast": F.adjust_contrast,
        "saturation": F.adjust_saturation,
        "sharpness": F.adjust_sharpness,
    }
    for name, adjust in adjusters.items():
        tensors |= {f"{name}/{factor}": adjust(image, factor) for factor in (0, 0.55, 1, 3.3)}
    tensors |= {f"hue/{shift}": F.adjust_hue(image, shift) for shift in (-0.5, -0.21, 0, 0.1, 0.5)}
    tensors["autocontrast"] = ImageOps.autocontrast(flat())
    tensors["equalize"] = ImageOps.equalize(flat())
    tensors["invert"] = ImageOps.invert(flat())
    return tensors


def magnitude_table(policy: str, bins: int, height: int, width: int) -> dict[str, tuple]:
    kind = POLICIES[policy][0]
    if kind is autoaugment.RandAugment:
        return kind()._augmentation_space(bins, (height, width))
    return kind()._augmentation_space(bins)


def augmented(image: Image.Image, policy: str) -> Tensors:
    """Every operation at the bins and signs of POLICIES, once where neither matters."""
    tensors = {}
    table = magnitude_table(policy, BINS, image.height, image.width)
    for operation, (magnitudes, signed) in table.items():
        for bin_, sign in POLICIES[policy][1]:
            if sign == "-" and not signed or magnitudes.ndim == 0 and bin_ < BINS - 1:
                continue
            magnitude = float(magnitudes[bin_]) if magnitudes.ndim else 0.0
            result = autoaugment._apply_op(
                image, operation, -magnitude if sign == "-" else magnitude, InterpolationMode.NEAREST, None
            )
            tensors[f"{policy}/{operation}/{bin_}/{sign}"] = result
    return tensors


def magnitudes() -> Tensors:
    tensors = {}
    for policy in POLICIES:
        for bins, width, height in ((BINS, 29, 21), (BINS, 224, 224), (10, 32, 32), (2, 28, 28)):
            table = magnitude_table(policy, bins, height, width)
            for operation, (values, _) in table.items():
                if values.ndim:
                    key = f"magnitudes/{policy}/{bins}/{width}x{height}/{operation}"
                    tensors[key] = values.float().numpy()
    return tensors


def box_sizes() -> Tensors:
    """Ranges of one value leave only the place to chance; those that never fit, nothing."""
    given = np.array(
        [
            (500, 375, 0.5, 1.0),
            (500, 375, 0.08, 0.75),
            (375, 500, 0.31, 1.3),
            (31, 23, 0.2, 1.25),
            (32, 32, 0.02, 0.3),
            (224, 224, 0.3, 3.2),
            (7, 5, 0.1, 0.9),
        ]
    )
    crops, erased = [], []
    for width, height, area, aspect in given:
        image = torch.zeros(3, int(height), int(width))
        _, _, h, w = RandomResizedCrop.get_params(image, [area, area], [aspect, aspect])
        crops.append((w, h))
        _, _, h, w, _ = RandomErasing.get_params(image, [area, area], [aspect, aspect], [0.0])
        erased.append((w, h))
    sizes = np.array([(500, 375), (1000, 100), (100, 1000), (133, 100), (10, 1), (1, 1), (3, 4)])
    fallbacks = []
    for width, height in sizes:
        image = torch.zeros(3, int(height), int(width))
        y, x, h, w = RandomResizedCrop.get_params(image, [4.0, 4.0], [3 / 4, 4 / 3])
        fallbacks.append((x, y, w, h))
    return {
        "crop_sizes/given": given,
        "crop_sizes/made": np.array(crops),
        "erase_sizes/given": given,
        "erase_sizes/made": np.array(erased),
        "fallback/given": sizes,
        "fallback/made": np.array(fallbacks),
    }


def resized_sizes() -> Tensors:
    given = [(500, 375, 256), (375, 500, 256), (213, 160, 256), (160, 161, 257), (3, 1000, 7), (64, 64, 9)]
    images = [(torch.zeros(1, height, width), shorter) for width, height, shorter in given]
    made = [F.resize(image, shorter).shape[:0:-1] for image, shorter in images]
    return {"resized_sizes/given": np.array(given), "resized_sizes/made": np.array(made)}


def erased(image: Image.Image) -> Tensors:
    pixels = torch.from_numpy(np.array(image)).permute(2, 0, 1)
    color = torch.tensor(ERASE_COLOR, dtype=torch.uint8)[:, None, None]
    return {"erase/3,7,11,5": F.erase(pixels, 7, 3, 5, 11, color).permute(1, 2, 0).numpy()}


def transforms_fixture() -> Tensors:
    image, wide = picture(29, 21), picture(75, 50)
    tall = wide.transpose(Image.Transpose.TRANSPOSE)
    tensors = {"picture": image, "flat": flat(), "wide": wide, "tall": tall}
    tensors |= framing(wide, tall) | geometry(image) | colors(image)
    for policy in POLICIES:
        tensors |= augmented(image, policy)
    return tensors | magnitudes() | resized_sizes() | box_sizes() | erased(image)


class DrawnAutoAugment(autoaugment.AutoAugment):
    """AutoAugment of one sub-policy, both operations and one sign."""

    def __init__(self, policy: autoaugment.AutoAugmentPolicy, sub_policy: int, sign: str) -> None:
        super().__init__(policy)
        self.drawn = sub_policy, torch.zeros(2), torch.tensor([int(sign == "+")] * 2)

    def get_params(self, _: int) -> tuple[int, torch.Tensor, torch.Tensor]:
        return self.drawn


def auto_augment_fixture() -> Tensors:
    """Each sub-policy with magnitudes of both signs, once where they have none."""
    # 300 pixels: with fewer than 256, or too many of the highest value, nothing is equalized.
    image = picture(20, 15)
    tensors = {"small": image}
    for policy in autoaugment.AutoAugmentPolicy:
        augment = autoaugment.AutoAugment(policy)
        space = augment._augmentation_space(10, (image.height, image.width))
        for i, steps in enumerate(augment.policies):
            signed = any(space[operation][1] for operation, _, _ in steps)
            for sign in "+-" if signed else "+":
                augmented = DrawnAutoAugment(policy, i, sign)(image)
                tensors[f"auto_augment/{policy.name}/{i}/{sign}"] = augmented
        probabilities = [[probability for _, probability, _ in steps] for steps in augment.policies]
        tensors[f"probabilities/{policy.name}"] = np.array(probabilities)
    return tensors


def write_fixtures(folder: pathlib.Path) -> None:
    fixtures = {"transforms": transforms_fixture(), "auto_augment": auto_augment_fixture()}
    for name, tensors in fixtures.items():
        # Fresh copies: safetensors writes the memory as it lies.
        copies = {key: np.ascontiguousarray(value) for key, value in tensors.items()}
        save_file(copies, folder / f"{name}.safetensors")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--output_dir", type=pathlib.Path, default=pathlib.Path(__file__).parent)
    write_fixtures(parser.parse_args().output_dir)


if __name__ == "__main__":
    main()
