"""Unpacks Debian packages into one folder that needs nothing of the machine: unpack_packages.py FOLDER PACKAGE.deb...

A package is an ar archive that holds data.tar.xz. Absolute links are made relative, since they would lead out of
the folder, and any link that still does is refused. Standard library only.
"""

import io
import os
import pathlib
import sys
import tarfile

MAGIC = b"!<arch>\n"
HEADER = 60


def members(path):
    """Name and bytes of each file in an ar archive."""
    archive = path.read_bytes()
    if not archive.startswith(MAGIC):
        sys.exit(f"{path}: not a Debian package")
    at = len(MAGIC)
    while at + HEADER <= len(archive):
        name = archive[at : at + 16].decode().rstrip(" /")
        size = int(archive[at + 48 : at + 58])
        at += HEADER
        yield name, archive[at : at + size]
        at += size + size % 2


def unpack(path, root):
    for name, content in members(path):
        if name.startswith("data.tar"):
            with tarfile.open(fileobj=io.BytesIO(content)) as tar:
                tar.extraction_filter = lambda member, path: member  # a newer Python would refuse absolute links
                tar.extractall(root)


def links(root):
    for folder, folders, files in os.walk(root):
        yield from (path for name in folders + files if (path := pathlib.Path(folder, name)).is_symlink())


def make_links_relative(root):
    for link in links(root):
        if os.readlink(link).startswith("/"):
            target = root / os.readlink(link).lstrip("/")
            link.unlink()
            link.symlink_to(os.path.relpath(target, link.parent))


def refuse_links_that_leave(root):
    inside = os.path.realpath(root) + "/"
    for link in links(root):
        target = os.path.realpath(link)
        if not target.startswith(inside):
            sys.exit(f"{link} leads out of {root}, to {target}; pin another package")


def main():
    root = pathlib.Path(sys.argv[1])
    root.mkdir(exist_ok=True)
    for package in sys.argv[2:]:
        unpack(pathlib.Path(package), root)
    make_links_relative(root)
    refuse_links_that_leave(root)


if __name__ == "__main__":
    main()
