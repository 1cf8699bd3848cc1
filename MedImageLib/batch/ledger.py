"""What was done, with what, and how it ended: one SQLite file that survives a kill.

A row describes the result that is in place (`files`, `processor_version`, `settings_sha256`) and,
while another is moved there, the coming one (`next`), so that after a kill between the two steps
either is recognized. No path of an input and no name is stored.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from MedImageLib.errors import InputError

_TABLE = """
CREATE TABLE IF NOT EXISTS tasks (
    case_sha256 TEXT NOT NULL,
    processor TEXT NOT NULL,
    folder TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('running', 'placing', 'done', 'failed')),
    attempts INTEGER NOT NULL DEFAULT 0,
    processor_version TEXT NOT NULL DEFAULT '',
    settings_sha256 TEXT NOT NULL DEFAULT '',
    files TEXT NOT NULL DEFAULT '{}',
    next TEXT NOT NULL DEFAULT '',
    seconds REAL NOT NULL DEFAULT 0,
    error TEXT NOT NULL DEFAULT '',
    details TEXT NOT NULL DEFAULT '',
    started_utc TEXT NOT NULL DEFAULT '',
    finished_utc TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (case_sha256, processor)
)
"""


@dataclass(frozen=True)
class Entry:
    """One row. files: SHA256 by name of the result in place; empty when there is none."""

    folder: str
    state: str
    attempts: int
    processor_version: str
    settings_sha256: str
    seconds: float
    error: str
    files: dict[str, str] = field(default_factory=dict)
    next: dict[str, Any] = field(default_factory=dict)


class Ledger:
    """The ledger of one output folder. Use in one process: `Ledger.exclusive` sees to that."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, timeout=10, isolation_level=None)
        try:
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = FULL")
            self._connection.execute(_TABLE)
        except sqlite3.DatabaseError as error:
            self._connection.close()
            raise InputError(
                f"{path.name}: the ledger cannot be used ({error}). Move it away; results that "
                "are already there are then left as they are."
            ) from error

    def close(self) -> None:
        self._connection.close()

    def entry(self, case_sha256: str, processor: str) -> Entry | None:
        """The row of that case and processor, or None."""
        cursor = self._connection.execute(
            "SELECT folder, state, attempts, processor_version, settings_sha256, seconds, error,"
            " files, next FROM tasks WHERE case_sha256 = ? AND processor = ?",
            (case_sha256, processor),
        )
        row = cursor.fetchone()
        if row is None:
            return None
        values = dict(zip([column[0] for column in cursor.description], row, strict=True))
        values["files"] = json.loads(values["files"])
        values["next"] = json.loads(values["next"] or "{}")
        return Entry(**values)

    def start(self, case_sha256: str, processor: str, folder: str, attempt: int) -> None:
        """Work begins; what is known of a result in place stays."""
        self._connection.execute(
            "INSERT INTO tasks (case_sha256, processor, folder, state, attempts, started_utc)"
            " VALUES (?, ?, ?, 'running', ?, ?) ON CONFLICT (case_sha256, processor) DO UPDATE SET"
            " state = 'running', attempts = excluded.attempts, error = '', details = '',"
            " started_utc = excluded.started_utc, finished_utc = ''",
            (case_sha256, processor, folder, attempt, _now()),
        )

    def placing(self, case_sha256: str, processor: str, coming: dict[str, Any]) -> None:
        """A finished result is about to be moved into place.

        coming: files, processor_version, settings_sha256 and seconds of it.
        """
        self._update(case_sha256, processor, state="placing", next=json.dumps(coming))

    def done(self, case_sha256: str, processor: str) -> None:
        """The coming result is in place."""
        entry = self.entry(case_sha256, processor)
        if entry is None or not entry.next:
            raise InputError(f"{case_sha256[:12]}, {processor}: no result was announced.")
        self._update(
            case_sha256,
            processor,
            state="done",
            files=json.dumps(entry.next["files"]),
            processor_version=entry.next["processor_version"],
            settings_sha256=entry.next["settings_sha256"],
            seconds=entry.next["seconds"],
            next="",
            error="",
            details="",
            finished_utc=_now(),
        )

    def failed(self, case_sha256: str, processor: str, error: str, details: str = "") -> None:
        """It went wrong; a result of before, if any, is still in place."""
        self._update(
            case_sha256,
            processor,
            state="failed",
            error=error,
            details=details,
            next="",
            finished_utc=_now(),
        )

    def _update(self, case_sha256: str, processor: str, **values: Any) -> None:
        columns = ", ".join(f"{name} = ?" for name in values)
        self._connection.execute(
            f"UPDATE tasks SET {columns} WHERE case_sha256 = ? AND processor = ?",
            (*values.values(), case_sha256, processor),
        )


class OneRun:
    """Holds an output folder for one run; the system lets go when the process dies."""

    def __init__(self, out: Path) -> None:
        out.mkdir(parents=True, exist_ok=True)
        # The lock of an SQLite file works on every system and ends with its process.
        self._connection = sqlite3.connect(out / ".running.sqlite", timeout=0, isolation_level=None)
        try:
            self._connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            self._connection.close()
            raise InputError(
                f"{out}: another batch is writing into this folder. Wait for it or name another."
            ) from error

    def __enter__(self) -> OneRun:
        return self

    def __exit__(self, *_: object) -> None:
        with closing(self._connection):
            self._connection.execute("ROLLBACK")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
