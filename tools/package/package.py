#!/usr/bin/env python3
"""Makes a bundle of all programs, for machines without Bazel; //tools:package runs it."""

import argparse
import gzip
import lzma
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile

HERE = pathlib.Path(__file__).resolve().parent

# Libraries of every Linux system that is new enough, which a bundle leaves to it.
OF_THE_SYSTEM = re.compile(
    r"(ld-linux-x86-64|libc|libdl|libgcc_s|libm|libpthread|librt|libstdc\+\+|libutil)\.so\.\d+"
)
# Libraries that come with PyTorch: its own, and those of the packages of NVIDIA's that it requires.
OF_TORCH = re.compile(r"(libtorch.*|libc10|libgomp|libshm|libcudart|libcupti)\.so(\.\d+)?")
SYMBOL_VERSION = re.compile(r"\b(GLIBC|GLIBCXX)_(\d+(?:\.\d+)*)")

ARCHIVES = {".tar.xz": "xz", ".tar.gz": "gz"}


def fail(message: str, status: int = 2) -> None:
    print(f"package: {message}", file=sys.stderr)
    sys.exit(status)


def run(*command: str) -> str:
    try:
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    except FileNotFoundError:
        fail(f"{command[0]} is missing; it is in Debian's package binutils", 1)
    except subprocess.CalledProcessError:
        fail(f"{' '.join(command)} failed", 1)


def needed_libraries(path: pathlib.Path) -> list[str]:
    return re.findall(r"\(NEEDED\).*\[(.*)\]", run("readelf", "--dynamic", "--wide", str(path)))


def find_libraries(programs: list[pathlib.Path], given: list[pathlib.Path]) -> dict:
    """Every library that the programs load which the system does not have, by name."""
    by_name = {path.name: path for path in given}
    found: dict[str, pathlib.Path] = {}
    waiting = list(programs)
    while waiting:
        for name in needed_libraries(waiting.pop()):
            if name in found or OF_THE_SYSTEM.fullmatch(name):
                continue
            if name not in by_name:
                fail(f"{name} is needed and is not among the libraries of the build", 1)
            found[name] = by_name[name]
            waiting.append(by_name[name])
    return found


def oldest_system(paths: list[pathlib.Path]) -> dict[str, str]:
    """The newest version of the C and of the C++ library's symbols that any file uses."""
    newest: dict[str, tuple[int, ...]] = {}
    for path in paths:
        for library, version in SYMBOL_VERSION.findall(run("objdump", "-T", str(path))):
            number = tuple(map(int, version.split(".")))
            newest[library] = max(newest.get(library, ()), number)
    return {library: ".".join(map(str, number)) for library, number in newest.items()}


def copy(source: pathlib.Path, to: pathlib.Path, mode: int = 0o644, strip: bool = False) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, to)
    to.chmod(0o755)
    if strip:
        run("strip", str(to))
    to.chmod(mode)


def licence_name(path: pathlib.Path) -> str:
    """external/com_google_absl/LICENSE -> com_google_absl.LICENSE"""
    repository = path.parts[path.parts.index("external") + 1]
    return f"{repository}.{path.name}"


def read_version(libraries: list[pathlib.Path]) -> str:
    torch = next(path for path in libraries if path.name == "libtorch_cpu.so")
    text = (torch.parent.parent / "version.py").read_text()
    return re.search(r"^__version__ = '(.*)'", text, re.MULTILINE).group(1)


def place(path: pathlib.Path, folder: pathlib.Path) -> None:
    """Puts a file that other programs are built with where they look for it."""
    if path.suffix == ".h":
        copy(path, folder / "include" / path.name)
    elif path.suffix == ".cmake":
        copy(path, folder / "lib" / "cmake" / "vitrine" / path.name)
    else:  # libvitrine.so.1, and the name by which it is linked
        copy(path, folder / "lib" / path.name, 0o755, strip=True)
        (folder / "lib" / path.stem).symlink_to(path.name)


def describe(arguments: argparse.Namespace, version: str, system: dict[str, str]) -> str:
    if arguments.torch == "bundled":
        libtorch = (
            f"libtorch {version} is in it. For programs of your own in C++, C and other languages:\n"
            "include/vitrine.h, lib/libvitrine.so, and for CMake find_package(vitrine)."
        )
    else:
        libtorch = (
            f"It takes libtorch from an installed PyTorch {version}: python3's, or the one in the\n"
            "folder that the environment variable VITRINE_TORCH names, which holds torch/."
        )
    return f"""Vitrine: trains, evaluates and explains Vision Transformers.

    bin/train --help
    bin/train --run_dir=RUN          # the quick start, on real digits, without any data
    bin/eval --checkpoint=RUN

For x86-64 Linux with glibc {system["GLIBC"]} and libstdc++ with GLIBCXX_{system["GLIBCXX"]}, or newer.
{libtorch}
The folder may be moved. What it is made of stands under the licences in licences/.
"""


def assemble(arguments: argparse.Namespace, folder: pathlib.Path) -> None:
    shared = [path for path in arguments.development if ".so." in path.name]
    libraries = find_libraries(arguments.program + shared, arguments.library)
    version = read_version(list(libraries.values()))
    if arguments.torch == "installed":
        libraries = {n: path for n, path in libraries.items() if not OF_TORCH.fullmatch(n)}
    for path in arguments.program:
        copy(path, folder / "libexec" / path.name, 0o755, strip=True)
        (folder / "bin").mkdir(exist_ok=True)
        (folder / "bin" / path.name).symlink_to("../libexec/launch")
    copy(HERE / "launch.sh", folder / "libexec" / "launch", 0o755)
    (folder / "libexec" / "torch_version").write_text(version + "\n")
    for name, path in libraries.items():
        # libtorch's libraries are as they were installed, and may find each other by what strip removes.
        copy(path, folder / "lib" / name, 0o755, strip=not OF_TORCH.fullmatch(name))
    for path in arguments.licence:
        copy(path, folder / "licences" / licence_name(path))
    if arguments.torch == "bundled":  # it finds libtorch beside itself alone
        for path in arguments.development:
            place(path, folder)
    system = oldest_system([*arguments.program, *shared, *libraries.values()])
    (folder / "README").write_text(describe(arguments, version, system))
    print(
        f"glibc {system['GLIBC']}, GLIBCXX_{system['GLIBCXX']} or newer; libtorch {version} {arguments.torch}"
    )


def write_archive(folder: pathlib.Path, output: pathlib.Path, kind: str) -> None:
    """Equal folders give equal bytes: no times, no owners, one order."""

    def plain(entry: tarfile.TarInfo) -> tarfile.TarInfo:
        entry.mtime = entry.uid = entry.gid = 0
        entry.uname = entry.gname = ""
        return entry

    def add_all(tar: tarfile.TarFile) -> None:
        for path in sorted(folder.rglob("*")):
            tar.add(path, f"vitrine/{path.relative_to(folder)}", recursive=False, filter=plain)

    partial = output.with_name(f".{output.name}.partial")
    try:
        if kind == "xz":
            with (
                lzma.open(partial, "w", preset=6) as file,
                tarfile.open(fileobj=file, mode="w") as tar,
            ):
                add_all(tar)
        else:
            with open(partial, "wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as file:
                with tarfile.open(fileobj=file, mode="w") as tar:
                    add_all(tar)
        partial.rename(output)
    finally:
        partial.unlink(missing_ok=True)


def parse_arguments() -> argparse.Namespace:
    class Parser(argparse.ArgumentParser):
        def error(self, message: str) -> None:
            fail(f"{message}; see --help")

    parser = Parser(prog="package", description=__doc__, allow_abbrev=False)
    parser.add_argument(
        "--output", required=True, help="a new folder, or a file *.tar.xz or *.tar.gz"
    )
    parser.add_argument(
        "--torch",
        choices=("bundled", "installed"),
        default="bundled",
        help="libtorch in the bundle (default), or that of an installed PyTorch of the same version",
    )
    for name in ("program", "development", "library", "licence"):  # what //tools/package adds
        parser.add_argument(f"--{name}", nargs="*", type=pathlib.Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    given = arguments.output  # no shell replaces the ~ of --output=~/F
    given = os.path.expanduser(given) if given.startswith("~/") else given
    output = pathlib.Path(os.environ.get("BUILD_WORKING_DIRECTORY", ".")) / given
    kind = next((k for suffix, k in ARCHIVES.items() if output.name.endswith(suffix)), None)
    if output.exists():
        fail(f"--output: {output} is there; remove it, or name another")
    if not output.parent.is_dir():
        fail(f"--output: there is no folder {output.parent}; make it, or name another")
    with tempfile.TemporaryDirectory(prefix=f".{output.name}.", dir=output.parent) as scratch:
        folder = pathlib.Path(scratch) / "vitrine"
        folder.mkdir()
        assemble(arguments, folder)
        if kind is None:
            folder.rename(output)
        else:
            write_archive(folder, output, kind)
    size = output.stat().st_size if kind else sum(p.lstat().st_size for p in output.rglob("*"))
    print(f"{output}: {size / 2**20:.1f} MiB")


if __name__ == "__main__":
    main()
