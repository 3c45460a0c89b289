"""Rules about BUILD files, which are close enough to Python for its parser to read them."""

import ast
import fnmatch

BENCHMARKS = "tools/benchmark/BUILD"
FOLDERS = ("analysis", "base", "data", "eval", "library", "train", "vit")


def build_files(tree):
    """Tests have a size; C++ targets name their files one by one."""
    for path in tree.files("BUILD", "*.bzl"):
        for call in _calls(tree, path):
            yield from _call_problems(f"{path}:{call.lineno}", call)


def _call_problems(where, call):
    rule = _name(call)
    keywords = {keyword.arg: keyword.value for keyword in call.keywords}
    if rule in ("cc_test", "py_test", "sh_test") and not {"size", None} & set(keywords):
        yield f"{where}: {rule} without a size"
    for attribute in ("hdrs", "srcs") if rule.startswith("cc_") else ():
        if any(_name(node) == "glob" for node in _calls_in(keywords.get(attribute))):
            yield f"{where}: {rule} with a glob in {attribute}; name the files"
    if rule == "glob" and any(fnmatch.fnmatch("a.h", p) and "." in p for p in _strings(call)):
        yield f"{where}: a glob of headers; name the files"


def layers(tree):
    """Every package with libraries has their arrows tested."""
    for path in tree.files("BUILD"):
        package = path.rpartition("/")[0]
        if package.split("/")[0] not in FOLDERS:
            continue
        calls = _calls(tree, path)
        has_library = any(_name(call) == "cc_library" and not _is_testonly(call) for call in calls)
        if has_library and not any(_name(call) == "dependency_test" for call in calls):
            yield (
                f"{path}: no dependency_test; end the file with "
                '`dependency_test(name = "dependency_test")`, see tools/lint/dependencies.bzl'
            )


def benchmarks(tree):
    """//tools:benchmark runs every cc_benchmark."""
    paths = list(tree.files("BUILD"))
    listed = _strings(_parse(tree, BENCHMARKS)) if BENCHMARKS in paths else []
    for path in paths:
        package = path.rpartition("/")[0]
        for call in _calls(tree, path):
            label = f"//{package}:{_keyword(call, 'name')}"
            if _name(call) == "cc_benchmark" and label not in listed:
                yield f"{path}:{call.lineno}: {BENCHMARKS} does not list {label}"


def _parse(tree, path):
    return ast.parse(tree.text(path), path)


def _calls(tree, path):
    return _calls_in(_parse(tree, path))


def _calls_in(node):
    nodes = ast.walk(node) if node is not None else []
    return [node for node in nodes if isinstance(node, ast.Call)]


def _name(call):
    """`cc_test` of both cc_test(...) and native.cc_test(...)."""
    return getattr(call.func, "attr", getattr(call.func, "id", ""))


def _keyword(call, name):
    for keyword in call.keywords:
        if keyword.arg == name:
            return getattr(keyword.value, "value", None)
    return None


def _is_testonly(call):
    return bool(_keyword(call, "testonly"))


def _strings(node):
    nodes = ast.walk(node)
    return [n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str)]
