#!/usr/bin/env python3
"""Every rule of lint.py passes a good tree and finds each fault in a bad one."""

import os
import pathlib
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import lint
import third_party_rules
from tree import Tree

SHA = "0" * 64
GUARDED = "#ifndef {0}\n#define {0}\n\nint x;\n\n#endif  // {0}\n"
TO_DO = "TO" + "DO"


class RuleTest(unittest.TestCase):
    """Writes a tree of files and lints it."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)

    def problems(self, rule, files):
        for path, content in files.items():
            path = self.root / path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return lint.run(rule, Tree(self.root))

    def expect_good(self, rule, files):
        self.assertEqual(self.problems(rule, files), [])

    def expect_bad(self, rule, files, *expected):
        """One problem for each of `expected`, in this order."""
        found = self.problems(rule, files)
        self.assertEqual(len(found), len(expected), found)
        for problem, part in zip(found, expected):
            self.assertIn(part, problem)


class TreeTest(RuleTest):
    def test_a_rule_that_sees_no_file_fails(self):
        for rule in lint.RULES:
            with self.subTest(rule):
                files = {".clang-format": "", "tools/lint/BUILD": "", "picture.png": b"\0"}
                problems = self.problems(rule, files)
                if rule not in ("benchmarks", "build_files", "layers", "pins", "text"):
                    self.assertIn("saw no file", problems[0])

    def test_leaves_out_what_git_ignores(self):
        names = (".gitignore", "bazel-out/a.h", "a/bazel-b.h", "runs/c.h", "a/__pycache__/d.h", "e.h")
        for name in names:
            (self.root / name).parent.mkdir(parents=True, exist_ok=True)
            (self.root / name).write_text("/bazel-*\n/runs/\n__pycache__/\n")
        self.assertEqual(Tree(self.root).files("*.h"), ["a/bazel-b.h", "e.h"])


class CppTest(RuleTest):
    def test_format(self):
        style = {".clang-format": "BasedOnStyle: Google\n"}
        self.expect_good("format", {**style, "a.cc": "int x = 1;\n"})
        self.expect_bad("format", {**style, "b.cc": "int  x=1;\n"}, "b.cc: not formatted")

    def test_format_needs_a_style(self):
        self.expect_bad("format", {"a.cc": "int  x=1;\n"}, ".clang-format: absent")

    def test_format_reports_a_broken_style(self):
        self.expect_bad("format", {".clang-format": "BasedOnStyle: Odd\n", "a.cc": "int  x;\n"}, "failed")

    def test_fix(self):
        self.problems("format", {".clang-format": "BasedOnStyle: Google\n", "b.cc": "int  x=1;\n"})
        lint.cpp_rules.reformat(Tree(self.root))
        self.assertEqual((self.root / "b.cc").read_text(), "int x = 1;\n")

    def test_light_includes(self):
        header = '#include "ATen/core/Tensor.h"\n#include <vector>\n#include "vit/block.h"\n'
        self.expect_good("includes", {"a.h": header, "a.cc": '#include "ATen/ops/add.h"\n'})

    def test_heavy_includes(self):
        for heavy in ("torch/torch.h", "torch/all.h", "torch/nn/module.h", "ATen/ATen.h"):
            self.expect_bad("includes", {"a.cc": f"# include <{heavy}>\n"}, f"a.cc:1: {heavy}")

    def test_operators_in_headers(self):
        self.expect_bad("includes", {"a.h": '#include "ATen/ops/add.h"\n'}, "belongs in a .cc file")

    def test_allowed_includes(self):
        files = {"a.cc": '#include "torch/torch.h"\n'}
        allowed = "a.cc torch/torch.h: the oracle\nb.cc torch/torch.h: once\n"
        files["tools/lint/allowed_includes.txt"] = allowed
        self.expect_bad("includes", files, "b.cc does not include torch/torch.h any more")

    def test_an_allowed_include_needs_a_reason(self):
        allowed = {"tools/lint/allowed_includes.txt": "a.cc torch/torch.h:\n"}
        self.expect_bad("includes", {"a.cc": '#include "torch/torch.h"\n', **allowed}, "a.cc:1")

    def test_using_namespace(self):
        bad = {"a.cc": "using namespace torch;\n", "b.h": "  using namespace std;\n"}
        self.expect_bad("includes", bad, "a.cc:1: using namespace torch", "b.h:1: using namespace std")

    def test_header_guards(self):
        self.expect_good("header_guards", {"vit/a_b.h": "// A.\n" + GUARDED.format("VIT_A_B_H_")})
        self.expect_bad("header_guards", {"vit/a_b.h": GUARDED.format("A_B_H_")}, "VIT_A_B_H_")
        self.expect_bad("header_guards", {"vit/a_b.h": "#pragma once\n"}, "VIT_A_B_H_")


class TextTest(RuleTest):
    def test_good(self):
        good = f"// {TO_DO}(ada): when Bazel 5 is out.\n"
        self.expect_good("text", {"a.cc": good, "a.patch": " \n", "a.png": b"\0\t", "empty": ""})

    def test_faults(self):
        for content, problem in (
            ("a\tb\n", "a.cc:1: a tab"),
            ("a\nb \n", "a.cc:2: spaces at the end"),
            ("a", "no newline"),
            ("a\n\n", "empty lines at the end"),
            (f"// {TO_DO}: later\n", "a.cc:1: write it as"),
            (f"// {TO_DO}(ada):\n", "a.cc:1: write it as"),
            (b"\0" * 400_001, "400 kB"),
        ):
            with self.subTest(problem):
                self.expect_bad("text", {"a.cc": content}, problem)


class BuildTest(RuleTest):
    def test_good(self):
        build = 'cc_test(name = "a", size = "small", srcs = ["a.cc"])\nfilegroup(srcs = glob(["*.txt"]))\n'
        macro = "def f(**kwargs):\n    native.cc_test(**kwargs)\n"
        self.expect_good("build_files", {"a/BUILD": build, "a/a.bzl": macro})

    def test_faults(self):
        for build, problem in (
            ('cc_test(name = "a")\n', "BUILD:1: cc_test without a size"),
            ('cc_library(name = "a", srcs = glob(["**"]))\n', "BUILD:1: cc_library with a glob in srcs"),
            ('filegroup(name = "a", srcs = glob(["*.h"]))\n', "BUILD:1: a glob of headers"),
        ):
            with self.subTest(problem):
                self.expect_bad("build_files", {"a/BUILD": build}, problem)

    def test_layers(self):
        library = 'cc_library(name = "a")\n'
        tested = library + 'dependency_test(name = "dependency_test")\n'
        files = {"tools/lint/BUILD": "", "vit/BUILD": tested, "other/BUILD": library}
        self.expect_good("layers", files)
        self.expect_bad("layers", {"vit/BUILD": library}, "vit/BUILD: no dependency_test")
        self.expect_good("layers", {"vit/BUILD": "cc_test()"})

    def test_libraries_for_tests_have_no_layer(self):
        library = 'cc_library(name = "a", testonly = 1)\n'
        self.expect_good("layers", {"tools/lint/BUILD": "", "vit/BUILD": library})


    def test_benchmarks(self):
        files = {"a/BUILD": 'cc_benchmark(name = "b")\n', "tools/benchmark/BUILD": '["//a:b"]\n'}
        self.expect_good("benchmarks", files)
        files["tools/benchmark/BUILD"] = '["//a:c"]\n'
        self.expect_bad("benchmarks", files, "a/BUILD:1: tools/benchmark/BUILD does not list //a:b")


class PinsTest(RuleTest):
    def tree(self, readme="\n| [dep](dep/archive.bzl) |\n", **archive):
        pin = {"name": "dep", "wheel": "dep==1.0", "sha256": SHA, "licence": "MIT", **archive}
        load = 'load("//third_party/dep:archive.bzl", dep = "ARCHIVE")\nhttp_archive()\n'
        return {
            "third_party/README.md": readme,
            "third_party/repositories.bzl": load,
            "third_party/dep/archive.bzl": f"ARCHIVE = {pin!r}\n",
        }

    def test_good(self):
        self.expect_good("pins", self.tree())
        self.expect_good("pins", self.tree(wheel=None, url="https://a/b", debian_source="b.orig.tar.gz"))

    def test_several_wheels_each_have_name_version_and_sha256(self):
        self.expect_good("pins", self.tree(wheel=None, wheels={"a==1": SHA, "b==2": SHA}))
        self.expect_bad("pins", self.tree(wheel=None, wheels={"a==1": SHA, "b==2": ""}), "no sha256")
        self.expect_bad("pins", self.tree(wheel=None, wheels={"a": SHA}), "name==version")

    def test_packages_are_of_a_pool_and_have_sha256(self):
        good = {"g/gcc-12/g++-12_12.2+deb1_amd64.deb": SHA}
        self.expect_good("pins", self.tree(wheel=None, packages=good))
        self.expect_bad("pins", self.tree(wheel=None, packages=dict.fromkeys(good, "")), "no sha256")
        self.expect_bad("pins", self.tree(wheel=None, packages={"g++-12=12.2": SHA}), "a package must be")

    def test_faults(self):
        for fault, problem in (
            ({"sha256": ""}, "no sha256"),
            ({"licence": ""}, "no licence"),
            ({"wheel": "dep"}, "name==version"),
            ({"wheel": None, "url": "https://a/b"}, "neither a wheel, nor packages, nor"),
            ({"build_file": "//third_party/dep:dep.BUILD"}, "dep.BUILD does not exist"),
            ({"readme": ""}, "no row"),
        ):
            with self.subTest(problem):
                self.expect_bad("pins", self.tree(**fault), problem)

    def test_patches_have_a_reason(self):
        self.expect_bad("pins", self.tree(patch_cmds=["rm a"]), "why they are needed")
        patch = {"third_party/dep/a.patch": ""}
        tree = self.tree(patches=["//third_party/dep:a.patch"])
        self.expect_bad("pins", {**tree, **patch}, "why they are needed")
        pin = tree["third_party/dep/archive.bzl"].replace("'patches'", '\n# Reason.\n"patches"')
        self.expect_good("pins", {"third_party/dep/archive.bzl": pin})

    def test_a_folder_without_a_pin(self):
        self.expect_bad("pins", {**self.tree(), "third_party/new/BUILD": ""}, "new: no archive.bzl")

    def test_a_pin_that_is_not_loaded(self):
        self.expect_bad("pins", {**self.tree(), "third_party/repositories.bzl": ""}, "not loaded")

    def test_fetching_elsewhere(self):
        self.expect_bad("pins", {**self.tree(), "WORKSPACE": "http_archive()\n"}, "WORKSPACE:1")
        self.assertTrue(third_party_rules.FETCHERS.search("native.new_local_repository("))
        self.assertTrue(third_party_rules.FETCHERS.search("    ctx.download(url)"))


class DocumentTest(RuleTest):
    def test_good(self):
        readme = (
            "# The first one\n[a](a/README.md#a-title) [b](#the-first-one) [c](https://c/d)\n"
            "`a/b.cc` `--flag=a/none` `user/file`\n```\n[x](none)\n```\n"
        )
        self.expect_good("links", {"README.md": readme, "a/README.md": "## A title\n", "a/b.cc": ""})

    def test_faults(self):
        for text, problem in (
            ("[a](none.md)", "README.md:1: none.md"),
            ("![a](a/none.png)", "a/none.png does not exist"),
            ("\n[a](a/b.md#none)", "README.md:2: a/b.md#none: a/b.md has no such heading"),
            ("see `a/none.cc`", "a/none.cc does not exist"),
        ):
            with self.subTest(problem):
                self.expect_bad("links", {"README.md": text + "\n", "a/b.md": "# B\n"}, problem)

    def test_labels(self):
        text = "`tools/bazel test //...` //base/... //vit //vit:a @torch//:torch https://a/b // x\n"
        build = 'cc_library(name = "vit")\ncc_library(name = "a")\n'
        self.expect_good("labels", {"README.md": text, "vit/BUILD": build})
        self.expect_bad("labels", {"README.md": "//vit:b\n"}, "README.md:1: //vit:b: vit/BUILD has no")
        self.expect_bad("labels", {"README.md": "```\nrun //none -- x\n```\n"}, "none/BUILD does not")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        os.environ["CLANG_FORMAT"] = os.path.abspath(sys.argv.pop(1))
    unittest.main()
