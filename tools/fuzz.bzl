"""Fuzz targets that can't rot: each is also a test of every input that was ever worth keeping."""

load("@rules_cc//cc:defs.bzl", "cc_test")

def cc_fuzz_test(name, srcs, corpus, deps):
    """A test that gives each file of the corpus to LLVMFuzzerTestOneInput, once.

    With --config=fuzz it is a libFuzzer program instead, which is run by hand and never ends:
        tools/bazel build --config=fuzz //data/image:decode_fuzzer
        bazel-bin/data/image/decode_fuzzer NEW_FOLDER data/image/testdata/fuzz_decode
    What it finds is kept in the corpus.

    Args:
      name: of the test.
      srcs: C++ files, one of which defines LLVMFuzzerTestOneInput.
      corpus: files; the test fails if there are none.
      deps: its libraries.
    """
    cc_test(
        name = name,
        size = "small",
        srcs = srcs,
        args = ["$(location %s)" % file for file in corpus],
        data = corpus,
        linkopts = select({
            "//tools:is_fuzz": ["-fsanitize=fuzzer"],
            "//conditions:default": [],
        }),
        tags = ["fuzz"],
        deps = deps + select({
            "//tools:is_fuzz": [],
            "//conditions:default": ["//tools:fuzz_replay_main"],
        }),
    )
