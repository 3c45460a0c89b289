#!/usr/bin/env python3
"""Checks the form of the repository's files.

    tools/lint/lint.py RULE...         one line per problem; exit status 1 if there is any
    tools/lint/lint.py --fix           reformats the C++ files in place

A rule is a function of a Tree that yields "path:line: what is wrong and what to do". A rule that saw
no file has not checked anything, so that is a failure too.
"""

import argparse
import os
import pathlib
import sys

# Bazel runs programs through symbolic links; the real path is in the source tree.
HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE))

import build_rules
import cpp_rules
import document_rules
import text_rules
import third_party_rules
from tree import Tree

RULES = {
    "benchmarks": build_rules.benchmarks,
    "build_files": build_rules.build_files,
    "format": cpp_rules.clang_format,
    "header_guards": cpp_rules.header_guards,
    "includes": cpp_rules.includes,
    "labels": document_rules.labels,
    "layers": build_rules.layers,
    "links": document_rules.links,
    "pins": third_party_rules.pins,
    "text": text_rules.text,
}


def run(name, tree):
    """The rule's problems, of which seeing nothing is one."""
    tree.seen.clear()
    problems = list(RULES[name](tree))
    if not tree.seen:
        problems.append(f"{name}: this rule saw no file, so it checked nothing")
    return problems


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", default=HERE.parents[1], help="the folder to check")
    parser.add_argument("--clang_format", help="the pinned program; the rule `format` needs it")
    parser.add_argument("--fix", action="store_true", help="reformat instead of checking")
    parser.add_argument("rules", nargs="*", choices=[*RULES, []], help="which rules to check")
    arguments = parser.parse_args()
    if arguments.clang_format:
        os.environ["CLANG_FORMAT"] = os.path.abspath(arguments.clang_format)
    if not arguments.fix and not arguments.rules:
        parser.error("name a rule, or give --fix")
    tree = Tree(arguments.root)
    if arguments.fix:
        return cpp_rules.reformat(tree)
    problems = [problem for name in arguments.rules for problem in run(name, tree)]
    print("\n".join(problems) or f"{', '.join(arguments.rules)}: no problem")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
