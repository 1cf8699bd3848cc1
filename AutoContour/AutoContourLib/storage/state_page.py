"""A page of states for the browser: which study waits, is processed, is done or parked, and why.

Serves files of the result folders and nothing else, by GET alone. On this machine it answers only
to names of it, so that no page from elsewhere can ask in a visitor's name; beyond it only with TLS
and a token, which the browser asks for as a password.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import html
import re
import sqlite3
import threading
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from AutoContourLib.storage.audit import Audit
from AutoContourLib.storage.delivery import DELIVERY_FILE
from AutoContourLib.storage.storage_settings import is_loopback
from AutoContourLib.storage.tls import server_context
from AutoContourLib.study.watch import STORE_FILE
from MedImageLib.errors import InputError, SettingsError

LOOPBACK = "127.0.0.1"
LONGEST_LIST = 500
_SHORTEST_TOKEN = 16
_NAMES = {"127.0.0.1", "localhost", "[::1]"}
_WORDS = {
    "waiting": "waiting",
    "working": "in work",
    "done": "ready, needs review",
    "parked": "parked",
}
_RESULT = re.compile(r"/results/(cases/[^/]+(?:/[^/]+)?)/[^/]")
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>MedImage: studies</title>
<meta http-equiv="refresh" content="5">
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem;
  color: #1a1a1a; background: #fff }}
table {{ border-collapse: collapse; width: 100% }}
th, td {{ text-align: left; padding: .4rem .8rem; border-bottom: 1px solid #ccc }}
.waiting {{ color: #555 }} .working {{ color: #0055a4 }} .done {{ color: #00613a }}
.parked {{ color: #a40000 }}
td:nth-child(2) {{ font-weight: 600 }}
</style></head><body>
<h1>Studies</h1>
<p>{counts}</p>
<table><thead><tr><th>Study</th><th>State</th><th>Result</th><th>Reason</th></tr></thead>
<tbody>
{rows}
</tbody></table>
<p>Research use. Not a medical device.</p>
</body></html>
"""


@dataclass(frozen=True)
class StudyLine:
    """One study. folder: of its result below the output folder, or empty."""

    key: str
    state: str
    reason: str
    folder: str


@dataclass(frozen=True)
class States:
    """What the page tells. counts: studies by state. lines: those that need a look first, at most
    LONGEST_LIST. not_sent: results that the other server has not taken yet, with the last reason.
    """

    counts: dict[str, int]
    lines: list[StudyLine]
    not_sent: int = 0
    reason: str = ""


def states(out: Path) -> States:
    """What the stores of an output folder say now; nothing when there are none yet."""
    counts: dict[str, int] = {}
    lines: list[StudyLine] = []
    with closing(_reading(out / STORE_FILE)) as connection:
        if _has_table(connection, "studies"):
            counts = dict(
                connection.execute("SELECT state, COUNT(*) FROM studies GROUP BY state").fetchall()
            )
            for state in ("working", "waiting", "parked", "done"):
                rows = connection.execute(
                    "SELECT key, state, reason, folder FROM studies WHERE state = ?"
                    " ORDER BY rowid DESC LIMIT ?",
                    (state, LONGEST_LIST - len(lines)),
                )
                lines += [StudyLine(*row) for row in rows]
    with closing(_reading(out / DELIVERY_FILE)) as connection:
        if _has_table(connection, "owed"):
            [(count, reason)] = connection.execute("SELECT COUNT(*), MAX(reason) FROM owed")
            return States(counts, lines, count, reason or "")
    return States(counts, lines)


def is_result_folder(out: Path, folder: str) -> bool:
    """Whether the watcher knows a result in that folder, which lies below `out`."""
    with closing(_reading(out / STORE_FILE)) as connection:
        if not _has_table(connection, "studies"):
            return False
        asked = "SELECT 1 FROM studies WHERE folder = ? LIMIT 1"
        return bool(folder) and connection.execute(asked, (folder,)).fetchone() is not None


def _reading(path: Path) -> sqlite3.Connection:
    if not path.is_file():
        return sqlite3.connect(":memory:")
    return sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)


def _has_table(connection: sqlite3.Connection, name: str) -> bool:
    asked = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?"
    return connection.execute(asked, (name,)).fetchone() is not None


def page(now: States) -> str:
    """The page as HTML."""
    rows = []
    for line in now.lines:
        word = _WORDS.get(line.state, line.state)
        link = ""
        if line.state == "done" and line.folder:
            link = f'<a href="/results/{quote(line.folder)}/report.html">report</a>'
        rows.append(
            f'<tr><td>{html.escape(line.key[:12])}</td><td class="{html.escape(line.state)}">'
            f"{html.escape(word)}</td><td>{link}</td><td>{html.escape(line.reason)}</td></tr>"
        )
    told = [f"{now.counts[one]} {word}" for one, word in _WORDS.items() if one in now.counts]
    if now.not_sent:
        told.append(
            f"{now.not_sent} not yet sent {f'({now.reason})' if now.reason else ''}".strip()
        )
    if sum(now.counts.values()) > len(now.lines):
        told.append(f"{len(now.lines)} are shown")
    return _PAGE.format(
        counts=html.escape(", ".join(told) or "No study has arrived yet."), rows="\n".join(rows)
    )


@dataclass(frozen=True)
class PageAccess:
    """Who may read the page. token: password of every visitor; empty: none, on loopback only.

    Raises SettingsError for an address beyond this machine without token and certificate.
    """

    host: str = LOOPBACK
    port: int = 0
    token: str = ""
    certificate: str = ""
    key: str = ""

    def __post_init__(self) -> None:
        if not is_loopback(self.host) and not (self.token and self.certificate):
            raise SettingsError(
                f"page_host {self.host} can be reached from other machines: it needs a token and "
                "a certificate. Or leave it on 127.0.0.1, behind a proxy that asks who it is."
            )
        if self.token and len(self.token) < _SHORTEST_TOKEN:
            raise SettingsError(f"The token is shorter than {_SHORTEST_TOKEN} characters.")


class StatePage:
    """A running page over an output folder. Use as a context manager.

    Raises InputError when the port or the certificate cannot be used.
    """

    def __init__(
        self, out: Path, access: PageAccess = PageAccess(), audit: Audit | None = None
    ) -> None:
        self._access = access
        handler = partial(_Handler, out, access.token, audit)
        context = server_context(access.certificate, access.key)
        try:
            self._server = ThreadingHTTPServer((access.host, access.port), handler)
        except OSError as error:
            raise InputError(f"The page cannot be served on {access.host}: {error}.") from error
        if context is not None:
            # The handshake is the business of each visitor's own thread.
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        scheme = "https" if self._access.certificate else "http"
        return f"{scheme}://{self._access.host}:{self._server.server_address[1]}/"

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self) -> StatePage:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


class _Handler(SimpleHTTPRequestHandler):
    """GET / and GET /results/…; anything else is not found."""

    server_version = "MedImage"
    sys_version = ""

    timeout = 30  # of a visitor who says nothing

    def __init__(self, out: Path, token: str, audit: Audit | None, *rest: Any) -> None:
        self._out = out
        self._token = token
        self._audit = audit
        super().__init__(*rest, directory=str(out))

    def do_GET(self) -> None:
        if not self._may_read():
            return
        if self.path == "/":
            content = page(states(self._out)).encode()
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
        elif self._is_result():
            self.path = self.path.removeprefix("/results")
            super().do_GET()
        else:
            self.send_error(HTTPStatus.NOT_FOUND)

    def do_HEAD(self) -> None:
        self.send_error(HTTPStatus.METHOD_NOT_ALLOWED)

    def _may_read(self) -> bool:
        if self._token:
            if _is_token(self.headers.get("Authorization") or "", self._token):
                return True
            self.send_response(HTTPStatus.UNAUTHORIZED)
            self.send_header("WWW-Authenticate", 'Basic realm="MedImage", charset="UTF-8"')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return False
        if (self.headers.get("Host") or "").rpartition(":")[0] in _NAMES:
            return True
        self.send_error(HTTPStatus.FORBIDDEN)
        return False

    def _is_result(self) -> bool:
        """A file of a result that the watcher knows, no link that leads elsewhere."""
        asked = unquote(self.path.partition("?")[0])
        match = _RESULT.match(asked)
        if match is None or not is_result_folder(self._out, match[1]):
            return False
        path = (self._out / asked.removeprefix("/results/")).resolve()
        return path.is_file() and path.is_relative_to((self._out / match[1]).resolve())

    def log_request(self, code: Any = "-", size: Any = "-") -> None:
        if self._audit is not None:
            self._audit.note(
                "page",
                address=str(self.client_address[0]),
                path=str(getattr(self, "path", "")).partition("?")[0],
                status=int(code) if str(code).isdigit() or isinstance(code, HTTPStatus) else 0,
            )

    def end_headers(self) -> None:
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cache-Control", "no-store")
        self.send_header(
            "Content-Security-Policy",
            "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; "
            "frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
        )
        super().end_headers()

    def log_message(self, *_: Any) -> None:
        """The audit has it."""


def _is_token(given: str, token: str) -> bool:
    """Whether the header Authorization names the token, as a password or as a bearer's."""
    kind, _, value = given.partition(" ")
    if kind.lower() == "basic":
        try:
            value = base64.b64decode(value, validate=True).decode().partition(":")[2]
        except (binascii.Error, ValueError):
            return False
    elif kind.lower() != "bearer":
        return False
    return hmac.compare_digest(value.encode(), token.encode())
