"""One test for each rule of lint.py."""

def lint_test(name, args = [], data = []):
    """Checks one rule over the whole repository.

    The test reads the source tree itself, found by the real path of lint.py, rather than declared
    inputs: a glob stops at the next BUILD file, so declared inputs would need a line in every package,
    and the package that lacks the line is the one that is never checked. The price is that the result
    can't be cached; `external` has it run each time, which takes a second or two.
    """
    native.sh_test(
        name = name,
        size = "small",
        srcs = ["lint.py"],
        args = args + [name],
        data = data,
        tags = [
            "external",
            "lint",
            "local",
        ],
    )
