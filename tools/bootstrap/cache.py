"""Bazel's repository cache: files by their SHA-256."""

import contextlib
import hashlib
import os
import pathlib
import shutil
import sys
import tempfile
import time

from archives import FetchError

SCRATCH = ".fetch-"
DAY = 24 * 60 * 60  # seconds


class Cache:
    """Nothing enters it whose SHA-256 differs from the pin, and what was damaged in it counts as absent."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._remove_abandoned()

    def entry(self, archive):
        return self.folder / "content_addressable" / "sha256" / archive["sha256"] / "file"

    def holds(self, archive):
        """Reads the file only if its size or time is not that of the last reading; Bazel sets the time at each use."""
        entry = self.entry(archive)
        if not entry.exists():
            return False
        stamp, seen = entry.with_name("verified"), _size_and_time(entry)
        if stamp.exists() and stamp.read_text() == seen:
            return True
        if sha256_of(entry) != archive["sha256"]:
            print(f"tools/bazel: {archive['name']} is damaged in {self.folder}", file=sys.stderr)
            return False
        with contextlib.suppress(OSError):  # a cache that one may only read is good, too
            stamp.write_text(seen)
        return True

    def store(self, path, archive):
        """Moves the file to where Bazel looks for its SHA-256, whole or not at all."""
        found = sha256_of(path)
        if found != archive["sha256"]:
            raise FetchError(f"{archive['name']}: expected sha256 {archive['sha256']}, got {found}")
        entry = self.entry(archive)
        entry.parent.mkdir(parents=True, exist_ok=True)
        os.replace(path, entry)
        entry.with_name("verified").write_text(_size_and_time(entry))

    def scratch(self):
        """A folder for downloads: within the cache, so that the last step is a rename on one file system."""
        return tempfile.TemporaryDirectory(dir=self.folder, prefix=SCRATCH, ignore_cleanup_errors=True)

    def _remove_abandoned(self):
        """Downloads that were killed."""
        for folder in self.folder.glob(f"{SCRATCH}*"):
            with contextlib.suppress(FileNotFoundError):  # another process has ended just now
                if time.time() - folder.stat().st_mtime > DAY:
                    shutil.rmtree(folder, ignore_errors=True)


def sha256_of(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def _size_and_time(path):
    status = path.stat()
    return f"{status.st_size} {status.st_mtime_ns}"
