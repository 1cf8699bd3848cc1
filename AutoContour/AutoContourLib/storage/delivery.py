"""Results on their way to a server: what is owed, what was taken, in one SQLite file.

A result is owed from the moment at which it is in place. Its objects go first, the record of the
processing last, so that where the record is, all is. Everything may be sent again after a kill:
the same objects have the same UIDs. A result that a person approved is another instance, which is
sent as well.
"""

from __future__ import annotations

import sqlite3
import tempfile
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from AutoContourLib.storage.processing_record import write_record
from MedImageLib.errors import InputError, MedImageError

DELIVERY_FILE = "watch/delivery.sqlite"
_TABLES = (
    "CREATE TABLE IF NOT EXISTS owed (folder TEXT PRIMARY KEY, content_sha256 TEXT NOT NULL,"
    " source TEXT NOT NULL, instance_uids TEXT NOT NULL, reason TEXT NOT NULL DEFAULT '')",
    "CREATE TABLE IF NOT EXISTS sent (folder TEXT NOT NULL, name TEXT NOT NULL,"
    " mark TEXT NOT NULL, PRIMARY KEY (folder, name))",
)
_RECORD = "record.dcm"


@dataclass(frozen=True)
class Owed:
    """A result to be delivered.

    folder: of the result below the output folder. content_sha256: of the images that it was made
    of. source: one of them. instance_uids: of all of them.
    """

    folder: str
    content_sha256: str
    source: str
    instance_uids: tuple[str, ...]


class Delivery:
    """Delivers the results of one output folder; threads may share it.

    send: stores DICOM files in the other server; raises a MedImageError when it does not take them.
    """

    def __init__(self, out: Path, send: Callable[[Sequence[Path]], object]) -> None:
        self._out = out
        self._send = send
        self._lock = threading.Lock()
        path = out / DELIVERY_FILE
        path.parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        try:
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = FULL")
            for table in _TABLES:
                self._connection.execute(table)
        except sqlite3.DatabaseError as error:
            self._connection.close()
            raise InputError(
                f"{path}: not usable as the list of deliveries ({error}). Move it away; what is "
                "sent again is the same."
            ) from error

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def owe(self, result: Owed) -> None:
        """A result is in place and is to be delivered."""
        values = (
            result.folder,
            result.content_sha256,
            result.source,
            "\n".join(result.instance_uids),
        )
        self._rows("INSERT OR REPLACE INTO owed VALUES (?, ?, ?, ?, '')", *values)

    def turn(self) -> int:
        """Deliver what is owed, and what was changed since; how many results went out.

        A result that the server does not take stays owed with the reason. Raises the server's
        error after all were tried.
        """
        trouble: MedImageError | None = None
        delivered = 0
        for folder, content, source, uids in self._rows(
            "SELECT folder, content_sha256, source, instance_uids FROM owed ORDER BY rowid"
        ):
            owed = Owed(folder, content, source, tuple(uids.split("\n")))
            try:
                self._deliver(owed)
                delivered += 1
            except MedImageError as error:
                self._rows("UPDATE owed SET reason = ? WHERE folder = ?", str(error), folder)
                trouble = error
        for folder in self._changed():
            try:
                self._send_files(folder)
                delivered += 1
            except MedImageError as error:
                trouble = error
        if trouble is not None:
            raise trouble
        return delivered

    def waiting(self) -> tuple[tuple[str, str], ...]:
        """Folder and reason of each result that was not taken yet."""
        return tuple(self._rows("SELECT folder, reason FROM owed ORDER BY rowid"))

    def _deliver(self, owed: Owed) -> None:
        results = self._send_files(owed.folder)
        with tempfile.TemporaryDirectory() as place:
            source = Path(owed.source)
            if not source.is_file():
                raise InputError("The images of a result are gone; it stays without its record.")
            record = Path(place) / _RECORD
            write_record(results, source, owed.instance_uids, owed.content_sha256, record)
            self._send([record])
        self._rows("DELETE FROM owed WHERE folder = ?", owed.folder)

    def _send_files(self, folder: str) -> list[Path]:
        """Send a result's files that were not sent as they are now; all of its files."""
        place = self._out / folder
        files = [one for one in sorted(place.rglob("*.dcm")) if not one.name.startswith(".")]
        for path in files:
            name, mark = path.relative_to(place).as_posix(), _mark(path)
            if [(mark,)] == self._rows(
                "SELECT mark FROM sent WHERE folder = ? AND name = ?", folder, name
            ):
                continue
            self._send([path])
            self._rows("INSERT OR REPLACE INTO sent VALUES (?, ?, ?)", folder, name, mark)
        return files

    def _changed(self) -> list[str]:
        """Folders with a file that is not what was sent; a file that is gone is nobody's loss."""
        changed = []
        for folder, name, mark in self._rows(
            "SELECT folder, name, mark FROM sent WHERE folder NOT IN (SELECT folder FROM owed)"
        ):
            path = self._out / folder / name
            if folder not in changed and path.is_file() and _mark(path) != mark:
                changed.append(folder)
        return changed

    def _rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._connection.execute(statement, values).fetchall()


def _mark(path: Path) -> str:
    """Changes with the file: a result made anew, or approved, is sent anew."""
    status = path.stat()
    return f"{status.st_size} {status.st_mtime_ns}"
