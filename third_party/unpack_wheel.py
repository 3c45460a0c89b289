"""Unpacks into the current folder what is used of a wheel: unpack_wheel.py WHEEL [--keep=PATTERN...] [--remove=PATTERN...]

Without --keep that is everything but what is removed. A `*` in a pattern stands for any text, slashes too. Standard
library only.
"""

import argparse
import fnmatch
import os
import re
import zipfile


def matcher(patterns):
    return re.compile("|".join(map(fnmatch.translate, patterns)) or r"(?!)").match


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("wheel")
    parser.add_argument("--keep", action="append", default=[])
    parser.add_argument("--remove", action="append", default=[])
    arguments = parser.parse_args()
    keep, remove = matcher(arguments.keep or ["*"]), matcher(arguments.remove)
    with zipfile.ZipFile(arguments.wheel) as wheel:
        for member in wheel.infolist():
            if keep(member.filename) and not remove(member.filename):
                path = wheel.extract(member)
                mode = member.external_attr >> 16
                if mode & 0o111 and not member.is_dir():
                    os.chmod(path, 0o755)


if __name__ == "__main__":
    main()
