"""Rules about C++ files."""

import os
import re
import subprocess

SOURCES = ("*.cc", "*.cu", "*.h")

# Each costs seconds and up to 1.3 GB in every file that includes it, see third_party/README.md.
HEAVY = re.compile(r"(torch/(torch|all|extension|nn)\.h|torch/nn/.*|ATen/ATen\.h)$")
# What a header passes on to all who include it: the Tensor class, and no operator.
LIGHT = re.compile(r"(?!ATen/|torch/)|ATen/core/")
ALLOWED = "tools/lint/allowed_includes.txt"

INCLUDE = re.compile(r'\s*#\s*include\s*[<"]([^>"]+)[>"]')
USING = re.compile(r"\s*using\s+namespace\s+([\w:]+)")


def clang_format(tree):
    """Every file is as the pinned clang-format leaves it."""
    files = tree.files(*SOURCES)
    if not tree.exists(".clang-format"):
        yield ".clang-format: absent, and without it everything would pass"
        return
    if not files:
        return
    command = [*_clang_format(), "--dry-run", "-Werror", *files]
    result = subprocess.run(command, cwd=tree.root, capture_output=True, text=True)
    badly_formatted = sorted(set(re.findall(r"(?m)^(.+?):\d+:\d+: error", result.stderr)) & set(files))
    for path in badly_formatted:
        yield f"{path}: not formatted; `tools/bazel run //tools/lint:fix` does it"
    # A style that it can't read it reports, and then passes everything.
    if (result.returncode != 0 or result.stderr) and not badly_formatted:
        yield f"format: clang-format failed: {result.stderr.strip()}"


def reformat(tree):
    return subprocess.run([*_clang_format(), "-i", *tree.files(*SOURCES)], cwd=tree.root).returncode


def _clang_format():
    return [os.environ["CLANG_FORMAT"], "--style=file", "--fallback-style=none"]


def includes(tree):
    """Headers that cost seconds are not included, nor is all of a namespace imported."""
    allowed = _allowed_includes(tree)
    unused = set(allowed)
    for path in tree.files(*SOURCES):
        is_header = path.endswith(".h")
        for number, line in tree.lines(path):
            where = f"{path}:{number}"
            if match := INCLUDE.match(line):
                problem = _include_problem(match[1], is_header)
                if problem and (path, match[1]) in allowed:
                    unused.discard((path, match[1]))
                elif problem:
                    yield f"{where}: {match[1]}: {problem}"
            if match := USING.match(line):
                if is_header or match[1].split("::")[0] in ("torch", "at", "c10"):
                    yield f"{where}: using namespace {match[1]}: name what is used instead"
    for path, header in sorted(unused):
        yield f"{ALLOWED}: {path} does not include {header} any more; delete the line"


def _include_problem(header, is_header):
    if HEAVY.match(header):
        return "takes seconds to compile; include ATen/core/Tensor.h and the ATen/ops that are used"
    if is_header and not LIGHT.match(header):
        return "belongs in a .cc file; headers take ATen/core/Tensor.h and its like only"
    return None


def _allowed_includes(tree):
    """{(path, header): reason} of lines such as `path header: reason`."""
    allowed = {}
    for _, line in tree.lines(ALLOWED) if tree.exists(ALLOWED) else []:
        if match := re.fullmatch(r"(\S+) (\S+): (\S.*)", line):
            allowed[match[1], match[2]] = match[3]
    return allowed


def header_guards(tree):
    """#ifndef, #define and the comment at the end all spell the path."""
    for path in tree.files("*.h"):
        guard = re.sub(r"[^A-Z0-9]", "_", path.upper()) + "_"
        expected = rf"\n#ifndef {guard}\n#define {guard}\n.*\n#endif  // {guard}\n$"
        if not re.search(expected, "\n" + tree.text(path), re.DOTALL):
            yield f"{path}: the header guard must be {guard}, also in the comment after #endif"
