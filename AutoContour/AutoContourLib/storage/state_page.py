"""A page of states for the browser: which study waits, is processed, is done or parked, and why.

Serves files of the result folders and nothing else, by GET alone; answers only to names of this
machine, so that no page from elsewhere can ask in a visitor's name.
"""

from __future__ import annotations

import html
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

from AutoContourLib.study.watch import STORE_FILE

LOOPBACK = "127.0.0.1"
_NAMES = {"127.0.0.1", "localhost", "[::1]"}
_WORDS = {
    "waiting": "waiting",
    "working": "in work",
    "done": "ready, needs review",
    "parked": "parked",
}
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


def study_lines(out: Path) -> list[StudyLine]:
    """What the watcher's store says now; nothing when there is none yet."""
    store = out / STORE_FILE
    if not store.is_file():
        return []
    with closing(sqlite3.connect(f"file:{quote(str(store))}?mode=ro", uri=True)) as connection:
        rows = connection.execute("SELECT key, state, reason, folder FROM studies ORDER BY key")
        return [StudyLine(*row) for row in rows]


def page(lines: list[StudyLine]) -> str:
    """The page as HTML."""
    counts: dict[str, int] = {}
    rows = []
    for line in lines:
        word = _WORDS.get(line.state, line.state)
        counts[word] = counts.get(word, 0) + 1
        link = ""
        if line.state == "done" and line.folder:
            link = f'<a href="/results/{quote(line.folder)}/report.html">report</a>'
        rows.append(
            f'<tr><td>{html.escape(line.key[:12])}</td><td class="{html.escape(line.state)}">'
            f"{html.escape(word)}</td><td>{link}</td><td>{html.escape(line.reason)}</td></tr>"
        )
    told = ", ".join(f"{count} {word}" for word, count in counts.items())
    return _PAGE.format(
        counts=html.escape(told or "No study has arrived yet."), rows="\n".join(rows)
    )


class StatePage:
    """A running page over an output folder, on loopback. Use as a context manager."""

    def __init__(self, out: Path, port: int = 0) -> None:
        self._server = ThreadingHTTPServer((LOOPBACK, port), partial(_Handler, out))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        return f"http://{LOOPBACK}:{self._server.server_address[1]}/"

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

    def __init__(self, out: Path, *rest: Any) -> None:
        self._out = out
        super().__init__(*rest, directory=str(out))

    def do_GET(self) -> None:
        if (self.headers.get("Host") or "").rpartition(":")[0] not in _NAMES:
            self.send_error(HTTPStatus.FORBIDDEN)
        elif self.path == "/":
            content = page(study_lines(self._out)).encode()
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

    def _is_result(self) -> bool:
        """A file of a result that the watcher knows, no link that leads elsewhere."""
        asked = unquote(self.path.partition("?")[0])
        if not asked.startswith("/results/"):
            return False
        path = (self._out / asked.removeprefix("/results/")).resolve()
        folders = [self._out / line.folder for line in study_lines(self._out) if line.folder]
        return path.is_file() and any(path.is_relative_to(one.resolve()) for one in folders)

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
        """Paths hold nothing of a patient, but nobody asked for them either."""
