"""What the watcher knows of each study: one SQLite file that survives a kill.

States: `waiting` (new, changed, or to be tried again), `working`, `done`, `parked` (failed too
often, with the reason). Results themselves and their ledger are the batch's.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from MedImageLib.errors import InputError

StudyState = Literal["waiting", "working", "done", "parked"]
_TABLE = """
CREATE TABLE IF NOT EXISTS studies (
    key TEXT PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'working', 'done', 'parked')),
    attempts INTEGER NOT NULL DEFAULT 0,
    reason TEXT NOT NULL DEFAULT '',
    folder TEXT NOT NULL DEFAULT '',
    not_before REAL NOT NULL DEFAULT 0
)
"""
_INDEXES = (
    "CREATE INDEX IF NOT EXISTS by_state ON studies (state)",
    "CREATE INDEX IF NOT EXISTS by_folder ON studies (folder)",
)


@dataclass(frozen=True)
class StudyRecord:
    """attempts: failed ones of this fingerprint. folder: of the result. not_before: epoch s."""

    key: str
    fingerprint: str
    state: StudyState
    attempts: int = 0
    reason: str = ""
    folder: str = ""
    not_before: float = 0.0


class StudyStore:
    """Records by study. Raises InputError for a file that is no such store."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(path, timeout=10, isolation_level=None)
        try:
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = FULL")
            self._connection.execute(_TABLE)
            for index in _INDEXES:
                self._connection.execute(index)
            # Work that a kill cut off was no failure of the study.
            self._connection.execute("UPDATE studies SET state = 'waiting' WHERE state = 'working'")
        except sqlite3.DatabaseError as error:
            self._connection.close()
            raise InputError(
                f"{path}: not usable as the watcher's store ({error}). Move it away; results that "
                "are there already are found again."
            ) from error

    def close(self) -> None:
        self._connection.close()

    def record(self, key: str) -> StudyRecord | None:
        row = self._connection.execute("SELECT * FROM studies WHERE key = ?", (key,)).fetchone()
        return None if row is None else StudyRecord(*row)

    def records(self) -> tuple[StudyRecord, ...]:
        rows = self._connection.execute("SELECT * FROM studies ORDER BY key").fetchall()
        return tuple(StudyRecord(*row) for row in rows)

    def put(self, record: StudyRecord) -> None:
        self._connection.execute(
            "INSERT OR REPLACE INTO studies VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                record.key,
                record.fingerprint,
                record.state,
                record.attempts,
                record.reason,
                record.folder,
                record.not_before,
            ),
        )
