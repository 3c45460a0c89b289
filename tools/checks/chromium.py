"""Chromium without a window, driven through the DevTools protocol.

    with Chromium() as chromium:
        page = chromium.open(path)           # waits until it is loaded
        page.evaluate("document.title")
        page.screenshot(path)
        page.complaints, page.requests       # what the console said, and what was asked for

Messages go through a pair of pipes, JSON with a zero byte behind each, so that nothing but the
standard library is needed.
"""

import base64
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

import quickstart

INSTALL = quickstart.ROOT / "tools/bootstrap/install_packages"


class Chromium:
    def __enter__(self) -> "Chromium":
        if shutil.which("chromium") is None:
            quickstart.run([INSTALL, "chromium"])
        # Its own processes may be writing there still while they end.
        self.profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        to_read, self.to_browser = os.pipe()
        self.from_browser, to_write = os.pipe()
        # The protocol's file descriptors are 3 and 4.
        command = (
            f"exec chromium --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage"
            f" --no-first-run --disable-background-networking --user-data-dir={self.profile.name}"
            f" --remote-debugging-pipe 3<&{to_read} 4>&{to_write}"
        )
        self.process = subprocess.Popen(
            ["bash", "-c", command],
            pass_fds=(to_read, to_write),
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        os.close(to_read)
        os.close(to_write)
        self.buffer = b""
        self.number = 0
        return self

    def __exit__(self, *_) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        os.close(self.to_browser)
        os.close(self.from_browser)
        self.profile.cleanup()

    def receive(self) -> dict:
        while b"\0" not in self.buffer:
            part = os.read(self.from_browser, 1 << 20)
            if not part:
                raise RuntimeError("chromium ended")
            self.buffer += part
        message, _, self.buffer = self.buffer.partition(b"\0")
        return json.loads(message)

    def call(self, method: str, session: str = "", on_event=lambda event: None, **params) -> dict:
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        os.write(self.to_browser, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.receive()
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                return answer["result"]
            on_event(answer)

    def open(self, path: pathlib.Path, width: int = 1200, dark: bool = False) -> "Page":
        return Page(self, path.resolve().as_uri(), width, dark)


class Page:
    def __init__(self, chromium: Chromium, url: str, width: int, dark: bool):
        self.chromium = chromium
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.is_loaded = False
        target = chromium.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = ""
        self.session = chromium.call("Target.attachToTarget", targetId=target, flatten=True)[
            "sessionId"
        ]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=900, deviceScaleFactor=1, mobile=width < 600,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self.is_loaded = False
        self.call("Page.navigate", url=url)
        while not self.is_loaded:
            self.notice(chromium.receive())

    def notice(self, event: dict) -> None:
        method, params = event.get("method"), event.get("params", {})
        if method == "Page.loadEventFired":
            self.is_loaded = True
        elif method == "Runtime.exceptionThrown":
            self.complaints.append(str(params["exceptionDetails"]))
        elif method == "Runtime.consoleAPICalled":
            self.complaints.append(str(params["args"]))
        elif method == "Log.entryAdded":
            self.complaints.append(params["entry"]["text"])
        elif method == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])

    def call(self, method: str, **params) -> dict:
        return self.chromium.call(method, self.session, self.notice, **params)

    def evaluate(self, expression: str):
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in result:
            raise RuntimeError(str(result["exceptionDetails"]))
        return result["result"].get("value")

    def move_mouse(self, x: float, y: float) -> None:
        self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def screenshot(self, path: pathlib.Path, height: int = 0) -> None:
        """Of the whole page, or of its top."""
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": height or size["height"], "scale": 1}
        data = self.call("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)["data"]
        path.write_bytes(base64.b64decode(data))
