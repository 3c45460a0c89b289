"""Makes small image files, and what Pillow makes of them, for the tests of data/image.

    python3 data/image/testdata/generate_images.py [--output_dir=FOLDER]

Versions, pinned in tools/checks/requirements.txt: Python 3.11, Pillow 13.0.0, torchvision 0.26.0,
numpy 2.4.6, safetensors 0.8.0. `tools/checks/run fixtures` makes them again and compares.

decode.safetensors: NAME/file, the bytes of a JPEG or PNG; NAME/pixels, [height, width, 3] as it is
shown; NAME/grey, [height, width], of convert("L"). JPEG files also have NAME/shrunk2, 4 and 8,
decoded at that part of their size.
damaged_png and damaged_jpeg.safetensors: NAME/file; NAME/pixels if Pillow and torchvision both read
it, to the same pixels. A NAME begins with sound/ if nothing is wrong with it, of a JPEG as far as
libjpeg sees, else with damaged/.
turned.safetensors: NAME/file, NAME/pixels as Pillow's exif_transpose shows it.
formats.safetensors: NAME/file of a format that is not read.
resample.safetensors: source, a picture; FILTER/WxH/X,Y,W,H, that box of it resized to W x H.
"""

import argparse
import contextlib
import io
import os
import pathlib
import tempfile
import warnings
from collections.abc import Iterator

import damaged_jpeg
import damaged_png
import numpy as np
import other_formats
import torch
import turned
from picture_files import Files, file_of, picture
from PIL import Image, ImageOps
from safetensors.numpy import save_file
from torchvision.io import ImageReadMode, decode_image

EXACT = ("",)  # Integers and files: all must be equal.

WIDTH, HEIGHT = 67, 45  # No multiples of a block, so that its padding shows if it is read.


def high_bytes(image: Image.Image) -> Image.Image:
    """Pillow would clip 16 bits instead of scaling them."""
    if image.mode != "I;16":
        return image
    return Image.fromarray((np.asarray(image).astype(np.uint16) >> 8).astype(np.uint8))


def shown(file: bytes, mode: str = "RGB") -> np.ndarray:
    image = high_bytes(Image.open(io.BytesIO(file)))
    return np.asarray(ImageOps.exif_transpose(image).convert(mode))


@contextlib.contextmanager
def heard() -> Iterator[list[str]]:
    """What C libraries say meanwhile."""
    words, kept = [], os.dup(2)
    with tempfile.TemporaryFile() as file:
        os.dup2(file.fileno(), 2)
        try:
            yield words
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            file.seek(0)
            words.append(file.read().decode())


def read_by_torchvision(file: bytes) -> np.ndarray:
    bytes_ = torch.frombuffer(bytearray(file), dtype=torch.uint8)
    pixels = decode_image(bytes_, ImageReadMode.RGB)
    if pixels.dtype == torch.uint16:
        pixels = (pixels.to(torch.int32) >> 8).to(torch.uint8)
    return pixels.permute(1, 2, 0).numpy()


def read_by_both(file: bytes) -> np.ndarray | None:
    """The pixels, unless one of the two refuses the file or they differ."""
    try:
        pixels, others = shown(file), read_by_torchvision(file)
    except (OSError, RuntimeError, SyntaxError, ValueError, IndexError):
        return None
    return pixels if np.array_equal(pixels, others) else None


def shrunk(file: bytes, by: int) -> np.ndarray:
    image = Image.open(io.BytesIO(file))
    image.draft(None, (image.width // by, image.height // by))
    return np.asarray(image.convert("RGB"))


def oriented(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return file_of(picture(WIDTH, HEIGHT, 2), "JPEG", quality=90, exif=exif)


def as_ycck(cmyk: bytes) -> bytes:
    """The same coefficients, declared to be YCCK by Adobe's marker (Technical Note 5116, 1992)."""
    marker = cmyk.index(b"Adobe")
    flag = marker + len(b"Adobe") + 2 + 2 + 2  # behind a version and two words of flags
    return cmyk[:flag] + b"\x02" + cmyk[flag + 1 :]


def jpeg_files() -> dict[str, bytes]:
    image = picture(WIDTH, HEIGHT, 1)
    files = {
        f"jpeg/{name}": file_of(image, "JPEG", quality=85, subsampling=subsampling)
        for name, subsampling in (("444", 0), ("422", 1), ("420", 2))
    }
    files["jpeg/progressive"] = file_of(image, "JPEG", quality=80, progressive=True)
    files["jpeg/restarts"] = file_of(image, "JPEG", quality=80, restart_marker_rows=1)
    files["jpeg/rgb"] = file_of(image, "JPEG", quality=90, keep_rgb=True)
    files["jpeg/grey"] = file_of(image.convert("L"), "JPEG", quality=85)
    files["jpeg/cmyk"] = file_of(image.convert("CMYK"), "JPEG", quality=90)
    files["jpeg/ycck"] = as_ycck(files["jpeg/cmyk"])
    return files


def png_files() -> dict[str, bytes]:
    image = picture(29, 23, 3)
    with_alpha = image.copy()
    with_alpha.putalpha(Image.fromarray(np.asarray(image)[:, :, 0]))
    sixteen_bits = np.random.default_rng(4).integers(0, 1 << 16, (23, 29), dtype=np.uint16)
    exif = Image.Exif()
    exif[0x0112] = 6
    return {
        "png/rgb": file_of(image, "PNG"),
        "png/rgba": file_of(with_alpha, "PNG"),
        "png/grey": file_of(image.convert("L"), "PNG"),
        "png/grey_alpha": file_of(with_alpha.convert("LA"), "PNG"),
        "png/palette": file_of(image.quantize(20), "PNG"),
        "png/one_bit": file_of(image.convert("1"), "PNG"),
        "png/sixteen_bits": file_of(Image.fromarray(sixteen_bits), "PNG"),
        "png/turned": file_of(image, "PNG", exif=exif),
    }


def read_in_all_ways(name: str, file: bytes) -> dict[str, np.ndarray]:
    tensors = {f"{name}/pixels": shown(file), f"{name}/grey": shown(file, "L")}
    return tensors | {f"{name}/file": np.frombuffer(file, np.uint8)}


def decode_fixture() -> dict[str, np.ndarray]:
    tensors = {}
    for name, file in jpeg_files().items():
        tensors |= {f"{name}/shrunk{by}": shrunk(file, by) for by in (2, 4, 8)}
        tensors |= read_in_all_ways(name, file)
    exif_turned = {f"turned/{orientation}": oriented(orientation) for orientation in range(1, 9)}
    for name, file in (exif_turned | png_files()).items():
        tensors |= read_in_all_ways(name, file)
    return tensors


def damaged_fixture(damaged: Files, sound: Files) -> dict[str, np.ndarray]:
    tensors = {}
    for name, file in (damaged | sound).items():
        with heard() as words:
            pixels = read_by_both(file)
        is_jpeg = name.startswith("jpeg/")
        is_sound = "Corrupt JPEG data" not in words[0] if is_jpeg else name in sound
        name = f"sound/{name}" if is_sound and pixels is not None else f"damaged/{name}"
        tensors[f"{name}/file"] = np.frombuffer(file, np.uint8)
        if pixels is not None:
            tensors[f"{name}/pixels"] = pixels
    return tensors


def damaged_png_fixture() -> dict[str, np.ndarray]:
    image = picture(damaged_png.WIDTH, damaged_png.HEIGHT, 6)
    return damaged_fixture(damaged_png.damaged_files(image), damaged_png.sound_files(image))


def damaged_jpeg_fixture() -> dict[str, np.ndarray]:
    image = picture(40, 32, 6)
    return damaged_fixture(damaged_jpeg.damaged_files(image), damaged_jpeg.sound_files(image))


def turned_fixture() -> dict[str, np.ndarray]:
    image, tensors = picture(9, 5, 7), {}
    files = turned.jpeg_files(image) | turned.png_files(image)
    for name, file in files.items():
        tensors |= {f"{name}/file": np.frombuffer(file, np.uint8), f"{name}/pixels": shown(file)}
    return tensors


def formats_fixture() -> dict[str, np.ndarray]:
    files = other_formats.other_files(picture(9, 5, 7))
    return {f"{name}/file": np.frombuffer(file, np.uint8) for name, file in files.items()}


def resample_fixture() -> dict[str, np.ndarray]:
    image = picture(60, 45, 5)
    tensors = {"source": np.asarray(image)}
    for name, resampling in (
        ("bilinear", Image.Resampling.BILINEAR),
        ("bicubic", Image.Resampling.BICUBIC),
    ):
        for size, box in (
            ((30, 20), (0, 0, 60, 45)),
            ((16, 16), (7, 3, 41, 38)),
            ((90, 70), (10, 5, 30, 25)),
            ((23, 40), (0, 20, 60, 25)),
            ((5, 3), (0, 0, 60, 45)),
            ((9, 9), (11, 12, 1, 1)),
        ):
            x, y, width, height = box
            resized = image.crop((x, y, x + width, y + height)).resize(size, resampling)
            key = f"{name}/{size[0]}x{size[1]}/{x},{y},{width},{height}"
            tensors[key] = np.asarray(resized)
    return tensors


def write_fixtures(folder: pathlib.Path) -> None:
    fixtures = {
        "decode": decode_fixture,
        "damaged_png": damaged_png_fixture,
        "damaged_jpeg": damaged_jpeg_fixture,
        "turned": turned_fixture,
        "formats": formats_fixture,
        "resample": resample_fixture,
    }
    warnings.simplefilter("ignore")  # Pillow's, about what is odd on purpose
    # Fresh copies: safetensors writes the memory as it lies.
    for name, make in fixtures.items():
        tensors = {key: np.ascontiguousarray(value) for key, value in make().items()}
        save_file(tensors, folder / f"{name}.safetensors")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--output_dir", type=pathlib.Path, default=pathlib.Path(__file__).parent)
    write_fixtures(parser.parse_args().output_dir)


if __name__ == "__main__":
    main()
