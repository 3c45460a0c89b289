"""Rules about every file."""

import re

LIMIT_KB = 400
# A patch and data for tests must keep the bytes that they have.
VERBATIM = re.compile(r"(^|/)testdata/|\.patch$")
BAD_TODO = re.compile(r"\bTODO\b(?!\([\w.-]+\): \S)")


def text(tree):
    """Small files; in text no tabs, no spaces at the end of a line, and a newline at the end."""
    for path in tree.files("*"):
        content = tree.bytes(path)
        if len(content) > LIMIT_KB * 1000:
            yield f"{path}: {len(content) // 1000} kB; a file may have {LIMIT_KB} kB at most"
        elif b"\0" not in content and not VERBATIM.search(path):
            yield from _text_problems(path, content.decode(errors="replace"))


def _text_problems(path, content):
    if content and not content.endswith("\n"):
        yield f"{path}: the last line has no newline"
    if content.endswith("\n\n"):
        yield f"{path}: empty lines at the end"
    for number, line in enumerate(content.split("\n"), 1):
        if "\t" in line:
            yield f"{path}:{number}: a tab; use spaces"
        if line != line.rstrip():
            yield f"{path}:{number}: spaces at the end of the line"
        if BAD_TODO.search(line):
            yield f"{path}:{number}: write it as `TODO(name): reason`"
