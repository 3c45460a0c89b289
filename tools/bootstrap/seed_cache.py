"""Puts every archive that third_party/ pins into Bazel's repository cache.

Wheels come from pip, by name and hash. Everything else comes from its URL or, where that can't be reached, from apt:
a package of Debian itself, or the source package that holds upstream's bytes. Bazel looks in the cache by SHA-256
before it asks any server, so after this no build needs a network. Nothing enters the cache whose SHA-256 differs from
the pin. Standard library only: this runs before anything is installed.
"""

import argparse
import concurrent.futures
import os
import pathlib
import signal
import subprocess
import sys
import threading

from archives import FetchError, read_archives
from cache import Cache, sha256_of
from debian import Debian
from programs import run
from upstream import UnavailableError, Upstream

AT_ONCE = 4  # downloads
TO_END = 2  # seconds for them to end in, when interrupted

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


def fetch_wheel(archive, folder, stopping):
    """Has pip download the wheel; pip itself refuses other bytes than the hash's."""
    requirements = folder / "requirements.txt"
    requirements.write_text(f"{archive['wheel']} --hash=sha256:{archive['sha256']}\n")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"]
    command += ["--python-version=3.11", "--abi=cp311", "--abi=none", "--only-binary=:all:"]
    command += [f"--platform={platform}" for platform in WHEEL_PLATFORMS]
    command += [f"--dest={folder}", f"--requirement={requirements}"]
    status, message = run(command, stopping)
    if status != 0:
        raise FetchError(
            f"pip cannot download {archive['wheel']} ({message}); connect to the network, or check pip's settings"
        )
    return next(folder.glob("*.whl"))


def fetch(archive, folder, upstream, debian):
    """The file from the first URL that gives the pinned bytes, or else from apt, whose bytes store() checks."""
    failures = []
    for url in archive["urls"]:
        try:
            path = upstream.fetch(url, folder)
        except UnavailableError as error:
            failures.append(f"{url} failed ({error})")
            continue
        found = sha256_of(path)
        if found == archive["sha256"]:
            return path
        failures.append(f"{url} failed (expected sha256 {archive['sha256']}, got {found})")
    try:
        return debian.fetch(archive, folder)
    except (OSError, subprocess.CalledProcessError) as error:
        raise FetchError(
            f"{archive['name']}: {failures[0]}, and so did apt ({error}); connect to the network and try again"
        ) from error


def fetch_all(archives, scratch, cache):
    """Several at a time. After the first error none is begun, and what is whole is kept."""
    stopping = threading.Event()
    upstream, debian = Upstream(stopping), Debian(scratch / "apt", stopping)

    def fetch_one(number, archive):
        label = archive.get("wheel") or archive["urls"][0]
        print(f"tools/bazel: fetching {number} of {len(archives)}: {label}", file=sys.stderr)
        folder = scratch / archive["name"]
        folder.mkdir()
        if "wheel" in archive:
            path = fetch_wheel(archive, folder, stopping)
        else:
            path = fetch(archive, folder, upstream, debian)
        cache.store(path, archive)

    pool = concurrent.futures.ThreadPoolExecutor(AT_ONCE)
    fetches = []
    try:
        for number, archive in enumerate(archives, 1):
            fetches.append(pool.submit(fetch_one, number, archive))
        for done in concurrent.futures.as_completed(fetches):
            done.result()
    except KeyboardInterrupt:
        pool.shutdown(wait=False, cancel_futures=True)
        stopping.set()
        ending = threading.Thread(target=pool.shutdown, daemon=True)
        ending.start()
        ending.join(TO_END)
        raise
    except Exception:
        pool.shutdown(cancel_futures=True)
        raise


def interrupt_when_told():
    """To be ended by another program is to be interrupted, except where nohup has it that signals pass."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=pathlib.Path, required=True, help="Bazel's repository cache")
    parser.add_argument("--config", action="append", default=[], help="of Bazel: what it needs, too")
    arguments = parser.parse_args()
    interrupt_when_told()

    cache = Cache(arguments.cache)
    missing = [archive for archive in read_archives(arguments.config) if not cache.holds(archive)]
    missing.sort(key=lambda archive: "wheel" not in archive)  # the longest first
    if missing:
        with cache.scratch() as scratch:
            fetch_all(missing, pathlib.Path(scratch), cache)


def guarded(function):
    """Runs it, and ends the process with one line where it can't go on."""
    try:
        function()
    except FetchError as error:
        sys.exit(f"tools/bazel: {error}")
    except OSError as error:
        sys.exit(f"tools/bazel: {error}; the archives need 1 GB that you may write to, by XDG_CACHE_HOME or HOME")
    except KeyboardInterrupt:
        print("tools/bazel: interrupted; run it again to go on", file=sys.stderr, flush=True)
        os._exit(1)  # a thread may still wait for a server that says nothing


if __name__ == "__main__":
    guarded(main)
