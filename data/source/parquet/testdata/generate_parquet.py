"""Makes small Parquet files in the layout of Hugging Face's `datasets`, for the tests of data/source.

    python3 data/source/parquet/testdata/generate_parquet.py [--output_dir=FOLDER]

Version, pinned in tools/checks/requirements.txt: Python 3.11, pyarrow 26.0.1.
`tools/checks/run fixtures` makes them again and compares.

shard0, shard1: image i, counted through both, is the text "image i;" i % 5 + 1 times, its path
"i.JPEG", its label i % 3. Row groups of 10 rows, the last of a file shorter. Hugging Face's files are
like shard0; shard1 is uncompressed and has checksums.
flawed: each row after the first has another flaw, see FLAWED.
large: as shard0, but of Arrow's large types, uncompressed, without paths and with 100 classes.
hub: as cifar100 of Hugging Face's hub: `img`, `fine_label`, `coarse_label`, and a column `id` before them.
integers: a column of labels of each integer type, called by it; images are binary. No metadata.
texts: labels as text, dictionary and view of text, see TEXTS; images as view of binary. No metadata, rows in
groups of 3, each with its own dictionary.
captions: a label of 1001 bytes, and a column `kind`, a and b.
numbers: labels that are numbers without names, see NUMBERS.
bomb: 140 times the same 8 MiB of zeros, which are stored once, in less than a kilobyte.
bomb_in_groups: the same in groups of 20 rows.
All others are a row of shard0 each, with one thing wrong or strange that their name tells.
"""

import argparse
import json
import pathlib

import pyarrow as pa
import pyarrow.parquet as pq

EXACT = ("",)  # Files: all bytes must be equal.

CLASSES = ("cat", "dog", "great grey owl")
IMAGE = pa.struct({"bytes": pa.binary(), "path": pa.string()})
LARGE_IMAGE = pa.struct({"bytes": pa.large_binary()})

# Image and label. What is read of these rows is tested by their places.
FLAWED = (
    ({"bytes": b"good", "path": "good.JPEG"}, 2),
    (None, 0),
    ({"bytes": None, "path": "elsewhere/1.JPEG"}, 0),
    ({"bytes": b"", "path": None}, 0),
    ({"bytes": b"no label", "path": "a\nb.JPEG"}, None),
    ({"bytes": b"too large", "path": None}, 3),
    ({"bytes": b"negative", "path": None}, -1),
    ({"bytes": b"good again", "path": None}, 1),
)


NUMBERS = (12, 3, -1, 7, 3, None, 100)
TEXTS = ("dog", "cat", "dog", None, "", "\u00e9mu", "Zebra", "cat")
INTEGERS = (pa.int8(), pa.uint8(), pa.int16(), pa.uint16(), pa.int32(), pa.uint32(), pa.int64(), pa.uint64())


def image(i: int) -> dict[str, bytes | str]:
    return {"bytes": b"image %d;" % i * (i % 5 + 1), "path": f"{i}.JPEG"}


def huggingface(names: object) -> bytes:
    features = {"image": {"_type": "Image"}, "label": {"names": names, "_type": "ClassLabel"}}
    return json.dumps({"info": {"features": features}}).encode()


def write(path: pathlib.Path, columns: dict[str, pa.Array], names: object = CLASSES, **options) -> None:
    """Names that are None give a file without metadata; bytes are the metadata themselves."""
    table = pa.table(columns)
    if names is not None:
        metadata = names if isinstance(names, bytes) else huggingface(names)
        table = table.replace_schema_metadata({"huggingface": metadata})
    options = {"compression": "snappy", "row_group_size": 10} | options
    pq.write_table(table, path, **options)


def columns_of(rows: range, image_type: pa.DataType = IMAGE) -> dict[str, pa.Array]:
    images = [image(i) for i in rows]
    return {"image": pa.array(images, image_type), "label": pa.array([i % 3 for i in rows], pa.int64())}


def write_good(folder: pathlib.Path) -> None:
    write(folder / "shard0.parquet", columns_of(range(25)))
    checked = {"compression": "none", "write_page_checksum": True}
    write(folder / "shard1.parquet", columns_of(range(25, 40)), **checked)
    hundred = [f"n{i:08}" for i in range(100)]
    large = columns_of(range(25), LARGE_IMAGE)
    write(folder / "large.parquet", large, hundred, compression="none")
    images, labels = zip(*FLAWED, strict=True)
    flawed = {"image": pa.array(images, IMAGE), "label": pa.array(labels)}
    write(folder / "flawed.parquet", flawed, row_group_size=3)


def write_other_columns(folder: pathlib.Path) -> None:
    images = columns_of(range(8))["image"]
    features = {"img": {"_type": "Image"}, "fine_label": {"names": CLASSES, "_type": "ClassLabel"}}
    features["coarse_label"] = {"names": ["pet", "bird"], "_type": "ClassLabel"}
    hub = {"id": pa.array(range(8)), "img": images}
    hub["fine_label"] = pa.array([i % 3 for i in range(8)], pa.int64())
    hub["coarse_label"] = pa.array([i % 3 // 2 for i in range(8)], pa.int64())
    write(folder / "hub.parquet", hub, json.dumps({"info": {"features": features}}).encode())

    integers = {"image": images.field("bytes")}
    integers |= {str(of): pa.array([i % 3 for i in range(8)], of) for of in INTEGERS}
    write(folder / "integers.parquet", integers, None)

    texts = {"image": images.field("bytes").cast(pa.binary_view())}
    texts |= {"text": pa.array(TEXTS), "dictionary": pa.array(TEXTS).dictionary_encode()}
    texts["view"] = pa.array(TEXTS, pa.string_view())
    write(folder / "texts.parquet", texts, None, row_group_size=3)

    captions = {"image": images[:2], "label": pa.array(["cat", "c" * 1001]), "kind": pa.array(["a", "b"])}
    write(folder / "captions.parquet", captions, None)

    numbers = {"image": images[: len(NUMBERS)], "label": pa.array(NUMBERS, pa.int16())}
    write(folder / "numbers.parquet", numbers, None)


def write_bomb(folder: pathlib.Path) -> None:
    images = pa.array([{"bytes": bytes(8 << 20), "path": None}], IMAGE)
    columns = {"image": pa.concat_arrays([images] * 140), "label": pa.array([0] * 140)}
    write(folder / "bomb.parquet", columns, row_group_size=140, compression="zstd")
    write(folder / "bomb_in_groups.parquet", columns, row_group_size=20, compression="zstd")


def write_wrong_columns(folder: pathlib.Path) -> None:
    columns = columns_of(range(1))
    label, file = columns["label"], columns["image"].field("bytes")
    text = pa.array([{"bytes": "text", "path": "0.JPEG"}])
    for name, wrong in {
        "no_image": {"img": columns["image"], "label": label},
        "no_label": {"image": columns["image"], "fine_label": label},
        "plain_image": {"image": file, "label": label},
        "text_image": {"image": text, "label": label},
        "only_path": {"image": pa.array([{"path": "0.JPEG"}]), "label": label},
        "small_label": {"image": columns["image"], "label": label.cast(pa.int32())},
        "no_rows": columns_of(range(0)),
    }.items():
        write(folder / f"{name}.parquet", wrong)


def write_wrong_classes(folder: pathlib.Path) -> None:
    for name, names in {
        "no_metadata": None,
        "no_json": b"{",
        "no_names": huggingface(None),
        "empty_names": [],
        "number_as_name": ["cat", 7],
        "same_name_twice": ["cat", "dog", "cat"],
        "other_name": ["cat", "fox", "great grey owl"],
        "fewer_names": ["cat", "dog"],
    }.items():
        write(folder / f"{name}.parquet", columns_of(range(1)), names)


def write_fixtures(folder: pathlib.Path) -> None:
    write_good(folder)
    write_other_columns(folder)
    write_bomb(folder)
    write_wrong_columns(folder)
    write_wrong_classes(folder)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--output_dir", type=pathlib.Path, default=pathlib.Path(__file__).parent)
    write_fixtures(parser.parse_args().output_dir)


if __name__ == "__main__":
    main()
