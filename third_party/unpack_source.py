"""Unpacks a source archive into the current folder, without its top folder: unpack_source.py ARCHIVE TOP_FOLDER

Standard library only.
"""

import sys
import tarfile


def below(name, folder):
    return name[len(folder) + 1 :] if name.startswith(folder + "/") else ""


def main():
    archive, folder = sys.argv[1:]
    with tarfile.open(archive) as tar:
        for member in tar:
            member.name = below(member.name, folder)
            if member.islnk():
                member.linkname = below(member.linkname, folder)
            if member.name:
                tar.extract(member)


if __name__ == "__main__":
    main()
