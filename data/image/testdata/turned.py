"""Pictures that metadata of many kinds say to turn."""

import struct
import zlib

import numpy as np
from damaged_png import PNG_SIGNATURE, chunk, scanlines
from PIL import Image
from picture_files import Files, file_of

EXIF = b"Exif\0\0"
XMP = b"http://ns.adobe.com/xap/1.0/\0"
ORIENTATION, MAKE = 0x0112, 0x010F


def tiff(
    *entries: tuple[int, int, int, bytes],
    little: bool = False,
    start: bytes = b"",
    behind: bytes = b"",
) -> bytes:
    """One directory; an entry is a tag, a type, a count and four bytes. Then what they point to."""
    order = "<" if little else ">"
    start = start or (b"II*\0" if little else b"MM\0*")
    packed = [struct.pack(order + "HHI", *entry[:3]) + entry[3] for entry in entries]
    count = struct.pack(order + "H", len(entries))
    return start + struct.pack(order + "I", 8) + count + b"".join(packed) + bytes(4) + behind


def turned_by(kind: int, value: bytes) -> bytes:
    if len(value) <= 4:
        return tiff((ORIENTATION, kind, 1, value.ljust(4, b"\0")))
    return tiff((ORIENTATION, kind, 1, struct.pack(">I", 26)), behind=value)


def short(value: int) -> bytes:
    return turned_by(3, struct.pack(">H", value))


def xmp_attribute(value: int) -> bytes:
    return b'<x:xmpmeta><rdf:Description tiff:Orientation="%d"/></x:xmpmeta>' % value


def xmp_element(value: int) -> bytes:
    return b"<x:xmpmeta><tiff:Orientation>%d</tiff:Orientation></x:xmpmeta>" % value


TYPES = {
    "byte": (1, b"\6"),
    "text": (2, b"6\0"),
    "short": (3, b"\0\6"),
    "long": (4, b"\0\0\0\6"),
    "rational": (5, struct.pack(">II", 12, 2)),
    "rational_broken": (5, struct.pack(">II", 13, 2)),
    "rational_of_zero": (5, struct.pack(">II", 6, 0)),
    "signed_byte": (6, b"\6"),
    "undefined": (7, b"\6"),
    "signed_short": (8, b"\0\6"),
    "signed_short_negative": (8, b"\xff\xfa"),
    "signed_long": (9, b"\0\0\0\6"),
    "signed_rational": (10, struct.pack(">ii", -6, -1)),
    "float": (11, struct.pack(">f", 6)),
    "double": (12, struct.pack(">d", 6)),
    "directory": (13, b"\0\0\0\6"),
    "long8": (16, struct.pack(">Q", 6)),
    "unknown_type": (99, b"\0\6"),
    "long_beyond_16_bits": (4, b"\0\1\0\6"),
}


def exif_blocks() -> Files:
    entry = (ORIENTATION, 3, 1, b"\0\6\0\0")
    blocks = {f"type_{name}": turned_by(*value) for name, value in TYPES.items()}
    blocks |= {f"long_{value}": turned_by(4, struct.pack(">I", value)) for value in range(10)}
    return blocks | {
        "long_little": tiff((ORIENTATION, 4, 1, b"\6\0\0\0"), little=True),
        "two_values": tiff((ORIENTATION, 3, 2, b"\0\6\0\3")),
        "no_value": tiff((ORIENTATION, 3, 0, b"\0\6\0\0")),
        "no_value_then_one": tiff(
            (ORIENTATION, 3, 0, b"\0\6\0\0"), (ORIENTATION, 3, 1, b"\0\3\0\0")
        ),
        "two_entries": tiff(entry, (ORIENTATION, 3, 1, b"\0\3\0\0")),
        "swapped_start": tiff(entry, start=b"MM*\0"),
        "swapped_start_little": tiff((ORIENTATION, 3, 1, b"\6\0\0\0"), little=True, start=b"II\0*"),
        "wrong_start": tiff(entry, start=b"MMMM"),
        "cut_in_entry": tiff(entry)[:-6],
        "cut_behind_entry": tiff(entry)[:-4],
        "too_many_entries": b"MM\0*\0\0\0\x08\0\x05" + tiff(entry)[10:-4],
        "after_value_beyond_end": tiff((MAKE, 2, 20, b"\0\0\0\x30"), entry),
        "after_value_too_large": tiff((MAKE, 2, 1000, b"\0\0\0\x30"), entry),
        "after_unknown_type": tiff((MAKE, 99, 20, b"\0\0\0\x30"), entry),
        "start_twice": EXIF + short(6),
        "start_thrice": EXIF + EXIF + short(6),
        "empty": b"",
    }


def jpeg_files(image: Image.Image) -> Files:
    jpeg = file_of(image, "JPEG", quality=90, subsampling=0)

    def holding(*contents: bytes) -> bytes:
        parts = [
            b"\xff\xe1" + struct.pack(">H", len(content) + 2) + content for content in contents
        ]
        return jpeg[:2] + b"".join(parts) + jpeg[2:]

    files = {name: holding(EXIF + block) for name, block in exif_blocks().items()}
    six, no_tag = xmp_attribute(6), tiff((MAKE, 3, 1, bytes(4)))
    files |= {f"xmp_attribute_{n}": holding(XMP + xmp_attribute(n)) for n in range(10)}
    files |= {f"xmp_element_{n}": holding(XMP + xmp_element(n)) for n in range(1, 9)}
    files |= {
        "xmp_and_exif": holding(XMP + six, EXIF + short(3)),
        "xmp_and_exif_of_0": holding(XMP + six, EXIF + short(0)),
        "xmp_and_exif_without_tag": holding(XMP + six, EXIF + no_tag),
        "xmp_and_exif_of_unknown_type": holding(XMP + six, EXIF + turned_by(99, b"\0\3")),
        "xmp_and_exif_damaged": holding(XMP + six, EXIF + b"garbage!"),
        "xmp_and_exif_empty": holding(XMP + six, EXIF),
        "xmp_twice": holding(XMP + six, XMP + xmp_attribute(8)),
        "xmp_then_without": holding(XMP + six, XMP + b"nothing"),
        "xmp_two_in_one": holding(XMP + six + xmp_attribute(8)),
        "xmp_first_is_none": holding(XMP + b'tiff:Orientation="x"' + six),
        "xmp_12": holding(XMP + xmp_attribute(12)),
        "xmp_single_quotes": holding(XMP + six.replace(b'"', b"'")),
        "xmp_spaces": holding(XMP + six.replace(b"=", b" = ")),
        "xmp_zero_byte": holding(XMP + b"a\0b" + six),
        "xmp_other_name": holding(XMP[:-2] + b"x\0" + six),
        "exif_in_two_parts": holding(EXIF + short(6)[:15], EXIF + short(6)[15:]),
        "exif_twice": holding(EXIF + short(6), EXIF + short(3)),
        "exif_empty_then_whole": holding(EXIF, EXIF + short(6)),
    }
    return {f"jpeg/{name}": file for name, file in files.items()}


def png_files(image: Image.Image) -> Files:
    rows = chunk(b"IDAT", zlib.compress(scanlines(np.asarray(image))))
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", image.width, image.height, 8, 2, 0, 0, 0))

    def holding(*chunks: tuple[bytes, bytes], after: tuple[tuple[bytes, bytes], ...] = ()) -> bytes:
        packed = [b"".join(chunk(*content) for content in contents) for contents in (chunks, after)]
        return PNG_SIGNATURE + head + packed[0] + rows + packed[1] + chunk(b"IEND", b"")

    def text(
        keyword: bytes, value: bytes, kind: bytes = b"iTXt", packed: bool = False, method: int = 0
    ) -> tuple[bytes, bytes]:
        value = zlib.compress(value) if packed else value
        fields = {
            b"tEXt": b"\0",
            b"zTXt": bytes([0, method]),
            b"iTXt": bytes([0, packed, method, 0, 0]),
        }
        return kind, keyword + fields[kind] + value

    def raw_profile(block: bytes) -> bytes:
        digits = block.hex()
        lines = [digits[i : i + 72] for i in range(0, len(digits), 72)]
        return f"\nexif\n{len(block):8}\n{chr(10).join(lines)}\n".encode()

    xmp, raw, six = b"XML:com.adobe.xmp", b"Raw profile type exif", xmp_attribute(6)
    profile, exif = raw_profile(EXIF + short(6)), (b"eXIf", short(3))
    no_tag = (b"eXIf", tiff((MAKE, 3, 1, bytes(4))))
    files = {
        "exif_long": holding((b"eXIf", turned_by(4, b"\0\0\0\6"))),
        "exif_after": holding(after=((b"eXIf", short(6)),)),
        "exif_twice": holding((b"eXIf", short(6)), exif),
        "exif_before_and_after": holding((b"eXIf", short(6)), after=(exif,)),
        "exif_with_start": holding((b"eXIf", EXIF + short(6))),
        "xmp": holding(text(xmp, six)),
        "xmp_element": holding(text(xmp, xmp_element(8))),
        "xmp_after": holding(after=(text(xmp, six),)),
        "xmp_packed": holding(text(xmp, six, packed=True)),
        "xmp_packed_unknown": holding(text(xmp, six, packed=True, method=1)),
        "xmp_as_tEXt": holding(text(xmp, six, b"tEXt")),
        "xmp_as_zTXt": holding(text(xmp, six, b"zTXt", packed=True)),
        "xmp_of_other_keyword": holding(text(b"XML:com.adobe", six)),
        "xmp_and_exif": holding(text(xmp, six), exif),
        "xmp_and_exif_without_tag": holding(text(xmp, six), no_tag),
        "xmp_twice": holding(text(xmp, six), text(xmp, xmp_attribute(8))),
        "raw_profile_as_zTXt": holding(text(raw, profile, b"zTXt", packed=True)),
        "raw_profile_as_tEXt": holding(text(raw, profile, b"tEXt")),
        "raw_profile_as_iTXt": holding(text(raw, profile)),
        "raw_profile_without_start": holding(text(raw, raw_profile(short(6)), b"tEXt")),
        "raw_profile_cut": holding(text(raw, b"\nexif", b"tEXt")),
        "raw_profile_and_exif": holding(text(raw, profile, b"tEXt"), exif),
        "raw_profile_and_empty_exif": holding(text(raw, profile, b"tEXt"), (b"eXIf", b"")),
        "raw_profile_and_xmp": holding(text(raw, profile, b"tEXt"), text(xmp, xmp_attribute(8))),
    }
    return {f"png/{name}": file for name, file in files.items()}
