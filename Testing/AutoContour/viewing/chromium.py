"""Chromium without a window, driven by its DevTools protocol over a websocket."""

from __future__ import annotations

import asyncio
import base64
import json
import shutil
import subprocess
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

PATIENCE_S = 150.0
PROGRAMS = ("chromium", "chromium-browser", "google-chrome")


def chromium_program() -> str | None:
    """Path of a Chromium of this machine, or None."""
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


class Chromium:
    """A browser of its own; a context manager."""

    def __init__(self, folder: Path, size: tuple[int, int] = (1600, 1000)) -> None:
        self._loop = asyncio.new_event_loop()
        self._numbers = count(1)
        self._log = (folder / "chromium.log").open("wb")
        self._process = subprocess.Popen(
            [
                chromium_program() or "chromium",
                "--headless=new",
                "--no-sandbox",
                "--disable-dev-shm-usage",
                "--enable-unsafe-swiftshader",
                "--use-angle=swiftshader",
                "--disable-background-networking",
                "--disable-component-update",
                "--no-first-run",
                "--remote-debugging-port=0",
                f"--user-data-dir={folder / 'profile'}",
                f"--window-size={size[0]},{size[1]}",
                "about:blank",
            ],
            stdout=self._log,
            stderr=self._log,
        )
        self._size = size
        told = folder / "profile" / "DevToolsActivePort"
        end = time.monotonic() + PATIENCE_S
        while not told.is_file() or len(told.read_text().splitlines()) < 2:
            assert time.monotonic() < end, (folder / "chromium.log").read_text()
            time.sleep(0.05)
        port, path = told.read_text().splitlines()
        address = HTTPRequest(f"ws://127.0.0.1:{port}{path}")
        self._socket = self._run(lambda: websocket_connect(address, max_message_size=2**26))
        self.events: list[dict[str, Any]] = []
        self._targets: list[str] = []

    def user(self, address: str) -> Page:
        """A page of a user of their own: no cookie and no storage is shared with others."""
        context = self.ask("Target.createBrowserContext")["browserContextId"]
        target = self.ask("Target.createTarget", url="about:blank", browserContextId=context)
        attached = self.ask("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        self._targets.append(target["targetId"])
        page = Page(self, attached["sessionId"])
        for domain in ("Page", "Runtime", "Log", "Network"):
            page.ask(f"{domain}.enable")
        width, height = self._size
        page.ask(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        page.open(address)
        return page

    def close_pages(self) -> None:
        """Close the pages of all users; they would go on drawing and asking."""
        while self._targets:
            self.ask("Target.closeTarget", targetId=self._targets.pop())
        self.events.clear()

    def ask(self, method: str, session: str = "", **values: Any) -> dict[str, Any]:
        """The answer of the browser to one call."""
        number = next(self._numbers)
        message: dict[str, Any] = {"id": number, "method": method, "params": values}
        if session:
            message["sessionId"] = session
        self._run(lambda: self._socket.write_message(json.dumps(message)))
        while True:
            text = self._run(lambda: asyncio.wait_for(self._socket.read_message(), PATIENCE_S))
            assert text is not None, "Chromium has ended"
            answer = json.loads(text)
            if answer.get("id") == number:
                assert "error" not in answer, f"{method}: {answer.get('error')}"
                return answer["result"]
            self.events.append(answer)

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(20)
        self._log.close()
        self._loop.close()

    def __enter__(self) -> Chromium:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _run(self, begin: Callable[[], Any]) -> Any:
        async def wait() -> Any:
            return await begin()

        return self._loop.run_until_complete(wait())


class Page:
    """One page. Selectors are CSS; the first match is meant."""

    def __init__(self, browser: Chromium, session: str) -> None:
        self._browser = browser
        self._session = session

    def ask(self, method: str, **values: Any) -> dict[str, Any]:
        return self._browser.ask(method, self._session, **values)

    def open(self, address: str) -> None:
        self.ask("Page.navigate", url=address)
        self.wait("document.readyState === 'complete' && location.href !== 'about:blank'")

    def value(self, script: str) -> Any:
        """What an expression gives; promises are waited for."""
        found = self.ask(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in found, f"{script}: {found['exceptionDetails']}"
        return found["result"].get("value")

    def wait(self, condition: str, patience_s: float = PATIENCE_S) -> Any:
        """Wait until an expression is true; its value."""
        script = f"(() => {{ try {{ return {condition}; }} catch {{ return null; }} }})()"
        end = time.monotonic() + patience_s
        # An element itself would come over as an empty object.
        while not (found := self.value(f"(v => v instanceof Node || v)({script})")):
            assert time.monotonic() < end, f"waited in vain for {condition}"
            time.sleep(0.05)
        return found

    def text(self, selector: str) -> str:
        return str(self.value(f"document.querySelector({selector!r})?.innerText ?? ''"))

    def click(self, selector: str) -> None:
        """A real click into the middle; the element must be there, shown and enabled."""
        quoted = json.dumps(selector)
        self.wait(
            f"(e => e && !e.disabled && e.getClientRects().length > 0)"
            f"(document.querySelector({quoted}))"
        )
        self.value(f"document.querySelector({quoted}).scrollIntoView({{block: 'nearest'}})")
        x, y = self.middle(selector)
        self.mouse("mousePressed", x, y)
        self.mouse("mouseReleased", x, y)

    def choose(self, selector: str, value: str) -> None:
        """Pick an option of a select, or set the value of a field, as a person would."""
        self.wait(f"document.querySelector({selector!r})")
        self.value(
            f"(e => {{ e.focus(); e.value = {json.dumps(value)};"
            "e.dispatchEvent(new Event('input', {bubbles: true}));"
            "e.dispatchEvent(new Event('change', {bubbles: true})); e.blur(); })"
            f"(document.querySelector({selector!r}))"
        )

    def middle(self, selector: str) -> tuple[float, float]:
        box = self.value(
            f"(r => [r.x + r.width / 2, r.y + r.height / 2])"
            f"(document.querySelector({json.dumps(selector)}).getBoundingClientRect())"
        )
        return box[0], box[1]

    def mouse(self, kind: str, x: float, y: float, **more: Any) -> None:
        told = {"button": "left", "clickCount": 1} | more
        if kind == "mouseMoved" and "buttons" not in more:
            told["button"] = "none"
        self.ask("Input.dispatchMouseEvent", type=kind, x=x, y=y, **told)

    def drag(
        self, selector: str, by: tuple[float, float], start: tuple[float, float] = (0, 0)
    ) -> None:
        """Drag from the middle of an element, moved by `start`, by so many pixels."""
        x, y = self.middle(selector)
        x, y = x + start[0], y + start[1]
        self.mouse("mousePressed", x, y)
        for step in range(1, 6):
            at = x + by[0] * step / 5, y + by[1] * step / 5
            self.mouse("mouseMoved", *at, button="left", buttons=1)
        self.mouse("mouseReleased", x + by[0], y + by[1])

    def wheel(self, selector: str, down: int) -> None:
        x, y = self.middle(selector)
        self.mouse("mouseWheel", x, y, deltaX=0, deltaY=100 * down, button="none")

    def screenshot(self, path: Path) -> Path:
        found = self.ask("Page.captureScreenshot", format="png")
        path.write_bytes(base64.b64decode(found["data"]))
        return path

    def complaints(self) -> list[str]:
        """Errors that the page told its console, refused contents among them."""
        told = []
        for event in self._browser.events:
            if event.get("sessionId") != self._session:
                continue
            values = event.get("params", {})
            if event["method"] == "Runtime.exceptionThrown":
                told.append(str(values["exceptionDetails"].get("exception", values)))
            elif event["method"] == "Log.entryAdded" and values["entry"]["level"] == "error":
                told.append(values["entry"]["text"])
        return told
