"""Puts every archive that third_party/ pins into Bazel's repository cache.

Wheels come from pip, by name and hash. Everything else comes from its URL or, where that can't be reached, from apt:
a package of Debian itself, or the source package that holds upstream's bytes. Bazel looks in the cache by SHA-256
before it asks any server, so after this no build needs a network. Nothing enters the cache whose SHA-256 differs from
the pin. Standard library only: this runs before anything is installed.
"""

import argparse
import ast
import concurrent.futures
import hashlib
import os
import pathlib
import subprocess
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request

from debian import Debian

ROOT = pathlib.Path(__file__).resolve().parents[2]

AT_ONCE = 4  # downloads

# Wheels are for the pinned libtorch's Python and platform, not for this machine's Python.
WHEEL_PLATFORMS = (
    "manylinux_2_28_x86_64",
    "manylinux_2_27_x86_64",
    "manylinux_2_25_x86_64",
    "manylinux_2_18_x86_64",
    "manylinux_2_17_x86_64",
    "manylinux2014_x86_64",
    "manylinux_2_12_x86_64",
    "manylinux2010_x86_64",
)


class FetchError(Exception):
    """One line that names the archive and the remedy."""


# What a --config of tools/bazelrc turns on besides itself.
IMPLIED = {"cuda": ["cuda_kernels"]}


def read_archives(configs):
    """What the ARCHIVE dictionaries of third_party/*/archive.bzl have fetched."""
    mirrors = read_literal(ROOT / "third_party/packages.bzl", "MIRRORS")
    return [
        part
        for path in sorted(ROOT.glob("third_party/*/archive.bzl"))
        for part in parts(read_literal(path, "ARCHIVE"), configs, mirrors)
    ]


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


def sha256_of(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def fetch_wheel(archive, folder):
    """Has pip download the wheel; pip itself refuses other bytes than the hash's."""
    requirements = folder / "requirements.txt"
    requirements.write_text(f"{archive['wheel']} --hash=sha256:{archive['sha256']}\n")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"]
    command += ["--python-version=3.11", "--abi=cp311", "--abi=none", "--only-binary=:all:"]
    command += [f"--platform={platform}" for platform in WHEEL_PLATFORMS]
    command += [f"--dest={folder}", f"--requirement={requirements}"]
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if result.returncode != 0:
        reason = (result.stdout.strip() or "no message").splitlines()[-1]
        raise FetchError(f"pip cannot download {archive['wheel']} ({reason}); check pip's settings")
    return next(folder.glob("*.whl"))


class Upstream:
    """Downloads from URLs; once a host can't be reached, says so at once."""

    def __init__(self):
        self.unreachable = {}

    def fetch(self, url, folder):
        """The downloaded file, or None where the host can't be reached or doesn't have it."""
        host = urllib.parse.urlsplit(url).hostname
        if host in self.unreachable:
            return None
        target = folder / "upstream"
        try:
            with urllib.request.urlopen(url, timeout=20) as reply:
                target.write_bytes(reply.read())
        except urllib.error.HTTPError:
            return None
        except OSError as error:
            self.unreachable[host] = str(getattr(error, "reason", error))
            return None
        return target


def fetch(archive, folder, upstream, debian):
    if "wheel" in archive:
        return fetch_wheel(archive, folder)
    for url in archive["urls"]:
        path = upstream.fetch(url, folder)
        if path is not None and sha256_of(path) == archive["sha256"]:
            return path
    try:
        return debian.fetch(archive, folder)
    except (OSError, subprocess.CalledProcessError) as error:
        url = archive["urls"][0]
        reason = upstream.unreachable.get(urllib.parse.urlsplit(url).hostname, "not there, or other bytes than the pinned")
        raise FetchError(
            f"{archive['name']}: {url} failed ({reason}), and so did apt ({error}); connect to the network and try again"
        ) from error


def fetch_all(archives, scratch, cache):
    """Several at a time. After the first error none is begun, and what is whole is kept."""
    upstream, debian = Upstream(), Debian(scratch / "apt")

    def fetch_one(number, archive):
        label = archive.get("wheel") or archive["urls"][0]
        print(f"tools/bazel: fetching {number} of {len(archives)}: {label}", file=sys.stderr)
        folder = scratch / archive["name"]
        folder.mkdir()
        store(fetch(archive, folder, upstream, debian), archive, cache)

    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        fetches = [pool.submit(fetch_one, *numbered) for numbered in enumerate(archives, 1)]
        try:
            for done in concurrent.futures.as_completed(fetches):
                done.result()
        finally:
            pool.shutdown(cancel_futures=True)


def store(path, archive, cache):
    """Moves the file to where Bazel looks for its SHA-256, whole or not at all."""
    found = sha256_of(path)
    if found != archive["sha256"]:
        raise FetchError(f"{archive['name']}: expected sha256 {archive['sha256']}, got {found}")
    entry = cache_entry(archive, cache)
    entry.parent.mkdir(parents=True, exist_ok=True)
    os.replace(path, entry)


def cache_entry(archive, cache):
    return cache / "content_addressable" / "sha256" / archive["sha256"] / "file"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=pathlib.Path, required=True, help="Bazel's repository cache")
    parser.add_argument("--config", action="append", default=[], help="of Bazel: what it needs, too")
    arguments = parser.parse_args()
    cache = arguments.cache
    cache.mkdir(parents=True, exist_ok=True)

    configs = {c for config in arguments.config for c in [config, *IMPLIED.get(config, [])]}
    # By hash, since one wheel may belong to several.
    archives = {archive["sha256"]: archive for archive in read_archives(configs)}
    missing = [a for a in archives.values() if not cache_entry(a, cache).exists()]
    missing.sort(key=lambda archive: "wheel" not in archive)  # the longest first
    if not missing:
        return
    # Within the cache, so that the last step is a rename on one file system.
    with tempfile.TemporaryDirectory(dir=cache, prefix=".fetch-") as scratch:
        fetch_all(missing, pathlib.Path(scratch), cache)


if __name__ == "__main__":
    try:
        main()
    except FetchError as error:
        sys.exit(f"tools/bazel: {error}")
    except KeyboardInterrupt:
        sys.exit("tools/bazel: interrupted; run it again to go on")
