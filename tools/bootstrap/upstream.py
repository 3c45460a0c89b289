"""Downloads from URLs."""

import http.client
import time
import urllib.error
import urllib.parse
import urllib.request

BLOCK = 1 << 16
SILENCE = 20  # seconds
SLOWEST = 2000  # bytes a second, on average


class UnavailableError(Exception):
    """Why the URL did not give the file."""


class Upstream:
    """Once a host can't be reached, says so at once. Threads may share one; all end soon once `stopping` is set."""

    def __init__(self, stopping, patience=30):
        self.stopping = stopping
        self.patience = patience  # seconds before it matters how slow a server is
        self.unreachable = {}

    def fetch(self, url, folder):
        """The downloaded file, of which only the length was checked."""
        host = urllib.parse.urlsplit(url).hostname
        if host in self.unreachable:
            raise UnavailableError(self.unreachable[host])
        target = folder / "upstream"
        with open(target, "wb") as file:
            for block in self._blocks(url, host):
                file.write(block)
        return target

    def _blocks(self, url, host):
        try:
            with urllib.request.urlopen(url, timeout=SILENCE) as reply:
                begin, received = time.monotonic(), 0
                while block := reply.read1(BLOCK):
                    received += len(block)
                    self._check(time.monotonic() - begin, received)
                    yield block
                if reply.length:
                    raise UnavailableError(f"the reply ended {reply.length} bytes too early")
        except urllib.error.HTTPError as error:
            raise UnavailableError(error) from error
        except http.client.HTTPException as error:
            raise UnavailableError(repr(error)) from error
        except OSError as error:
            self.unreachable[host] = str(getattr(error, "reason", error))
            raise UnavailableError(self.unreachable[host]) from error

    def _check(self, seconds, received):
        if self.stopping.is_set():
            raise UnavailableError("interrupted")
        if seconds > self.patience and received < seconds * SLOWEST:
            raise TimeoutError(f"less than {SLOWEST} bytes a second")
