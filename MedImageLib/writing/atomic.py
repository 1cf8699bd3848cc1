"""Outputs appear whole or not at all: written under another name, then renamed in one step.

The temporary file or folder lies beside its target, so that the rename stays in one file system,
and begins with a dot, so that whoever lists the folder does not take it for a result.
"""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from MedImageLib.errors import InputError


@contextmanager
def finished_file(path: Path | str) -> Iterator[Path]:
    """Yield a temporary path for the content of `path`; rename it there when the block ends well.

    The temporary path has all suffixes of `path` (`.nii.gz` too), since many writers choose the
    format by them. An existing file is replaced in one step. When the block raises, or when it
    wrote nothing, the temporary file is removed and an existing `path` stays as it was.

    Raises InputError when the block ended without having written the temporary file, or when
    `path` is a folder.
    """
    path = Path(path)
    if path.is_dir():
        raise InputError(f"A file was to be written to {path}, which is a folder. Name a file.")
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".part-{uuid.uuid4().hex[:12]}-{path.name}")
    try:
        yield temporary
        if not temporary.is_file():
            raise InputError(f"Nothing was written for {path}: the writer left no file behind.")
        _flush_to_disk(temporary)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def finished_folder(path: Path | str, replace: bool = False) -> Iterator[Path]:
    """Yield an empty temporary folder; rename it to `path` when the block ends well.

    replace: exchange an existing folder for the finished one; the old one is moved aside, and
        back again should the second rename fail, then removed. Without it an existing folder
        with content is refused before any work is done (an empty one is taken over).

    Raises InputError when `path` is a file, or exists with content and replace is False.
    """
    path = Path(path)
    _refuse_taken(path, replace)
    path.parent.mkdir(parents=True, exist_ok=True)
    token = uuid.uuid4().hex[:12]
    temporary = path.with_name(f".part-{token}-{path.name}")
    aside = path.with_name(f".old-{token}-{path.name}")
    temporary.mkdir()
    try:
        yield temporary
        _refuse_taken(path, replace)
        if path.exists():
            os.rename(path, aside)
        try:
            os.rename(temporary, path)
        except OSError:
            if aside.exists():
                os.rename(aside, path)
            raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        if path.exists():
            shutil.rmtree(aside, ignore_errors=True)


def _refuse_taken(path: Path, replace: bool) -> None:
    if path.exists() and not path.is_dir():
        raise InputError(f"A folder was to be written to {path}, which is a file. Name a folder.")
    if path.is_dir() and not replace and any(path.iterdir()):
        raise InputError(
            f"The folder {path} exists and is not empty; it is left as it is. "
            "Name another one or ask for replacement."
        )


def _flush_to_disk(path: Path) -> None:
    # Without this a power cut after the rename could leave an empty file of the right name.
    with open(path, "rb+") as handle:
        os.fsync(handle.fileno())
