"""Tests that dependencies point one way, by `genquery`.

A package of a folder below ends its BUILD file with

    dependency_test(name = "dependency_test")

which takes all libraries above it in that file. Programs are not taken: they may join what libraries
may not. The rule `layers` of lint.py finds a package that forgot.
"""

# For each folder what its libraries must not reach, as a regular expression of labels, and targets
# whose own dependencies are excepted from that.
LAYERS = {
    "base": ("^//(analysis|data|eval|library|train|vit)[/:]", []),
    "vit": ("^//(analysis|data|eval|library|train)[/:]", []),
    "data": ("^//(analysis|eval|library|train|vit)[/:]", []),
    # The trainer evaluates with the code of //eval and leaves its result, so that both report the same.
    "train": ("^//(analysis|eval|library)[/:]", ["//eval:result_file", "//eval:split_evaluation"]),
    "eval": ("^//(analysis|library|train)[/:]", ["//train/checkpoint:open_model", "//train/settings:loader_spec"]),
    "analysis": ("^//(library|train)[/:]", ["//train/checkpoint:open_model", "//train/settings:loader_spec"]),
    "library": ("^//(analysis|train)[/:]", ["//train/checkpoint:open_model", "//train/settings:loader_spec"]),
}

def package_libraries():
    """The libraries that this BUILD file has defined so far, those for tests left out."""
    return [
        ":" + rule["name"]
        for rule in native.existing_rules().values()
        if rule["kind"] == "cc_library" and not rule.get("testonly")
    ]

def dependency_test(name, targets = None, layer = None, tags = []):
    """Fails if a target reaches, at any distance, what its layer forbids.

    Args:
      name: of the test.
      targets: libraries; by default those of this package.
      layer: a row of LAYERS, or its like; by default that of this package's top folder.
      tags: more tags for the test.
    """
    targets = targets or package_libraries()
    forbidden, excepted = layer or LAYERS[native.package_name().split("/")[0]]
    closure = "deps(set(%s))" % _words(targets)
    beyond = "filter('%s', %s)" % (forbidden, closure)
    if excepted:
        beyond += " except deps(set(%s))" % _words(excepted)
    native.genquery(
        name = name + "_forbidden",
        testonly = 1,
        expression = beyond,
        scope = targets + excepted,
    )
    native.genquery(
        name = name + "_checked",
        testonly = 1,
        expression = "filter('^//', kind('cc_library rule', %s))" % closure,
        scope = targets,
    )
    native.sh_test(
        name = name,
        size = "small",
        srcs = ["//tools/lint:dependency_test.sh"],
        args = [
            "$(location :%s_forbidden)" % name,
            "$(location :%s_checked)" % name,
        ],
        data = [
            ":%s_checked" % name,
            ":%s_forbidden" % name,
        ],
        tags = ["lint"] + tags,
    )

def _words(labels):
    absolute = ["//" + native.package_name() + label if label[0] == ":" else label for label in labels]
    return " ".join(absolute)
