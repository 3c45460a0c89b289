"""Rules about Markdown files: what they point at exists."""

import posixpath
import re

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
QUOTED = re.compile(r"`([\w.-]+(?:/[\w.-]+)*/?)`")
LABEL = re.compile(r"(?<![\w:@/.])//([a-z_0-9]+(?:/[a-z_0-9]+)*)?(?::([\w./-]+))?(/?\.\.\.)?")
FENCE = re.compile(r"(?ms)^```.*?^```$")


def links(tree):
    """Relative links lead to a file, and to a heading where they name one; quoted paths exist."""
    for path in tree.files("*.md"):
        # Code blocks are blanked line by line, so that line numbers stay.
        prose = FENCE.sub(lambda match: "\n" * match[0].count("\n"), tree.text(path))
        for number, line in enumerate(prose.splitlines(), 1):
            for problem in _line_problems(tree, path, line):
                yield f"{path}:{number}: {problem}"


def _line_problems(tree, path, line):
    for link in LINK.findall(line):
        if not re.match(r"[a-z]+:", link):
            yield from _link_problems(tree, path, link)
    for quoted in QUOTED.findall(line):
        # Other words in code font are options or a user's own files; those of a top folder are ours.
        top = quoted.split("/")[0]
        if "/" in quoted and any(p.startswith(top + "/") for p in tree.paths):
            if not tree.exists(quoted) and not tree.exists(_relative(path, quoted)):
                yield f"{quoted} does not exist"


def _link_problems(tree, path, link):
    target, _, anchor = link.partition("#")
    target = _relative(path, target) if target else path
    if not tree.exists(target):
        yield f"{link}: {target} does not exist"
    elif anchor and anchor not in _anchors(tree.text(target)):
        yield f"{link}: {target} has no such heading"


def _relative(path, target):
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), target))


def _anchors(text):
    """Headings as GitHub turns them into anchors."""
    headings = re.findall(r"(?m)^#+ +(.+?) *$", FENCE.sub("", text))
    return [re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings]


def labels(tree):
    """Bazel labels in documents, commands included, name a target that exists."""
    for path in tree.files("*.md"):
        for number, line in tree.lines(path):
            for match in LABEL.finditer(line):
                if problem := _label_problem(tree, *match.groups()):
                    yield f"{path}:{number}: {match[0]}: {problem}"


def _label_problem(tree, package, target, wildcard):
    if wildcard or not (package or target):
        return None
    build = posixpath.join(package or "", "BUILD")
    if not tree.exists(build):
        return f"{build} does not exist"
    target = target or package.split("/")[-1]
    if target not in ("all",) and not _defines(tree.text(build), target):
        return f"{build} has no target {target}"
    return None


def _defines(build, target):
    return re.search(rf'"{re.escape(target)}"', build) is not None
