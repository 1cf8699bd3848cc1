"""Which instances lie in the store, and where: one SQLite file that can be made again from them.

File names are digests of UIDs, so that no path is ever made of what somebody sent and no name of a
patient shows in a listing. The index holds UIDs, never names.
"""

from __future__ import annotations

import hashlib
import sqlite3
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import pydicom
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError

from MedImageLib.errors import InputError

_TABLE = """
CREATE TABLE IF NOT EXISTS instances (
    sop_instance_uid TEXT PRIMARY KEY,
    sop_class_uid TEXT NOT NULL,
    series_instance_uid TEXT NOT NULL,
    study_instance_uid TEXT NOT NULL,
    path TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    received_utc TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    modality TEXT NOT NULL,
    patient_key TEXT NOT NULL,
    acquired TEXT NOT NULL
)
"""
_INCOMPLETE = (
    "CREATE TABLE IF NOT EXISTS incomplete (study_instance_uid TEXT PRIMARY KEY,"
    " since_s REAL NOT NULL)"
)
_BY_STUDY = "CREATE INDEX IF NOT EXISTS by_study ON instances (study_instance_uid)"
_UIDS = ("SOPInstanceUID", "SOPClassUID", "SeriesInstanceUID", "StudyInstanceUID")
HEADER_NAMES = (
    *_UIDS,
    *("Modality", "PatientID", "IssuerOfPatientID", "StudyDate", "StudyTime"),
    *("SeriesDate", "SeriesTime", "AcquisitionDate", "AcquisitionTime"),
)
_DIGITS = 16


@dataclass(frozen=True)
class StoredInstance:
    """One object of the store. path: relative to the store's folder. received_utc: ISO 8601.

    patient_key: hash that stands for the patient's identifier. acquired: YYYYMMDDHHMMSS, or empty.
    """

    sop_instance_uid: str
    sop_class_uid: str
    series_instance_uid: str
    study_instance_uid: str
    path: str
    sha256: str
    received_utc: str
    size_bytes: int = 0
    modality: str = ""
    patient_key: str = ""
    acquired: str = ""


_COLUMNS = ", ".join(field.name for field in fields(StoredInstance))


@dataclass(frozen=True)
class StoredStudy:
    """A study by the digest that names its folder. last_utc: when its last instance came."""

    folder: str
    study_instance_uid: str
    instances: int
    last_utc: str


def place_of(study_instance_uid: str, sop_instance_uid: str) -> str:
    """Relative path of an instance: digests of its UIDs."""
    return f"{digest_of(study_instance_uid)}/{digest_of(sop_instance_uid)}.dcm"


def digest_of(uid: str) -> str:
    """16 hexadecimal digits that stand for a UID in file names."""
    return hashlib.sha256(uid.encode()).hexdigest()[:_DIGITS]


def described(
    header: Dataset, uids: Sequence[str], path: str, sha256: str, received_utc: str, size_bytes: int
) -> StoredInstance:
    """An instance as the index notes it. uids: of instance, class, series, study."""
    instance, kind, series, study = uids
    patient = f"{_text(header, 'IssuerOfPatientID')}\n{_text(header, 'PatientID')}"
    moments = (
        _digits(header, f"{of}Date", 8) + _digits(header, f"{of}Time", 6)
        for of in ("Acquisition", "Series", "Study")
    )
    return StoredInstance(
        instance,
        kind,
        series,
        study,
        path,
        sha256,
        received_utc,
        size_bytes,
        _text(header, "Modality")[:16],
        digest_of(patient) if patient.strip() else "",
        next(filter(None, moments), ""),
    )


def _text(header: Dataset, name: str) -> str:
    value = header.get(name)
    return "" if value is None else str(value).strip()


def _digits(header: Dataset, name: str, count: int) -> str:
    text = _text(header, name)[:count]
    return text if len(text) == count and text.isdecimal() else ""


class InstanceIndex:
    """The index of one store; threads of one process may share it."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        try:
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = FULL")
            self._connection.execute(_TABLE)
            found = self._connection.execute("SELECT name FROM pragma_table_info('instances')")
            if [name for (name,) in found] != _COLUMNS.split(", "):
                # Of an older version: the files tell it all again.
                self._connection.execute("DROP TABLE instances")
                self._connection.execute(_TABLE)
            self._connection.execute(_BY_STUDY)
            self._connection.execute(_INCOMPLETE)
        except sqlite3.DatabaseError as error:
            self._connection.close()
            raise InputError(
                f"{path.name}: the index of the store cannot be used ({error}). Move it away; it "
                "is made again from the files."
            ) from error

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def add(self, instance: StoredInstance) -> None:
        """Note an instance; one of the same UID is replaced."""
        values = tuple(vars(instance).values())
        marks = ", ".join("?" * len(values))
        self._rows(f"INSERT OR REPLACE INTO instances ({_COLUMNS}) VALUES ({marks})", values)

    def find(self, sop_instance_uid: str) -> StoredInstance | None:
        """The instance of that UID, or None."""
        rows = self._rows(
            f"SELECT {_COLUMNS} FROM instances WHERE sop_instance_uid = ?", (sop_instance_uid,)
        )
        return StoredInstance(*rows[0]) if rows else None

    def instances(self) -> list[StoredInstance]:
        """All instances, in the order in which they came."""
        rows = self._rows(f"SELECT {_COLUMNS} FROM instances ORDER BY received_utc, path", ())
        return [StoredInstance(*row) for row in rows]

    def studies(self) -> list[StoredStudy]:
        """All studies, the one that was quiet for longest first."""
        rows = self._rows(
            "SELECT study_instance_uid, COUNT(*), MAX(received_utc) AS last FROM instances"
            " GROUP BY study_instance_uid ORDER BY last",
            (),
        )
        return [StoredStudy(digest_of(uid), uid, count, last) for uid, count, last in rows]

    def of_study(self, study_instance_uid: str) -> list[StoredInstance]:
        """The instances of a study, sorted by their UIDs."""
        rows = self._rows(
            f"SELECT {_COLUMNS} FROM instances WHERE study_instance_uid = ?"
            " ORDER BY sop_instance_uid",
            (study_instance_uid,),
        )
        return [StoredInstance(*row) for row in rows]

    def bytes_of_study(self, study_instance_uid: str) -> int:
        """Size of a study's files."""
        [(size,)] = self._rows(
            "SELECT TOTAL(size_bytes) FROM instances WHERE study_instance_uid = ?",
            (study_instance_uid,),
        )
        return int(size)

    def changed_since(self, mark: int) -> tuple[int, set[str]]:
        """Studies with instances noted after `mark` (0: all), and the mark to ask with next."""
        # The plus keeps SQLite from walking through the whole index of studies.
        rows = self._rows(
            "SELECT study_instance_uid, MAX(rowid) FROM instances WHERE rowid > ?"
            " GROUP BY +study_instance_uid",
            (mark,),
        )
        return max([mark, *(last for _, last in rows)]), {uid for uid, _ in rows}

    def set_incomplete(self, study_instance_uid: str, since_s: float) -> None:
        """Note, over a kill as well, that more of a study is being fetched. since_s: epoch s."""
        self._rows("INSERT OR IGNORE INTO incomplete VALUES (?, ?)", (study_instance_uid, since_s))

    def set_complete(self, study_instance_uid: str) -> None:
        """All of a study that is to be fetched has come."""
        self._rows("DELETE FROM incomplete WHERE study_instance_uid = ?", (study_instance_uid,))

    def incomplete_since(self, since_s: float) -> set[str]:
        """UIDs of the studies noted so at that time (epoch s) or later."""
        rows = self._rows(
            "SELECT study_instance_uid FROM incomplete WHERE since_s >= ?", (since_s,)
        )
        return {uid for (uid,) in rows}

    def make_again(self, folder: Path, received_utc: str) -> int:
        """Note the files of the store that the index lacks, after it was lost; how many.

        Files that are no DICOM are left where they are.
        """
        known = {path for (path,) in self._rows("SELECT path FROM instances", ())}
        found = 0
        for path in sorted(folder.glob("*/*.dcm")):
            relative = path.relative_to(folder).as_posix()
            if relative in known or path.name.startswith("."):
                continue
            try:
                header = pydicom.dcmread(
                    path, stop_before_pixels=True, specific_tags=[*HEADER_NAMES]
                )
                uids = [str(header[name].value) for name in _UIDS]
                size = path.stat().st_size
            except (InvalidDicomError, KeyError, OSError, ValueError):
                continue
            self.add(described(header, uids, relative, file_digest(path), received_utc, size))
            found += 1
        return found

    def _rows(self, statement: str, values: Iterable[object]) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._connection.execute(statement, tuple(values)).fetchall()


def file_digest(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
