"""Rules about pinned dependencies."""

import ast
import re

README = "third_party/README.md"
REPOSITORIES = "third_party/repositories.bzl"
# Ways to bring in code that carries no SHA-256, or that hides from the list of pins.
FETCHERS = re.compile(
    r"\b(git_repository|http_archive|http_file|http_jar|local_repository|new_git_repository"
    r"|new_local_repository|ctx\.download|ctx\.download_and_extract)\b"
)
# What REPOSITORIES fetches with.
FETCHING = {f"third_party/{kind}.bzl" for kind in ("packages", "sources", "wheels")}


def pins(tree):
    """Each folder has one pin: SHA-256, source, licence, a row in the README."""
    readme = tree.text(README) if tree.exists(README) else ""
    repositories = tree.text(REPOSITORIES) if tree.exists(REPOSITORIES) else ""
    for folder in _folders(tree):
        path = f"third_party/{folder}/archive.bzl"
        if path not in tree.files("archive.bzl"):
            yield f"third_party/{folder}: no archive.bzl"
            continue
        yield from (f"{path}: {problem}" for problem in _archive_problems(tree, path))
        if f'"//{path.replace("/archive", ":archive")}"' not in repositories:
            yield f"{path}: not loaded by {REPOSITORIES}"
        if f"\n| [{folder}]({folder}/archive.bzl) |" not in readme:
            yield f"{path}: no row `| [{folder}]({folder}/archive.bzl) | ...` in {README}"
    yield from _fetchers_elsewhere(tree)


def _folders(tree):
    parts = [path.split("/") for path in tree.paths]
    return sorted({part[1] for part in parts if part[0] == "third_party" and len(part) > 2})


def _archive_problems(tree, path):
    archive = _archive(tree.text(path))
    if archive is None:
        yield "no ARCHIVE dictionary of literals"
        return
    sha256 = archive.get("sha256", "")
    wheels = archive.get("wheels") or ({archive["wheel"]: sha256} if archive.get("wheel") else {})
    packages = archive.get("packages", {})
    pins = {**wheels, **packages} or {archive.get("url"): sha256}
    if not all(re.fullmatch(r"[0-9a-f]{64}", sha256) for sha256 in pins.values()):
        yield "no sha256"
    if not all(re.fullmatch(r"[\w.-]+==[\w.]+", wheel) for wheel in wheels):
        yield "a wheel must be of the form name==version"
    if not all(re.fullmatch(r"[\w.+-]+/[\w.+-]+/[\w.+-]+_[\w.+~-]+_\w+\.deb", package) for package in packages):
        yield "a package must be of the form letter/source/name_version_architecture.deb"
    if not archive.get("licence"):
        yield "no licence"
    if not wheels and not packages and not (archive.get("url") and archive.get("debian_source")):
        yield "neither a wheel, nor packages, nor a url with a debian_source"
    for label in [*archive.get("patches", []), *filter(None, [archive.get("build_file")])]:
        if not tree.exists(label.removeprefix("//").replace(":", "/")):
            yield f"{label} does not exist"
    for key in ("patches", "patch_cmds"):
        if archive.get(key) and not re.search(rf'\n *#[^\n]+\n *"{key}"', tree.text(path)):
            yield f"say above `{key}` in a comment why they are needed"


def _archive(text):
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign) and node.targets[0].id == "ARCHIVE":
            try:
                return ast.literal_eval(node.value)
            except ValueError:
                return None
    return None


def _fetchers_elsewhere(tree):
    for path in tree.files("*.bzl", "WORKSPACE", "BUILD"):
        for number, line in tree.lines(path):
            if path not in {REPOSITORIES, *FETCHING} and FETCHERS.search(line.split("#")[0]):
                yield f"{path}:{number}: dependencies are fetched by {REPOSITORIES} only"
