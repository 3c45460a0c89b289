"""What embeds libvitrine.so builds with the machine's own compilers and CMake against a bundle, runs
wherever the bundle is moved, and says what //eval:predict says, to the last bit.

C++ and C are built from library/example, also without CMake, and Python calls the library by ctypes.
Needs cmake, gcc and g++, which are installed with apt-get where they are missing.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import numpy as np
from PIL import Image
import quickstart
from safetensors.numpy import load_file

EXAMPLE = quickstart.ROOT / "library/example"
PICTURES = 3
FIELDS = ["schedule.iterations=20", "schedule.warmup_iterations=5"]


def run(*command: object) -> str:
    """What the program prints, in an environment that leads to no library."""
    environment = {"PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [str(word) for word in command], env=environment, capture_output=True, text=True
    )
    if done.returncode != 0:
        sys.exit(f"{command[0]} exited with {done.returncode}:\n{(done.stdout + done.stderr)[-2000:]}")
    if done.stderr:
        sys.exit(f"{command[0]} is not quiet:\n{done.stderr[-2000:]}")
    return done.stdout


def install_compilers() -> None:
    packages = {"cmake": "cmake", "make": "make", "gcc": "gcc", "g++": "g++"}
    missing = [package for program, package in packages.items() if shutil.which(program) is None]
    if missing:
        quickstart.run([quickstart.ROOT / "tools/bootstrap/install_packages", *missing])


def make_bundle(folder: pathlib.Path) -> pathlib.Path:
    """It is moved once it is made."""
    made, bundle = folder / "made", folder / "somewhere" / "else"
    bundle.parent.mkdir()
    quickstart.run(
        [quickstart.ROOT / "tools/bazel", "run", "//tools:package", "--", f"--output={made}"]
    )
    made.rename(bundle)
    return bundle


def build_by_hand(bundle: pathlib.Path, folder: pathlib.Path) -> None:
    folder.mkdir()
    strict = ["-Wall", "-Wextra", "-pedantic", "-Werror", f"-I{bundle}/include"]
    libraries = [f"-L{bundle}/lib", "-lvitrine", f"-Wl,-rpath,{bundle}/lib"]
    for compiler, standard, source in (("g++", "c++17", "classify.cc"), ("gcc", "c11", "embed.c")):
        program = folder / source.split(".")[0]
        run(compiler, f"-std={standard}", *strict, EXAMPLE / source, *libraries, "-o", program)


def build_by_cmake(bundle: pathlib.Path, folder: pathlib.Path) -> None:
    prefix = f"-DCMAKE_PREFIX_PATH={bundle}"
    run("cmake", "-S", EXAMPLE, "-B", folder, prefix, "-DCMAKE_BUILD_TYPE=Release")
    run("cmake", "--build", folder)


def version_problems(bundle: pathlib.Path, folder: pathlib.Path) -> list[str]:
    """find_package takes equal major versions, and none that is newer than the library."""
    problems = []
    for version, fits in (("1.0.0", True), ("1", True), ("1.99", False), ("2.0", False), ("0.9", False)):
        project = folder / f"wants-{version}"
        project.mkdir()
        (project / "CMakeLists.txt").write_text(
            "cmake_minimum_required(VERSION 3.16)\nproject(wants LANGUAGES C)\n"
            f"find_package(vitrine {version} REQUIRED)\n"
        )
        command = ["cmake", "-S", project, "-B", project, f"-DCMAKE_PREFIX_PATH={bundle}"]
        if (subprocess.run(command, capture_output=True).returncode == 0) != fits:
            problems.append(f"find_package(vitrine {version}) should {'' if fits else 'not '}fit")
    return problems


def write_pictures(folder: pathlib.Path) -> list[pathlib.Path]:
    rng = np.random.default_rng(29)
    folder.mkdir()
    paths = [folder / f"{i}.{'png' if i % 2 else 'jpg'}" for i in range(PICTURES)]
    for path in paths:
        Image.fromarray(rng.integers(0, 256, (50, 70, 3), dtype=np.uint8)).save(path)
    return paths


def predict(bundle: pathlib.Path, model: pathlib.Path, pictures: list, features: pathlib.Path):
    """The most probable class of each picture with its probability, and the vectors."""
    images = ",".join(map(str, pictures))
    program, flags = bundle / "bin/predict", ["--json", "--device=cpu", f"--output={features}"]
    rows = json.loads(run(program, f"--checkpoint={model}", f"--images={images}", *flags))
    best = [(row["classes"][0]["class"], row["classes"][0]["probability"]) for row in rows]
    return best, load_file(features)["features"]


def check(folder: pathlib.Path) -> list[str]:
    install_compilers()
    model = folder / "run"
    quickstart.train(model, *FIELDS)
    bundle = make_bundle(folder)
    pictures = write_pictures(folder / "pictures")
    best, features = predict(bundle, model, pictures, folder / "features.safetensors")

    problems = version_problems(bundle, folder)
    for name, build in (("cmake", build_by_cmake), ("by hand", build_by_hand)):
        programs = folder / name
        build(bundle, programs)
        said = run(programs / "classify", model, *pictures)
        lines = [f"{p} {c} {probability:g}" for p, (c, probability) in zip(pictures, best)]
        if said.splitlines() != lines:
            problems.append(f"{name}: classify says\n{said}and //eval:predict says\n{lines}")
        for i, picture in enumerate(pictures):
            row = np.array(run(programs / "embed", model, picture).split(), dtype=np.float32)
            if not np.array_equal(row, features[i]):
                problems.append(f"{name}: embed has other bits than //eval:predict for {picture}")
    said = run(folder / "cmake/similar", model, pictures[0], folder / "pictures")
    if not said.startswith(f"{pictures[0]} 1\n") or len(said.splitlines()) != PICTURES:
        problems.append(f"similar does not find the picture itself first:\n{said}")
    library = bundle / "lib/libvitrine.so"
    for picture, (name, probability) in zip(pictures, best):
        said = run(sys.executable, "-S", EXAMPLE / "classify.py", library, model, picture)
        if said != f"{name} {probability}\n":
            problems.append(f"ctypes: {said}and //eval:predict: {name} {probability}")
    return problems


def main() -> None:
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR", "/var/tmp")) as folder:
        problems = check(pathlib.Path(folder))
    if problems:
        sys.exit("\n".join(problems))
    print(f"pictures: {PICTURES}, languages: 3")


if __name__ == "__main__":
    main()
