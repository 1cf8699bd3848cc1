"""The server of the browser end in a thread of the tests, at a free port."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from AutoContourLib.viewing.server import serve
from AutoContourLib.viewing.view_settings import ViewSettings

_PATIENCE_S = 60.0


@contextmanager
def running(out: Path, **settings: Any) -> Iterator[str]:
    """Address of a running server, `http://127.0.0.1:PORT/`."""
    stop, told, there = threading.Event(), [], threading.Event()

    def say(text: str) -> None:
        told.append(text.partition(" ")[2])
        there.set()

    chosen = ViewSettings(port=0, **settings)
    thread = threading.Thread(target=serve, args=(out, chosen, say, lambda: not stop.is_set()))
    thread.start()
    try:
        assert there.wait(_PATIENCE_S)
        yield told[0]
    finally:
        stop.set()
        thread.join(_PATIENCE_S)


class Client:
    """Plain requests with chosen headers; keeps the cookies that it is given."""

    def __init__(self, address: str) -> None:
        self.host = address.removeprefix("http://").rstrip("/")
        self.cookies: dict[str, str] = {}

    def ask(
        self, path: str, body: Any = None, method: str = "", **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and content. body: JSON of a POST by the page of this server."""
        connection = http.client.HTTPConnection(self.host, timeout=_PATIENCE_S)
        sent = {"Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())}
        if body is not None:
            sent |= {"Origin": f"http://{self.host}", "Content-Type": "application/json"}
            sent["X-XSRFToken"] = self.cookies.get("_xsrf", "")
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        content = json.dumps(body).encode() if isinstance(body, dict) else body
        chosen = method or ("GET" if body is None else "POST")
        try:
            connection.putrequest(chosen, path, skip_host="Host" in sent)
            if content is not None:
                sent["Content-Length"] = str(len(content))
            for name, value in sent.items():
                connection.putheader(name, value)
            connection.endheaders(content)
            answer = connection.getresponse()
            found = answer.read()
            for name, value in answer.getheaders():
                if name == "Set-Cookie":
                    key, _, rest = value.partition("=")
                    self.cookies[key] = rest.partition(";")[0].strip('"')
            return answer.status, dict(answer.getheaders()), found
        finally:
            connection.close()

    def values(self, path: str, body: Any = None) -> Any:
        """The JSON of an answer that must be good."""
        status, _, content = self.ask(path, body)
        assert status == 200, (status, content)
        return json.loads(content)

    def error(self, path: str, body: Any = None) -> tuple[int, str]:
        """Status and words of an answer that refuses."""
        status, _, content = self.ask(path, body)
        return status, json.loads(content)["error"]
