"""Debian 12's packages, and upstream's release archives recovered from its source packages, through apt.

Debian ships upstream's archive as <source>_<version>.orig.tar.*: often byte for byte, sometimes packed
with xz instead of gzip, once with another top folder. Each difference is undone here, and the caller
checks the SHA-256 of what comes out.
"""

import pathlib
import re
import subprocess
import threading

from programs import run

BLOCK = 512
RELEASE = "bookworm"
# Of Debian's main archive, whose mirrors hold all releases. Not "stable" and its like: others call theirs so, too.
RELEASES = {RELEASE, "trixie", "forky", "sid"}


class Debian:
    """Downloads with apt, as any user, without touching the system's apt state. Threads may share one."""

    def __init__(self, folder, stopping):
        self.folder = pathlib.Path(folder)
        self.stopping = stopping
        self.updating = threading.Lock()
        self.options = None

    def fetch(self, archive, folder):
        """The archive with the pinned bytes, in `folder`."""
        with self.updating:
            if self.stopping.is_set():  # which is why there is none from elsewhere
                raise OSError("interrupted")
            if self.options is None:
                self._update()
        if "package" in archive:
            return self._fetch_package(archive, folder)
        return self._fetch_source(archive, folder)

    def _fetch_package(self, archive, folder):
        name, version, _ = archive["name"].split("_")
        # * for the epoch, which files don't name
        self._apt(self.options, "download", "--quiet=2", f"{name}=*{version}", cwd=folder)
        return next(folder.glob("*.deb"))

    def _fetch_source(self, archive, folder):
        file_name = archive["debian_source"]
        package = file_name.split("_")[0]
        self._apt(self.options, "source", "--download-only", "--tar-only", "--quiet=2", package, cwd=folder)
        original = folder / file_name
        if not original.exists():
            raise OSError(f"{package} no longer holds {file_name}")
        if "debian_top_folder" in archive:
            tar = rename_top_folder(
                _output("gzip", "-dc", original),
                archive["debian_top_folder"].encode(),
                archive["strip_prefix"].encode(),
            )
            return _gzip(tar, folder)
        if original.suffix == ".xz" and not archive["url"].endswith(".xz"):
            return _gzip(_output("xz", "-dc", original), folder)
        return original

    def _update(self):
        """Lists of Debian 12, from the places that the machine's own apt lists name for its Debian."""
        for part in ("state/lists/partial", "cache/archives/partial", "lists"):
            (self.folder / part).mkdir(parents=True, exist_ok=True)
        for path in [pathlib.Path("/etc/apt/sources.list"), *_glob("/etc/apt/sources.list.d")]:
            if path.exists() and path.suffix in (".list", ".sources"):
                (self.folder / "lists" / path.name).write_text(as_debian_12(path))
        options = [
            f"-oDir::State={self.folder}/state",
            f"-oDir::Cache={self.folder}/cache",
            f"-oDir::Etc::sourceparts={self.folder}/lists",
            "-oDir::Etc::sourcelist=/dev/null",
            # As root apt would drop to a user who may not write here, and warn of it.
            "-oAPT::Sandbox::User=",
        ]
        self._apt(options, "update", "--quiet=2")
        self.options = options

    def _apt(self, options, *arguments, cwd=None):
        status, message = run(["apt-get", *options, *arguments], self.stopping, cwd)
        if status != 0:
            raise OSError(message)


def as_debian_12(path):
    """A list of apt's with the main archive of Debian 12, source packages too, in place of that of another release."""
    text = path.read_text()
    if path.suffix == ".sources":
        stanzas = re.split(r"\n\s*\n", text)
        return "\n\n".join(_as_debian_12_stanza(stanza) for stanza in stanzas if _names_debian(stanza))
    lines = (re.match(r"\s*deb\s+(\[.*?\]\s+)?(\S+)\s+(\S+)\s", line) for line in text.splitlines())
    return "".join(
        f"{kind} {match[1] or ''}{match[2]} {RELEASE} main\n"
        for match in lines
        if match and match[3] in RELEASES
        for kind in ("deb", "deb-src")
    )


def _names_debian(stanza):
    suites = re.search(r"(?m)^Suites:(.*)$", stanza)
    return suites and RELEASES.intersection(suites[1].split())


def _as_debian_12_stanza(stanza):
    stanza = re.sub(r"(?m)^Types:.*$", "Types: deb deb-src", stanza)
    stanza = re.sub(r"(?m)^Suites:.*$", f"Suites: {RELEASE}", stanza)
    return re.sub(r"(?m)^Components:.*$", "Components: main", stanza)


def rename_top_folder(tar, old, new):
    """A tar of git-archive's kind with its top folder renamed and every other byte kept."""
    out, position = [], 0
    while position + BLOCK <= len(tar):
        header = bytearray(tar[position : position + BLOCK])
        if not any(header):
            break
        size = int(header[124:135], 8)
        body_end = position + BLOCK + -(-size // BLOCK) * BLOCK
        if header[156:157] != b"g":  # the commit id, which has no path
            name = bytes(header[:100]).rstrip(b"\0")
            if not name.startswith(old + b"/"):
                raise OSError(f"unexpected member {name!r}")
            header[:100] = (new + name[len(old) :]).ljust(100, b"\0")
            header[148:156] = b" " * 8  # the checksum is taken with itself as spaces
            header[148:156] = b"%07o\0" % sum(header)
        out += [bytes(header), tar[position + BLOCK : body_end]]
        position = body_end
    return b"".join(out) + tar[position:]


def _glob(folder):
    return sorted(pathlib.Path(folder).glob("*"))


def _output(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout


def _gzip(data, folder):
    """Packed as `git archive` packs: GNU gzip without name and time. zlib's bytes would differ."""
    path = folder / "upstream.tar.gz"
    with open(path, "wb") as file:
        subprocess.run(["gzip", "-n"], input=data, stdout=file, check=True)
    return path
