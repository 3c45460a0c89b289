"""Micro-benchmarks that can't rot: each is also a test that it still runs."""

load("@rules_cc//cc:defs.bzl", "cc_binary")

def cc_benchmark(name, srcs, deps, dry_run_filter = "."):
    """A Google Benchmark program, and `<name>_test`, which runs each benchmark for one iteration.

    The test asserts no times. It fails if a benchmark stops with an error or a failed CHECK, or if
    there is none. Measured is by hand: tools/bazel run //base/files:crc32c_benchmark

    Args:
      name: of the program.
      srcs: its C++ files, without a main().
      deps: its libraries, besides Google Benchmark.
      dry_run_filter: a regular expression of the benchmarks that the test runs, where others take
        minutes.
    """
    cc_binary(
        name = name,
        testonly = 1,
        srcs = srcs,
        visibility = ["//tools/benchmark:__pkg__"],
        deps = deps + ["@com_github_google_benchmark//:benchmark_main"],
    )
    native.sh_test(
        name = name + "_test",
        size = "small",
        srcs = ["//tools:benchmark_dry_run.sh"],
        args = ["$(location :%s)" % name, "'%s'" % dry_run_filter],
        data = [":" + name],
        tags = ["benchmark"],
    )
