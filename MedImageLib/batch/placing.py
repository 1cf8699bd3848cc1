"""Results in place: by rename of a finished folder, never over what a person touched.

A folder with a file APPROVED (in it, or in the case's folder), and one whose files differ from
what the ledger says, belong to a person and are left alone.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Literal

from MedImageLib.batch.ledger import Entry
from MedImageLib.results import file_sha256
from MedImageLib.writing.atomic import finished_folder

APPROVED = "APPROVED"
# Written by file browsers without anyone's intention.
_NOT_A_PERSONS = {".DS_Store", "Thumbs.db", "desktop.ini", APPROVED}

Owner = Literal["nobody", "approved", "edited", "unknown", "machine"]


def digests(folder: Path) -> dict[str, str]:
    """SHA256 of every file below a folder, by its relative name with /."""
    return {
        path.relative_to(folder).as_posix(): file_sha256(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in _NOT_A_PERSONS
    }


def owner(folder: Path, entry: Entry | None) -> Owner:
    """Whose result it is that lies in `folder`.

    nobody: none there, or files are gone and the rest is as it was made; machine: all as it was
    made; approved, edited: a person's; unknown: the ledger does not know it.
    """
    if not folder.is_dir():
        return "nobody"
    if (folder / APPROVED).exists() or (folder.parent / APPROVED).exists():
        return "approved"
    found = digests(folder)
    if not found:
        return "nobody"
    made = entry.files if entry else {}
    if not made:
        return "unknown"
    if found == made:
        return "machine"
    return "nobody" if found.items() <= made.items() else "edited"


def put_in_place(work: Path, folder: Path) -> None:
    """Move a finished folder to its place in one step; an older one there is exchanged."""
    with finished_folder(folder, replace=True) as temporary:
        temporary.rmdir()
        os.rename(work, temporary)


def clear_leftovers(cases: Path, work: Path) -> None:
    """Take away what a killed run left half done; bring back what it had moved aside."""
    shutil.rmtree(work, ignore_errors=True)
    for aside in cases.glob("*/.old-*"):
        _, _, name = aside.name.removeprefix(".old-").partition("-")
        place = aside.with_name(name)
        if place.exists():
            shutil.rmtree(aside, ignore_errors=True)
        else:
            os.rename(aside, place)
    for part in cases.glob("*/.part-*"):
        shutil.rmtree(part, ignore_errors=True)
