"""The studies of a results folder: what waits, is in work, is parked, or can be opened.

A study is known by a pseudonymous id alone. A request names an id, which is looked up here; no
path is ever made of what a browser sends.
"""

from __future__ import annotations

import hashlib
import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from AutoContourLib.storage.state_page import StudyLine, states
from MedImageLib.batch.placing import APPROVED
from MedImageLib.errors import InputError

State = Literal["waiting", "working", "review", "approved", "parked"]
# Written by the overview of every processed study, and by nothing else.
_MARK = "body.seg.nrrd"
_PLACES = ("", "*/", "cases/*/*/")
_ID_LENGTH = 12


@dataclass(frozen=True)
class ListedStudy:
    """id: pseudonym. folder: of the result, or None. kinds: modalities. finished_utc: or empty."""

    id: str
    state: State
    reason: str = ""
    kinds: str = ""
    finished_utc: str = ""
    folder: Path | None = None


def listed_studies(out: Path) -> tuple[ListedStudy, ...]:
    """Studies of the watcher's store and results that lie in the folder, the latest first.

    Raises InputError when the folder is not there.
    """
    if not out.is_dir():
        raise InputError(f"{out}: there is no such folder of results.")
    root = out.resolve()
    found: dict[Path, ListedStudy] = {}
    unopened = []
    for line in _store_lines(root):
        folder = (root / line.folder).resolve() if line.folder else None
        state: State = "review" if line.state == "done" else line.state  # type: ignore[assignment]
        if folder is not None and _is_result(folder, root):
            found[folder] = _processed(line.key[:_ID_LENGTH], folder, line.reason, state)
        else:
            unopened.append(ListedStudy(line.key[:_ID_LENGTH], state, line.reason))
    for place in _PLACES:
        for mark in root.glob(place + _MARK):
            folder = mark.parent.resolve()
            if folder not in found and _is_result(folder, root):
                name = folder.relative_to(root).as_posix()
                digest = hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()
                found[folder] = _processed(digest[:_ID_LENGTH], folder)
    newest = sorted(found.values(), key=lambda one: one.finished_utc, reverse=True)
    return (*unopened, *newest)


def study_folder(out: Path, study_id: str) -> Path:
    """Folder of the result of a listed study. Raises InputError for others."""
    for one in listed_studies(out):
        if one.id == study_id and one.folder is not None:
            return one.folder
    raise InputError("There is no processed study of that id. It may have been moved away.")


def _store_lines(root: Path) -> list[StudyLine]:
    try:
        return states(root).lines
    except sqlite3.Error:
        # The store is being made, or is of another program: results are found without it.
        return []


def _is_result(folder: Path, root: Path) -> bool:
    """Inside of the results, also where a link was followed, and no unfinished folder."""
    inside = folder.is_relative_to(root)
    parts = folder.relative_to(root).parts if inside else ()
    return inside and not any(p.startswith(".") for p in parts) and (folder / _MARK).is_file()


def _processed(
    study_id: str, folder: Path, reason: str = "", state: State = "review"
) -> ListedStudy:
    approved = (folder / "contours" / APPROVED).is_file()
    if state == "review" and approved:
        state = "approved"
    finished = datetime.fromtimestamp((folder / _MARK).stat().st_mtime, UTC)
    others = [path.name.partition("-")[2] for path in sorted(folder.glob("registrations/[0-9]*"))]
    kinds = " + ".join(["CT", *others])
    return ListedStudy(
        study_id, state, reason, kinds, finished.isoformat(timespec="seconds"), folder
    )
