"""The folder in which received instances lie, whoever brought them: senders or a server's answers.

An instance is acknowledged after it lies on the disk under its final name; one that comes again
unchanged is acknowledged and not written, one that comes changed replaces nothing.
"""

from __future__ import annotations

import hashlib
import logging
import re
import shutil
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydicom.dataset import Dataset

from AutoContourLib.storage.instance_index import (
    InstanceIndex,
    StoredInstance,
    described,
    place_of,
)
from MedImageLib.writing.atomic import finished_file

INDEX = ".index.sqlite"  # hidden: whoever watches the folder passes it over
_UID = re.compile(r"[0-9.]{1,64}")
_MB = 10**6

Kept = Literal["stored", "there already", "no room", "too large"]

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class StoreLimits:
    """What is taken. keep_free_mb: of the disk. max_study_mb: of all files of one study."""

    keep_free_mb: int = 500
    max_study_mb: int = 20_000


class InstanceStore:
    """Files and their index; threads may share it. Close it, or use it as a context manager."""

    def __init__(
        self,
        folder: Path,
        limits: StoreLimits = StoreLimits(),
        arrived: Callable[[StoredInstance], None] | None = None,
    ) -> None:
        self.folder = folder
        self.arrived = arrived
        self._limits = limits
        self._storing = threading.Lock()
        folder.mkdir(parents=True, exist_ok=True)
        self.index = InstanceIndex(folder / INDEX)
        self.index.make_again(folder, _now())

    def close(self) -> None:
        self.index.close()

    def __enter__(self) -> InstanceStore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def keep(self, header: Dataset, uids: tuple[str, str, str, str], content: bytes) -> Kept:
        """Keep an instance. uids: as `uids_of` found them. content: a whole DICOM file."""
        if shutil.disk_usage(self.folder).free < self._limits.keep_free_mb * _MB + len(content):
            return "no room"
        # Two associations may bring one instance at a time.
        with self._storing:
            return self._keep(header, uids, content)

    def _keep(self, header: Dataset, uids: tuple[str, str, str, str], content: bytes) -> Kept:
        there = self.index.find(uids[0])
        digest = hashlib.sha256(content).hexdigest()
        if there is not None and (self.folder / there.path).is_file():
            if there.sha256 != digest:
                logger.warning("An instance came again with other content; the first one stays.")
            return "there already"
        size = self.index.bytes_of_study(uids[3]) + len(content)
        if size > self._limits.max_study_mb * _MB:
            logger.warning("A study is larger than %d MB.", self._limits.max_study_mb)
            return "too large"
        path = place_of(uids[3], uids[0])
        try:
            with finished_file(self.folder / path) as temporary:
                temporary.write_bytes(content)
            instance = described(header, uids, path, digest, _now(), len(content))
            self.index.add(instance)
        except (OSError, sqlite3.Error) as error:
            logger.warning("An instance could not be stored: %s", type(error).__name__)
            return "no room"
        if self.arrived is not None:
            self.arrived(instance)
        return "stored"


def uids_of(dataset: Dataset) -> tuple[str, str, str, str] | None:
    """UIDs of instance, class, series, study; None when one is absent or is none."""
    names = ("SOPInstanceUID", "SOPClassUID", "SeriesInstanceUID", "StudyInstanceUID")
    found = [str(dataset.get(name, "")) for name in names]
    if not all(_UID.fullmatch(uid) for uid in found):
        return None
    return found[0], found[1], found[2], found[3]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")
