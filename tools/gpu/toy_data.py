#!/usr/bin/env python3
"""Makes small data sets of noise in the layouts of real ones, for a dry run: toy_data.py FOLDER."""

import gzip
import pathlib
import random
import struct
import sys
import zlib

CLASSES = 10


def write_mnist(folder: pathlib.Path, noise: random.Random) -> None:
    folder.mkdir(parents=True)
    for part, count in (("train", 64), ("t10k", 20)):
        images = struct.pack(">4i", 0x803, count, 28, 28) + noise.randbytes(count * 28 * 28)
        labels = struct.pack(">2i", 0x801, count) + bytes(i % CLASSES for i in range(count))
        (folder / f"{part}-images-idx3-ubyte.gz").write_bytes(gzip.compress(images))
        (folder / f"{part}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(labels))


def write_cifar10(folder: pathlib.Path, noise: random.Random) -> None:
    folder.mkdir(parents=True)
    for name in (*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"):
        records = (bytes([i % CLASSES]) + noise.randbytes(3 * 32 * 32) for i in range(20))
        (folder / f"{name}.bin").write_bytes(b"".join(records))


def png(side: int, colour: bytes) -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + check

    header = struct.pack(">2I5B", side, side, 8, 2, 0, 0, 0)
    rows = (b"\0" + colour * side) * side
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def write_pictures(folder: pathlib.Path, noise: random.Random) -> None:
    for part, count in (("train", 6), ("val", 2)):
        for i in range(CLASSES):
            of_class = folder / part / f"class{i}"
            of_class.mkdir(parents=True)
            for j in range(count):
                (of_class / f"{j}.png").write_bytes(png(224, noise.randbytes(3)))


def main() -> None:
    folder, noise = pathlib.Path(sys.argv[1]), random.Random(0)
    write_mnist(folder / "mnist", noise)
    write_cifar10(folder / "cifar-10-batches-bin", noise)
    write_pictures(folder / "pictures", noise)


if __name__ == "__main__":
    main()
