"""Files of formats that are not read."""

import struct

from PIL import Image
from picture_files import Files, file_of


def other_files(image: Image.Image) -> Files:
    """By the name that they are called by."""

    def box(*brands: bytes) -> bytes:
        return struct.pack(">I", 8 + 4 * len(brands)) + b"ftyp" + b"".join(brands)

    svg = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="5"/>'
    return {
        "a WebP": file_of(image, "WEBP"),
        "a GIF": file_of(image, "GIF"),
        "a BMP": file_of(image, "BMP"),
        "a TIFF": file_of(image, "TIFF"),
        "a TIFF/big": b"MM\0*\0\0\0\x08",
        "a TIFF/64": file_of(image, "TIFF", big_tiff=True),
        "an AVIF": file_of(image, "AVIF"),
        "an AVIF/sequence": box(b"avis", bytes(4), b"msf1"),
        "an AVIF/compatible": box(b"mif1", bytes(4), b"mif1", b"avif"),
        "a JPEG 2000": file_of(image, "JPEG2000"),
        "a JPEG 2000/stream": file_of(image, "JPEG2000", no_jp2=True),
        "a HEIC": box(b"heic", bytes(4), b"mif1", b"heic") + bytes(20),
        "a HEIC/other": box(b"mif1", bytes(4), b"heix"),
        "a HEIC/cut": box(b"heic", bytes(4), b"mif1")[:12],
        "a JPEG XL": b"\xff\x0a\xfa\x7f",
        "a JPEG XL/box": b"\0\0\0\x0cJXL \r\n\x87\n",
        "a PDF": b"%PDF-1.7\n",
        "an SVG": svg,
        "an SVG/declared": b'\xef\xbb\xbf<?xml version="1.0"?>\n<!-- a comment -->\n' + svg,
        "a web page": b"  \n<!DOCTYPE html><html><body>404</body></html>",
        "a film": box(b"isom", bytes(4), b"mp41"),
        "an empty file": b"",
        "neither": b"something else",
    }
