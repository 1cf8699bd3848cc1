"""Where studies come from. The embedded source is a folder that others write into.

A study is offered with the time for which nothing of it has changed; whether it is complete is
the watcher's decision. A DICOM server can stand in by offering the same.
"""

from __future__ import annotations

import hashlib
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from MedImageLib.reading.limits import DEFAULT_LIMITS, Limits
from MedImageLib.reading.scan import SeriesSummary, files_in, scan_folder


@dataclass(frozen=True)
class ArrivedStudy:
    """A study as far as it has arrived.

    key: hash that stands for its UID. fingerprint: changes with any of its files. quiet_s: since
    its last change.
    """

    key: str
    series: tuple[SeriesSummary, ...]
    fingerprint: str
    quiet_s: float

    @property
    def files(self) -> tuple[Path, ...]:
        return tuple(path for one in self.series for path in one.files)


class StudySource(Protocol):
    """Offers studies."""

    def studies(self) -> tuple[ArrivedStudy, ...]:
        """All that are there now. Raises OSError or MedImageError when the place is not."""
        ...

    def unreadable(self) -> tuple[tuple[Path, str], ...]:
        """Files that belong to no study because they cannot be read, with the reason."""
        ...


class FolderSource:
    """Studies in a folder and its subfolders; hidden and unfinished names are passed over."""

    def __init__(
        self,
        folder: Path,
        leave_out: Path | None = None,
        limits: Limits = DEFAULT_LIMITS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder = folder
        self._leave_out = None if leave_out is None else leave_out.resolve()
        self._limits = limits
        self._clock = clock
        self._state = ""
        self._summaries: tuple[SeriesSummary, ...] = ()
        self._changed: dict[str, tuple[str, float]] = {}

    def studies(self) -> tuple[ArrivedStudy, ...]:
        facts = self._facts()
        state = _digest(f"{path}\n{fact}" for path, fact in facts.items())
        if state != self._state:
            self._summaries = tuple(
                one
                for one in scan_folder(self._folder, self._limits)
                if not self._is_left_out(one.files[0])
            )
            self._state = state
        by_study = defaultdict(list)
        for one in self._summaries:
            if one.study_key and one.kind != "unreadable":
                by_study[one.study_key].append(one)
        now = self._clock()
        found = []
        for key, members in by_study.items():
            if not any(one.kind == "image" for one in members):
                continue
            paths = sorted(path for one in members for path in one.files)
            fingerprint = _digest(f"{path}\n{facts.get(path, '')}" for path in paths)
            before, since = self._changed.get(key, ("", now))
            if before != fingerprint:
                since = now
            self._changed[key] = (fingerprint, since)
            found.append(ArrivedStudy(key, tuple(members), fingerprint, now - since))
        return tuple(sorted(found, key=lambda one: -one.quiet_s))

    def unreadable(self) -> tuple[tuple[Path, str], ...]:
        return tuple(
            (one.files[0], one.text) for one in self._summaries if one.kind == "unreadable"
        )

    def _facts(self) -> dict[Path, str]:
        facts = {}
        for path in files_in(self._folder, self._limits):
            if self._is_left_out(path):
                continue
            try:
                status = path.stat()
            except FileNotFoundError:
                continue  # taken away while we looked
            facts[path] = f"{status.st_size} {status.st_mtime_ns}"
        return facts

    def _is_left_out(self, path: Path) -> bool:
        return self._leave_out is not None and path.resolve().is_relative_to(self._leave_out)


def _digest(lines: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for line in lines:
        digest.update(line.encode("utf-8", "surrogateescape") + b"\0")
    return digest.hexdigest()
