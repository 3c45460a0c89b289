#!/usr/bin/env python3
"""Fetches archives from a server on this machine that answers well and ill; no network, apt or pip."""

import contextlib
import hashlib
import http.server
import io
import os
import pathlib
import re
import signal
import socketserver
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE))

import archives
import debian
import seed_cache
from cache import DAY, Cache
from programs import run
from upstream import UnavailableError, Upstream

GOOD = b"the pinned bytes" * 1000
SHA256 = hashlib.sha256(GOOD).hexdigest()


class Server(http.server.BaseHTTPRequestHandler):
    """/good, /other, /missing, /truncated, /chunked, /garbage; /trickle never ends."""

    requests = []

    def do_GET(self):
        self.requests.append(self.path)
        getattr(self, f"answer_{self.path.strip('/')}")()

    def answer_good(self, body=GOOD, length=len(GOOD)):
        self.send_response(200)
        self.send_header("Content-Length", str(length))
        self.end_headers()
        self.wfile.write(body)

    def answer_other(self):
        self.answer_good(b"x" * len(GOOD))

    def answer_truncated(self):
        self.answer_good(GOOD[:100])

    def answer_missing(self):
        self.send_error(404)

    def answer_chunked(self):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"20\r\nonly half of it")

    def answer_garbage(self):
        self.wfile.write(b"not HTTP\r\n")

    def answer_trickle(self):
        self.answer_good(b"", 10**6)
        with contextlib.suppress(OSError):
            while True:
                self.wfile.write(b".")
                time.sleep(0.05)

    def log_message(self, *arguments):
        pass


# Arguments: the folder of the modules, a URL, the cache, and `nohup` or nothing.
ENDLESS = """
import pathlib, signal, sys
sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
import cache, seed_cache

def main():
    seed_cache.interrupt_when_told()
    pins = [{"name": str(n), "sha256": str(n), "urls": [sys.argv[2]]} for n in range(9)]
    here = cache.Cache(sys.argv[3])
    with here.scratch() as scratch:
        seed_cache.fetch_all(pins, pathlib.Path(scratch), here)

signal.signal(signal.SIGINT, signal.default_int_handler)  # however the test itself was started
signal.signal(signal.SIGHUP, signal.SIG_IGN if "nohup" in sys.argv else signal.SIG_DFL)
seed_cache.guarded(main)
"""


class NoDebian:
    def fetch(self, archive, folder):
        raise OSError("there is no apt")


class FolderTest(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)


class DownloadTest(FolderTest):
    @classmethod
    def setUpClass(cls):
        os.environ["no_proxy"] = "*"
        cls.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Server)
        cls.server.daemon_threads = True
        cls.url = f"http://127.0.0.1:{cls.server.server_address[1]}"
        threading.Thread(target=cls.server.serve_forever, daemon=True).start()

    @classmethod
    def tearDownClass(cls):
        cls.server.shutdown()
        cls.server.server_close()

    def setUp(self):
        super().setUp()
        Server.requests.clear()
        self.stopping = threading.Event()
        self.upstream = Upstream(self.stopping)

    def archive(self, *paths):
        return {"name": "thing", "sha256": SHA256, "urls": [self.url + path for path in paths]}

    def fetch(self, *paths, apt=None):
        return seed_cache.fetch(self.archive(*paths), self.folder, self.upstream, apt or NoDebian())

    def test_the_first_url_that_gives_the_pinned_bytes_is_taken(self):
        for bad in ("/other", "/missing", "/truncated", "/chunked", "/garbage"):
            with self.subTest(bad):
                self.assertEqual(self.fetch(bad, "/good").read_bytes(), GOOD)
        self.assertEqual(self.upstream.unreachable, {})

    def test_failures_are_one_line_that_says_why(self):
        for bad, why in {
            "/other": f"expected sha256 {SHA256}, got {hashlib.sha256(b'x' * len(GOOD)).hexdigest()}",
            "/missing": "404",
            "/truncated": f"the reply ended {len(GOOD) - 100} bytes too early",
            "/chunked": "IncompleteRead",
            "/garbage": "BadStatusLine",
        }.items():
            with self.subTest(bad), self.assertRaises(archives.FetchError) as caught:
                self.fetch(bad)
            for part in ("thing: ", self.url + bad, why, "there is no apt", "connect to the network"):
                self.assertIn(part, str(caught.exception))
            self.assertNotIn("\n", str(caught.exception))

    def test_apt_is_asked_last(self):
        class Apt:
            def fetch(self, archive, folder):
                return "from apt"

        self.assertEqual(self.fetch("/missing", apt=Apt()), "from apt")

    def test_a_host_that_cannot_be_reached_is_asked_once(self):
        with socketserver.TCPServer(("127.0.0.1", 0), None) as closed:
            url = f"http://127.0.0.1:{closed.server_address[1]}/"
        for _ in range(2):
            with self.assertRaisesRegex(UnavailableError, "refused"):
                self.upstream.fetch(url, self.folder)
        self.assertEqual(list(self.upstream.unreachable), ["127.0.0.1"])

    def test_a_server_that_trickles_is_given_up(self):
        upstream = Upstream(self.stopping, patience=0.2)
        for _ in range(2):
            with self.assertRaisesRegex(UnavailableError, "bytes a second"):
                upstream.fetch(self.url + "/trickle", self.folder)
        self.assertEqual(Server.requests, ["/trickle"])

    def test_a_download_ends_when_told(self):
        threading.Timer(0.2, self.stopping.set).start()
        with self.assertRaisesRegex(UnavailableError, "interrupted"):
            self.upstream.fetch(self.url + "/trickle", self.folder)

    def test_a_full_disk_is_not_taken_for_a_server_that_fails(self):
        (self.folder / "upstream").symlink_to("/dev/full")
        with self.assertRaisesRegex(OSError, "No space left"):
            self.upstream.fetch(self.url + "/good", self.folder)
        self.assertEqual(self.upstream.unreachable, {})

    def test_all_are_fetched_and_nothing_else_is_left(self):
        cache = Cache(self.folder / "cache")
        with cache.scratch() as scratch, contextlib.redirect_stderr(io.StringIO()):
            seed_cache.fetch_all([self.archive("/good")], pathlib.Path(scratch), cache)
        self.assertEqual(cache.entry(self.archive()).read_bytes(), GOOD)
        self.assertEqual(os.listdir(cache.folder), ["content_addressable"])

    def start(self, *words):
        """A process in the midst of downloads that never end; `nohup` as a word is that program."""
        command = [sys.executable, "-c", ENDLESS, HERE, self.url + "/trickle", self.folder, *words]
        Server.requests.clear()
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.kill)
        while len(Server.requests) < seed_cache.AT_ONCE and process.poll() is None:
            time.sleep(0.01)
        return process

    def expect_interrupted(self, process):
        errors = process.communicate()[1].splitlines()
        self.assertEqual(process.returncode, 1)
        self.assertEqual(errors[-1], "tools/bazel: interrupted; run it again to go on")
        self.assertEqual(len(errors), seed_cache.AT_ONCE + 1, errors)
        self.assertEqual(os.listdir(self.folder), [])

    def test_signals_end_it_with_one_line_and_nothing_left(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with self.subTest(number):
                process = self.start()
                process.send_signal(number)
                self.expect_interrupted(process)

    def test_nohup_is_respected(self):
        process = self.start("nohup")
        process.send_signal(signal.SIGHUP)
        with self.assertRaises(subprocess.TimeoutExpired):
            process.wait(0.5)
        process.terminate()
        self.expect_interrupted(process)


class CacheTest(FolderTest):
    def setUp(self):
        super().setUp()
        self.cache = Cache(self.folder / "cache")
        self.archive = {"name": "thing", "sha256": SHA256}
        self.entry = self.cache.entry(self.archive)

    def store(self, content):
        path = self.folder / "download"
        path.write_bytes(content)
        self.cache.store(path, self.archive)

    def holds(self):
        with contextlib.redirect_stderr(io.StringIO()) as self.errors:
            return self.cache.holds(self.archive)

    def test_other_bytes_do_not_enter(self):
        with self.assertRaisesRegex(archives.FetchError, f"thing: expected sha256 {SHA256}, got "):
            self.store(b"other")
        self.assertFalse(self.holds())

    def test_a_damaged_entry_is_seen_and_replaced(self):
        self.store(GOOD)
        self.assertTrue(self.holds())
        for damage in (GOOD[:-1], b"x" * len(GOOD), b""):
            self.entry.write_bytes(damage)
            self.assertFalse(self.holds())
            self.assertEqual(self.errors.getvalue(), f"tools/bazel: thing is damaged in {self.cache.folder}\n")
            self.store(GOOD)
            self.assertTrue(self.holds())

    def test_an_entry_is_read_only_if_its_time_is_another(self):
        self.store(GOOD)
        at = self.entry.stat().st_mtime_ns
        self.entry.write_bytes(b"x" * len(GOOD))
        os.utime(self.entry, ns=(at, at))
        self.assertTrue(self.holds())
        os.utime(self.entry, ns=(at, at + 1))
        self.assertFalse(self.holds())

    def test_an_entry_of_another_tool_gets_its_stamp(self):
        self.entry.parent.mkdir(parents=True)
        self.entry.write_bytes(GOOD)
        self.assertTrue(self.holds())
        self.assertTrue(self.entry.with_name("verified").exists())

    def test_downloads_killed_long_ago_are_removed(self):
        old, new = (self.cache.folder / f".fetch-{name}" for name in ("old", "new"))
        for folder in (old, new):
            (folder / "part").mkdir(parents=True)
        os.utime(old, (time.time() - DAY - 60,) * 2)
        Cache(self.cache.folder)
        self.assertEqual([old.exists(), new.exists()], [False, True])


class ProgramTest(unittest.TestCase):
    def test_status_and_last_line(self):
        stopping = threading.Event()
        self.assertEqual(run(["sh", "-c", "echo a; echo b >&2; exit 3"], stopping), (3, "b"))
        self.assertEqual(run(["true"], stopping), (0, "no message"))

    def test_it_ends_when_told(self):
        stopping = threading.Event()
        stopping.set()
        self.assertEqual(run(["sleep", "1000"], stopping)[0], -signal.SIGTERM)


class DebianTest(FolderTest):
    def test_a_failing_apt_says_the_same_each_time(self):
        apt = self.folder / "apt-get"
        apt.write_text("#!/bin/sh\necho E: no network\nexit 100\n")
        apt.chmod(0o755)
        path = os.environ["PATH"]
        self.addCleanup(os.environ.__setitem__, "PATH", path)
        os.environ["PATH"] = f"{self.folder}:{path}"
        apt = debian.Debian(self.folder / "state", threading.Event())
        for _ in range(2):
            with self.assertRaisesRegex(OSError, "^E: no network$"):
                apt.fetch({"debian_source": "thing_1.orig.tar.gz"}, self.folder)

    def list_as_debian_12(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return debian.as_debian_12(path)

    def test_lists_of_one_line(self):
        text = "# deb http://a/ x main\ndeb [signed-by=/k] http://a/debian trixie main contrib\n"
        text += "deb-src http://a/debian trixie main\ndeb http://b/ stable main\ndeb http://s/ trixie-security main\n"
        self.assertEqual(
            self.list_as_debian_12("a.list", text),
            "deb [signed-by=/k] http://a/debian bookworm main\ndeb-src [signed-by=/k] http://a/debian bookworm main\n",
        )

    def test_lists_of_stanzas(self):
        text = "Types: deb\nURIs: http://a/debian\nSuites: trixie trixie-updates\nComponents: main contrib\n"
        text += "Signed-By: /k\n\nTypes: deb\nURIs: http://b/\nSuites: nodistro\nComponents: main\n"
        self.assertEqual(
            self.list_as_debian_12("a.sources", text),
            "Types: deb deb-src\nURIs: http://a/debian\nSuites: bookworm\nComponents: main\nSigned-By: /k",
        )

    def make_tar(self, top):
        """Of git-archive's kind: the commit's id first, and checksums in git's form."""
        file = io.BytesIO()
        with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT, pax_headers={"comment": "id"}) as tar:
            for name, content in {"a": b"1" * 700, "folder/b": b"", "c": b"2" * 512}.items():
                member = tarfile.TarInfo(f"{top}/{name}")
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
        return re.sub(rb"([0-7]{6})\0 (?=[0g])", rb"0\1\0", file.getvalue())

    def test_the_top_folder_is_renamed_and_nothing_else(self):
        self.assertEqual(debian.rename_top_folder(self.make_tar("old"), b"old", b"newer"), self.make_tar("newer"))

    def test_a_member_elsewhere_is_refused(self):
        with self.assertRaisesRegex(OSError, "unexpected member b'old/a'"):
            debian.rename_top_folder(self.make_tar("old"), b"ol", b"new")


class ArchivesTest(FolderTest):
    def test_wheels_belong_to_a_config(self):
        names = {
            config: {a["name"] for a in archives.read_archives([config])} for config in ("", "cuda", "cuda_kernels")
        }
        self.assertLess(names[""], names["cuda_kernels"])
        self.assertLess(names["cuda_kernels"], names["cuda"])
        self.assertIn("nvidia-cuda-nvcc==13.0.88", names["cuda_kernels"])

    def test_a_package_has_each_mirror_and_a_file_is_there_once(self):
        found = archives.read_archives(["cuda"])
        self.assertEqual(len({archive["sha256"] for archive in found}), len(found))
        gcc = next(a for a in found if a["name"].startswith("gcc-12_"))
        self.assertEqual([url.split("/")[2] for url in gcc["urls"]], ["deb.debian.org", "snapshot.debian.org"])

    def test_a_file_without_the_name(self):
        path = self.folder / "archive.bzl"
        path.write_text("A = 1\nB = [2]\n")
        self.assertEqual(archives.read_literal(path, "B"), [2])
        with self.assertRaisesRegex(archives.FetchError, "does not define ARCHIVE"):
            archives.read_literal(path, "ARCHIVE")


class MainTest(FolderTest):
    def test_a_cache_that_cannot_be_made_is_one_line(self):
        (self.folder / "file").touch()
        command = [sys.executable, HERE / "seed_cache.py", "--cache", self.folder / "file/cache"]
        result = subprocess.run(command, stderr=subprocess.PIPE, text=True)
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stderr, r"^tools/bazel: .*Not a directory.* XDG_CACHE_HOME .*\n$")


if __name__ == "__main__":
    unittest.main()
