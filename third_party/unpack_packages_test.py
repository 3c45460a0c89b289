#!/usr/bin/env python3
"""Packages are unpacked into a folder whose links stay in it."""

import io
import os
import pathlib
import subprocess
import sys
import tarfile
import tempfile
import unittest

UNPACK = pathlib.Path(__file__).resolve().with_name("unpack_packages.py")


def make_package(path, links):
    """A package with a file usr/lib/a and the links, {name: target}."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:xz") as tar:
        member = tarfile.TarInfo("./usr/lib/a")
        member.size = 3
        tar.addfile(member, io.BytesIO(b"abc"))
        for name, target in links.items():
            link = tarfile.TarInfo(f"./{name}")
            link.type, link.linkname = tarfile.SYMTYPE, target
            tar.addfile(link)
    archive = b"!<arch>\n"
    for name, content in {"debian-binary": b"2.0\n", "data.tar.xz": data.getvalue()}.items():
        archive += b"%-16s%-12d%-6d%-6d%-8s%-10d`\n" % (name.encode(), 0, 0, 0, b"100644", len(content))
        archive += content + b"\n" * (len(content) % 2)
    path.write_bytes(archive)


class UnpackTest(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)
        self.root = self.folder / "root"

    def unpack(self, links):
        make_package(self.folder / "a.deb", links)
        command = [sys.executable, UNPACK, self.root, self.folder / "a.deb"]
        return subprocess.run(command, stderr=subprocess.PIPE, text=True)

    def test_absolute_links_become_relative(self):
        links = {"usr/lib/b": "/usr/lib/a", "lib": "/usr/lib", "c": "usr/lib/b", "dangling": "/etc/alternatives/c"}
        result = self.unpack(links)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertEqual(os.readlink(self.root / "usr/lib/b"), "a")
        self.assertEqual(os.readlink(self.root / "lib"), "usr/lib")
        for name in ("usr/lib/b", "lib/a", "c"):
            self.assertEqual((self.root / name).read_text(), "abc")

    def test_a_link_that_leaves_is_refused(self):
        cases = (
            {"usr/lib/b": "../../../outside"},
            {"usr/lib/b": "/../outside"},
            {"b": ".."},
            {"usr/up": "..", "b": "usr/up/../../outside"},
        )
        for number, links in enumerate(cases):
            with self.subTest(links):
                self.root = self.folder / str(number)
                result = self.unpack(links)
                self.assertEqual(result.returncode, 1)
                self.assertRegex(result.stderr, "leads out of .*; pin another package\n$")

    def test_what_is_no_package(self):
        (self.folder / "a.deb").write_text("text")
        result = subprocess.run(
            [sys.executable, UNPACK, self.root, self.folder / "a.deb"], stderr=subprocess.PIPE, text=True
        )
        self.assertEqual(result.returncode, 1)
        self.assertIn("not a Debian package", result.stderr)


if __name__ == "__main__":
    unittest.main()
