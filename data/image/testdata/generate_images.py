"""Makes small image files, and what Pillow makes of them, for the tests of data/image.

    python3 data/image/testdata/generate_images.py [--output_dir=FOLDER]

Versions, pinned in tools/checks/requirements.txt: Python 3.11, Pillow 13.0.0, numpy 2.4.6,
safetensors 0.8.0. `tools/checks/run fixtures` makes them again and compares.

decode.safetensors: NAME/file, the bytes of a JPEG or PNG; NAME/pixels, [height, width, 3] as it is
shown. JPEG files also have NAME/shrunk2, 4 and 8, decoded at that part of their size.
resample.safetensors: source, a picture; FILTER/WxH/X,Y,W,H, that box of it resized to W x H.
"""

import argparse
import io
import pathlib

import numpy as np
from PIL import Image, ImageOps
from safetensors.numpy import save_file

EXACT = ("",)  # Integers and files: all must be equal.

WIDTH, HEIGHT = 67, 45  # No multiples of a block, so that its padding shows if it is read.


def picture(width: int, height: int, seed: int) -> Image.Image:
    """Smooth waves of every colour, edges, and a little noise: what JPEG has to work for."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    channels = []
    for channel in range(3):
        angle = random.uniform(0, 2 * np.pi)
        wave = np.sin((x * np.cos(angle) + y * np.sin(angle)) / random.uniform(3, 9))
        edge = np.where(x * random.uniform(0.5, 1.5) > y, 40, -40)
        noise = random.normal(0, 6, (height, width))
        channels.append(128 + 70 * wave + edge + noise)
    pixels = np.clip(np.stack(channels, axis=-1).round(), 0, 255).astype(np.uint8)
    return Image.fromarray(pixels)


def file_of(image: Image.Image, kind: str, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def shown(file: bytes) -> np.ndarray:
    image = Image.open(io.BytesIO(file))
    if image.mode == "I;16":  # Pillow would clip instead of scaling.
        high = (np.asarray(image).astype(np.uint16) >> 8).astype(np.uint8)
        return np.repeat(high[:, :, None], 3, axis=2)
    return np.asarray(ImageOps.exif_transpose(image).convert("RGB"))


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


def decode_fixture() -> dict[str, np.ndarray]:
    tensors = {}
    for name, file in jpeg_files().items():
        tensors |= {f"{name}/shrunk{by}": shrunk(file, by) for by in (2, 4, 8)}
        tensors |= {f"{name}/file": np.frombuffer(file, np.uint8), f"{name}/pixels": shown(file)}
    turned = {f"turned/{orientation}": oriented(orientation) for orientation in range(1, 9)}
    for name, file in (turned | png_files()).items():
        tensors |= {f"{name}/file": np.frombuffer(file, np.uint8), f"{name}/pixels": shown(file)}
    return tensors


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
    # Fresh copies: safetensors writes the memory as it lies.
    for name, make in (("decode", decode_fixture), ("resample", resample_fixture)):
        tensors = {key: np.ascontiguousarray(value) for key, value in make().items()}
        save_file(tensors, folder / f"{name}.safetensors")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--output_dir", type=pathlib.Path, default=pathlib.Path(__file__).parent)
    write_fixtures(parser.parse_args().output_dir)


if __name__ == "__main__":
    main()
