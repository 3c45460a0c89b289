"""PNGs with something wrong, and odd ones with nothing wrong."""

import struct
import zlib
from collections.abc import Iterable

import numpy as np
from PIL import Image
from picture_files import Files

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
WIDTH, HEIGHT = 16, 12  # of all of them


def chunk(kind: bytes, data: bytes, flip: int = 0) -> bytes:
    """With a checksum of which the bits of `flip` are wrong."""
    return (
        struct.pack(">I", len(data))
        + kind
        + data
        + struct.pack(">I", zlib.crc32(kind + data) ^ flip)
    )


def bad_chunk(kind: bytes, data: bytes) -> bytes:
    return chunk(kind, data, flip=1)


def header(color_type: int, interlaced: int = 0, depth: int = 8) -> bytes:
    return struct.pack(">IIBBBBB", WIDTH, HEIGHT, depth, color_type, 0, 0, interlaced)


ADAM7 = (
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
)


def scanlines(
    pixels: np.ndarray, passes: Iterable[tuple[int, int, int, int]] = ((0, 0, 1, 1),)
) -> bytes:
    """A byte for no filter before each row, of pixels [height, width, ...]."""
    parts = [pixels[y::dy, x::dx] for x, y, dx, dy in passes]
    return b"".join(b"\0" + row.tobytes() for part in parts if part.size for row in part)


class Png:
    """A PNG in parts, of which others can be put together."""

    def __init__(self, image: Image.Image):
        self.scanlines = scanlines(np.asarray(image))
        self.data = zlib.compress(self.scanlines, 9)
        self.header = header(2)
        self.palette = b""

    def file(
        self,
        before: bytes = b"",
        data: bytes | None = None,
        after: bytes = b"",
        end: bytes | None = None,
    ) -> bytes:
        """`data` are chunks; so are the others."""
        data = chunk(b"IDAT", self.data) if data is None else data
        end = chunk(b"IEND", b"") if end is None else end
        return (
            PNG_SIGNATURE + chunk(b"IHDR", self.header) + before + self.palette + data + after + end
        )

    def holding(self, stream: bytes) -> bytes:
        return self.file(data=chunk(b"IDAT", stream))


class PalettePng(Png):
    def __init__(self, image: Image.Image):
        image = image.quantize(20)
        super().__init__(image)
        self.header = header(3)
        self.colors = bytes(image.getpalette()[:60])
        self.palette = chunk(b"PLTE", self.colors)


ANCILLARY = {
    b"tEXt": b"Title\0a picture",
    b"zTXt": b"Title\0\0" + zlib.compress(b"a picture"),
    b"iTXt": b"Title\0\0\0\0\0a picture",
    b"gAMA": struct.pack(">I", 45455),
    b"cHRM": struct.pack(">8I", 31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000),
    b"sRGB": b"\0",
    b"iCCP": b"name\0\0" + zlib.compress(bytes(200)),
    b"pHYs": struct.pack(">IIB", 1, 1, 0),
    b"bKGD": b"\0\1\0\2\0\3",
    b"tRNS": b"\0\1\0\2\0\3",
    b"sBIT": b"\x08\x08\x08",
    b"tIME": struct.pack(">HBBBBB", 2020, 1, 1, 1, 1, 1),
}

# Contents that lodepng refuses and others do not.
WRONG_CONTENTS = {
    b"bKGD": (b"", b"\0", bytes(7)),
    b"tIME": (b"", bytes(6)),
    b"sBIT": (b"", bytes(4), b"\x09\x09\x09"),
    b"gAMA": (bytes(5),),
    b"cHRM": (bytes(33),),
    b"sRGB": (bytes(2),),
    b"pHYs": (bytes(10),),
    b"tRNS": (bytes(7), bytes(300)),
    b"iCCP": (
        b"name\0\0",
        b"name\0\0garbage, not packed",
        b"name\0\0" + zlib.compress(bytes(200))[:-1] + b"x",
        b"\0\0" + zlib.compress(bytes(200)),
        b"n" * 90 + b"\0\0" + zlib.compress(bytes(200)),
    ),
}

# Contents that Pillow refuses.
TOO_SHORT = {
    b"gAMA": bytes(3),
    b"cHRM": bytes(31),
    b"sRGB": b"",
    b"pHYs": bytes(8),
    b"tRNS": bytes(5),
    b"iCCP": b"name\0\1" + zlib.compress(bytes(200)),
}


def png_with_damaged_chunks(png: Png, palette_png: PalettePng) -> Files:
    files = {}
    for kind, data in ANCILLARY.items():
        files[f"checksum_{kind.decode()}_before"] = png.file(before=bad_chunk(kind, data))
        files[f"checksum_{kind.decode()}_after"] = png.file(after=bad_chunk(kind, data))
    for kind, contents in WRONG_CONTENTS.items():
        for i, data in enumerate(contents):
            files[f"contents_{kind.decode()}_{i}"] = png.file(before=chunk(kind, data))
    for kind, data in TOO_SHORT.items():
        files[f"too_short_{kind.decode()}_before"] = png.file(before=chunk(kind, data))
        files[f"too_short_{kind.decode()}_after"] = png.file(after=chunk(kind, data))
    files["contents_bKGD_after"] = png.file(after=chunk(b"bKGD", b""))
    files["contents_bKGD_beyond_palette"] = palette_png.file(
        data=chunk(b"bKGD", b"\xff") + chunk(b"IDAT", palette_png.data)
    )
    files["contents_tRNS_beyond_palette"] = palette_png.file(
        data=chunk(b"tRNS", bytes(30)) + chunk(b"IDAT", palette_png.data)
    )
    files["order_tRNS_before_palette"] = palette_png.file(before=chunk(b"tRNS", bytes(3)))
    files["palette_of_colours_empty"] = png.file(before=chunk(b"PLTE", b""))
    files["palette_of_colours_too_long"] = png.file(before=chunk(b"PLTE", bytes(771)))

    files["checksum_IHDR"] = PNG_SIGNATURE + bad_chunk(b"IHDR", png.header) + png.file()[33:]
    files["checksum_PLTE"] = (
        PNG_SIGNATURE
        + chunk(b"IHDR", palette_png.header)
        + bad_chunk(b"PLTE", palette_png.colors)
        + chunk(b"IDAT", palette_png.data)
    )
    files["checksum_IEND"] = png.file(end=bad_chunk(b"IEND", b""))
    files["checksum_unknown_critical_after"] = png.file(after=bad_chunk(b"ABCD", b"data"))
    files["unknown_critical_before"] = png.file(before=chunk(b"ABCD", b"data"))
    files["unknown_critical_after"] = png.file(after=chunk(b"ABCD", b"data"))
    files["second_header"] = png.file(before=chunk(b"IHDR", png.header))
    files["palette_missing"] = (
        PNG_SIGNATURE + chunk(b"IHDR", palette_png.header) + chunk(b"IDAT", palette_png.data)
    )
    return files


def png_with_damaged_data(png: Png) -> Files:
    data, third = png.data, len(png.data) // 3
    parts = data[:third], data[third : 2 * third], data[2 * third :]
    excess = {n: np.random.default_rng(n).bytes(n) for n in (1, 49, 1025)}
    files = {
        "checksum_IDAT": png.file(data=bad_chunk(b"IDAT", data)),
        "adler_wrong": png.holding(data[:-1] + bytes([data[-1] ^ 1])),
        "adler_missing": png.holding(data[:-4]),
        "adler_cut": png.holding(data[:-1]),
        "stream_cut": png.holding(data[:-20]),
        "stream_flipped": png.holding(
            data[:third] + bytes([data[third] ^ 0xFF]) + data[third + 1 :]
        ),
        "stream_empty": png.holding(b""),
        "stream_unknown_method": png.holding(b"\x79" + data[1:]),
        "rows_missing": png.holding(zlib.compress(png.scanlines[:-49])),
        "pixel_missing": png.holding(zlib.compress(png.scanlines[:-3])),
        "filter_unknown": png.holding(zlib.compress(b"\5" + png.scanlines[1:])),
        "data_then_text_then_data": png.file(
            data=chunk(b"IDAT", parts[0])
            + bad_chunk(b"tEXt", b"a\0b")
            + chunk(b"IDAT", parts[1] + parts[2])
        ),
        "data_then_text_then_more": png.file(
            after=chunk(b"tEXt", b"a\0b") + chunk(b"IDAT", b"more")
        ),
        "data_longer_than_file": png.file(data=chunk(b"IDAT", data)[:-20], end=b""),
    }
    for i in range(3):
        flips = [(part, i == j) for j, part in enumerate(parts)]
        files[f"checksum_IDAT_{i}_of_3"] = png.file(
            data=b"".join(chunk(b"IDAT", part, flip) for part, flip in flips)
        )
    for n in (1, 4, 5, 100, 9000):
        files[f"behind_stream_{n}"] = png.holding(data + b"\x5a" * n)
    wrong = data[:-4] + bytes(4)
    for n in (0, 2, 3, 4, 5):
        front, back = wrong[: len(wrong) - n], wrong[len(wrong) - n :]
        files[f"adler_wrong_{n}_in_own_chunk"] = png.file(
            data=chunk(b"IDAT", front) + chunk(b"IDAT", back)
        )
    for n in (0, 1, 3):
        files[f"adler_of_{n}_in_own_chunk"] = png.file(
            data=chunk(b"IDAT", data[:-4]) + chunk(b"IDAT", data[-4:][:n])
        )
    files["adler_missing_then_two_chunks"] = png.file(
        data=chunk(b"IDAT", data[:-4]) + chunk(b"IDAT", b"") + chunk(b"IDAT", b"x")
    )
    files["behind_stream_own_chunk"] = png.file(after=chunk(b"IDAT", b"\x5a" * 9))
    for n, more in excess.items():
        files[f"excess_{n}"] = png.holding(zlib.compress(png.scanlines + more, 9))
    files["excess_stored"] = png.holding(zlib.compress(png.scanlines + bytes(70000), 0))
    files["excess_zeros"] = png.holding(zlib.compress(png.scanlines + bytes(1 << 20), 9))
    files["excess_adler_wrong"] = png.holding(zlib.compress(png.scanlines + b"more")[:-1] + b"\0")
    files["excess_behind_stream"] = png.holding(
        zlib.compress(png.scanlines + b"more") + b"\x5a" * 99
    )
    return files


def png_with_damaged_end(png: Png) -> Files:
    end = chunk(b"IEND", b"")
    text = chunk(b"tEXt", b"Title\0a picture")
    files = {f"end_cut_{n}": png.file(end=end[:-n]) for n in (1, 4, 5, 8, 11, 12)}
    files |= {
        f"text_cut_{n}": png.file(end=text[:-n]) for n in (4, 5, 10, len(text) - 8, len(text) - 4)
    }
    files["text_and_no_end"] = png.file(end=text)
    files["garbage_and_no_end"] = png.file(end=b"garbage, and more of it")
    files["zeros_and_no_end"] = png.file(end=bytes(100))
    files["checksum_of_data_cut"] = png.file(end=b"")[:-2]
    files["length_too_large_after"] = png.file(after=struct.pack(">I", 0x7FFFFFFF) + b"tEXtabc")
    files["length_too_large_before"] = png.file(before=struct.pack(">I", 0x7FFFFFFF) + b"tEXtabc")
    return files


def damaged_kinds(image: Image.Image) -> Files:
    """The same damage in every kind of pixels."""
    pixels, files = np.asarray(image), {}
    sixteen_bits = (pixels.astype(">u2") << 8) + 7
    alpha = np.concatenate([pixels, pixels[:, :, :1]], axis=2)
    kinds = {
        "rgb_interlaced": (header(2, interlaced=1), scanlines(pixels, ADAM7)),
        "rgb_16": (header(2, depth=16), scanlines(sixteen_bits)),
        "rgb_16_interlaced": (header(2, interlaced=1, depth=16), scanlines(sixteen_bits, ADAM7)),
        "rgba": (header(6), scanlines(alpha)),
        "grey": (header(0), scanlines(np.asarray(image.convert("L")))),
        "one_bit": (header(0, depth=1), scanlines(np.packbits(pixels[:, :, 0] > 128, axis=1))),
    }
    for name, (head, rows) in kinds.items():
        whole = PNG_SIGNATURE + chunk(b"IHDR", head)
        files[f"{name}_no_end"] = whole + chunk(b"IDAT", zlib.compress(rows))
        files[f"{name}_excess"] = (
            whole + chunk(b"IDAT", zlib.compress(rows + b"more")) + chunk(b"IEND", b"")
        )
        files[f"{name}_short"] = (
            whole + chunk(b"IDAT", zlib.compress(rows[:-1])) + chunk(b"IEND", b"")
        )
    return files


def damaged_files(image: Image.Image) -> Files:
    png, palette_png = Png(image), PalettePng(image)
    files = png_with_damaged_chunks(png, palette_png) | png_with_damaged_data(png)
    files |= png_with_damaged_end(png) | damaged_kinds(image)
    files["palette_excess"] = palette_png.holding(zlib.compress(palette_png.scanlines + b"more"))
    files["palette_no_end"] = palette_png.file(end=b"")
    return {f"png/{name}": file for name, file in files.items()}


def sound_files(image: Image.Image) -> Files:
    """Not damaged, but not what one sees every day."""
    png = Png(image)
    half = len(png.data) // 2
    files = {
        "garbage_behind_end": png.file() + b"garbage",
        "data_in_parts": png.file(
            data=b"".join(
                chunk(b"IDAT", part) for part in (b"", png.data[:half], b"", png.data[half:], b"")
            )
        ),
        "data_twice": png.file(after=chunk(b"IDAT", png.data)),
        "unknown_ancillary": png.file(
            before=chunk(b"vpAg", b"data"), after=chunk(b"vpAg", b"data")
        ),
        "all_ancillary": png.file(before=b"".join(chunk(*item) for item in ANCILLARY.items())),
    }
    return {f"png/{name}": file for name, file in files.items()}
