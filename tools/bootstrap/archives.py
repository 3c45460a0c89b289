"""What third_party/ pins: the files that the ARCHIVE dictionaries of its archive.bzl name."""

import ast
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]

# What a --config of tools/bazelrc turns on besides itself.
IMPLIED = {"cuda": ["cuda_kernels"]}


class FetchError(Exception):
    """One line that names the archive and the remedy."""


def read_archives(configs):
    """Each file once, though one wheel may belong to several dictionaries."""
    configs = {c for config in configs for c in [config, *IMPLIED.get(config, [])]}
    mirrors = read_literal(ROOT / "third_party/packages.bzl", "MIRRORS")
    archives = (
        part
        for path in sorted(ROOT.glob("third_party/*/archive.bzl"))
        for part in parts(read_literal(path, "ARCHIVE"), configs, mirrors)
    )
    return list({archive["sha256"]: archive for archive in archives}.values())


def read_literal(path, name):
    """What a .bzl file assigns to the name: a literal of Python, too."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Assign) and node.targets[0].id == name:
            return ast.literal_eval(node.value)
    raise FetchError(f"{path} does not define {name}; restore it")


def parts(archive, configs, mirrors):
    """Each file of an ARCHIVE: one with several wheels belongs to a --config."""
    if "packages" in archive:
        return [
            {
                "name": path.rsplit("/", 1)[-1],
                "package": path,
                "urls": [mirror + path for mirror in mirrors],
                "sha256": sha256,
            }
            for path, sha256 in archive["packages"].items()
        ]
    if "wheels" in archive:
        wheels = archive["wheels"] if archive["config"] in configs else {}
        return [{"name": wheel, "wheel": wheel, "sha256": sha256} for wheel, sha256 in wheels.items()]
    return [archive if "wheel" in archive else {**archive, "urls": [archive["url"]]}]
