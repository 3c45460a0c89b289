"""Puts files into a program, so that it runs wherever it is copied."""

load("@rules_cc//cc:defs.bzl", "cc_library")

# Each byte becomes a character literal. The zero at the end is not counted: it lets an empty file be.
_GENERATE = r"""
set -e
exec > $(location {name}.cc)
echo '#include "{package}/{name}.h"'
echo 'namespace vitrine {{'
echo 'namespace {{'
i=0
for file in $(SRCS); do
  echo "constexpr char kFile$$i[] = {{"
  od -An -v -tx1 "$$file" | sed "s/ \(..\)/'\\\\x\1',/g"
  echo '0}};'
  i=$$((i + 1))
done
echo 'constexpr EmbeddedFile kFiles[] = {{'
i=0
for file in $(SRCS); do
  echo "{{\"$$(basename "$$file")\", {{kFile$$i, sizeof(kFile$$i) - 1}}}},"
  i=$$((i + 1))
done
echo '}};'
echo '}}  // namespace'
echo 'std::span<const EmbeddedFile> {function}() {{ return kFiles; }}'
echo '}}  // namespace vitrine'
exec > $(location {name}.h)
echo '#pragma once'
echo '#include <span>'
echo '#include "base/files/embedded_file.h"'
echo 'namespace vitrine {{'
echo '// The embedded files, in the order of the rule.'
echo 'std::span<const EmbeddedFile> {function}();'
echo '}}  // namespace vitrine'
"""

def cc_embed(name, srcs, function, **kwargs):
    """A cc_library whose header, <package>/<name>.h, declares the function that returns the files.

    Args:
      name: of the library and its header.
      srcs: the files; each keeps its name, without folders.
      function: the name, in namespace vitrine, of a function that takes nothing and returns
        std::span<const EmbeddedFile>.
      **kwargs: for the cc_library.
    """
    native.genrule(
        name = name + "_sources",
        srcs = srcs,
        outs = [name + ".cc", name + ".h"],
        cmd = _GENERATE.format(name = name, package = native.package_name(), function = function),
        visibility = ["//visibility:private"],
    )
    cc_library(
        name = name,
        srcs = [name + ".cc"],
        hdrs = [name + ".h"],
        deps = ["//base/files:embedded_file"],
        **kwargs
    )
