"""JPEGs with something wrong, and odd ones with nothing wrong."""

import re
import struct

from PIL import Image
from picture_files import Files, file_of

END_OF_JPEG = b"\xff\xd9"


def segments(jpeg: bytes) -> list[tuple[int, int, int]]:
    """Of the header: the marker, where it begins, and where what it holds ends."""
    at, found = 2, []
    while not found or found[-1][0] != 0xDA:
        size = 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
        found.append((jpeg[at + 1], at, at + size))
        at += size
    return found


def first_scan(jpeg: bytes) -> tuple[int, int]:
    start = segments(jpeg)[-1][2]
    end = re.compile(rb"\xff[^\x00\xd0-\xd7]", re.DOTALL).search(jpeg, start)
    return start, end.start()


def restarts(jpeg: bytes) -> list[int]:
    start = segments(jpeg)[-1][2]
    return [
        found.start() for found in re.finditer(rb"\xff[\xd0-\xd7]", jpeg) if found.start() >= start
    ]


def without(jpeg: bytes, markers: list[int]) -> bytes:
    gone = {at + i for at in markers for i in range(2)}
    return bytes(byte for at, byte in enumerate(jpeg) if at not in gone)


def jpeg_without_restarts(jpeg: bytes) -> Files:
    marks = restarts(jpeg)
    first, last, middle = marks[0], marks[-1], marks[len(marks) // 2]
    files = {
        "lost_first": without(jpeg, [first]),
        "lost_middle": without(jpeg, [middle]),
        "lost_last": without(jpeg, [last]),
        "lost_every_other": without(jpeg, marks[::2]),
        "lost_all": without(jpeg, marks),
        "lost_interval": jpeg[:first] + jpeg[marks[1] :],
        "twice": jpeg[:first] + jpeg[first : first + 2] + jpeg[first:],
        "bytes_before": jpeg[:first] + b"abc" + jpeg[first:],
    }
    for step in (1, 3, 7):
        number = 0xD0 + (jpeg[first + 1] - 0xD0 + step) % 8
        files[f"wrong_number_{step}"] = jpeg[: first + 1] + bytes([number]) + jpeg[first + 2 :]
    return files


def jpeg_with_damaged_scan(jpeg: bytes) -> Files:
    start, end = first_scan(jpeg)
    files = {}
    for name, part in (("early", 0.1), ("middle", 0.5), ("late", 0.9)):
        at = start + int((end - start) * part)
        at += jpeg[at - 1] == 0xFF  # not within a marker or an escape
        files |= {
            f"{name}_ones": jpeg[:at] + b"\xfe" * 6 + jpeg[at + 6 :],
            f"{name}_inserted": jpeg[:at] + b"\x35\x91" + jpeg[at:],
            f"{name}_removed": jpeg[:at] + jpeg[at + 3 :],
            f"{name}_cut_with_end": jpeg[:at] + END_OF_JPEG,
            f"{name}_cut": jpeg[:at],
            f"{name}_start_marker": jpeg[:at] + b"\xff\xd8" + jpeg[at:],
            f"{name}_comment": jpeg[:at] + b"\xff\xfe\0\4ab" + jpeg[at:],
            f"{name}_unknown_marker": jpeg[:at] + b"\xff\x02" + jpeg[at:],
        }
    return files


def jpeg_with_damaged_end(jpeg: bytes) -> Files:
    return {
        "no_end": jpeg[:-2],
        "half_end": jpeg[:-1],
        "zeros_and_no_end": jpeg[:-2] + bytes(600),
        "bytes_before_end": jpeg[:-2] + b"garbage" + END_OF_JPEG,
    }


def jpeg_with_damaged_header(jpeg: bytes) -> Files:
    size = next(at for marker, at, _ in segments(jpeg) if marker == 0xC0) + 5
    height, width = struct.unpack(">HH", jpeg[size : size + 4])
    tables = [(at, end) for marker, at, end in segments(jpeg) if marker == 0xDB]
    scan = segments(jpeg)[-1][1]
    return {
        "too_high": jpeg[:size] + struct.pack(">H", height + 20) + jpeg[size + 2 :],
        "too_low": jpeg[:size] + struct.pack(">H", height - 17) + jpeg[size + 2 :],
        "no_height": jpeg[:size] + bytes(2) + jpeg[size + 2 :],
        "too_wide": jpeg[: size + 2] + struct.pack(">H", width + 20) + jpeg[size + 4 :],
        "table_missing": jpeg[: tables[0][0]] + jpeg[tables[0][1] :],
        "second_size": jpeg[:scan] + jpeg[size - 5 : size - 5 + 19] + jpeg[scan:],
    }


def damaged_files(image: Image.Image) -> Files:
    def encode(**options) -> bytes:
        return file_of(image, "JPEG", quality=80, **options)

    plain = encode(subsampling=2)
    files = {}
    for name, jpeg in (
        ("restarts", encode(subsampling=2, restart_marker_blocks=2)),
        ("restarts_444", encode(subsampling=0, restart_marker_blocks=5)),
        ("restarts_progressive", encode(progressive=True, restart_marker_rows=1)),
    ):
        files |= {f"{name}/{key}": file for key, file in jpeg_without_restarts(jpeg).items()}
    for name, jpeg in (("plain", plain), ("progressive", encode(progressive=True))):
        files |= {f"{name}/{key}": file for key, file in jpeg_with_damaged_scan(jpeg).items()}
        files |= {f"{name}/{key}": file for key, file in jpeg_with_damaged_end(jpeg).items()}
    grey = file_of(image.convert("L"), "JPEG", quality=80, restart_marker_blocks=3)
    files["grey/lost_all"] = without(grey, restarts(grey))
    cmyk = file_of(image.convert("CMYK"), "JPEG", quality=80, restart_marker_blocks=3)
    files["cmyk/lost_all"] = without(cmyk, restarts(cmyk))
    files |= {f"header/{key}": file for key, file in jpeg_with_damaged_header(plain).items()}
    return {f"jpeg/{name}": file for name, file in files.items()}


def sound_files(image: Image.Image) -> Files:
    jpeg = file_of(image, "JPEG", quality=80)
    table = segments(jpeg)[1][1]
    files = {
        "garbage_behind_end": jpeg + b"garbage",
        "two_in_one": jpeg + jpeg,
        "fill_bytes": jpeg[:table] + b"\xff\xff" + jpeg[table:],
        "bytes_in_header": jpeg[:table] + b"abc" + jpeg[table:],
        "unknown_segment": jpeg[:2] + b"\xff\xe9\0\6abcd" + jpeg[2:],
    }
    return {f"jpeg/{name}": file for name, file in files.items()}
