"""Inputs named on the command line, one after the other: a result folder each, by rename."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from MedImageLib.errors import MedImageError
from MedImageLib.results import Result, output_files, write_result
from MedImageLib.writing.atomic import finished_folder


def run_each(inputs: Sequence[Path], out: Path, process: Callable[[Path, Path], Result]) -> int:
    """Process every input into `out`/<stem>; one that fails never stops the rest.

    process: takes the input and an empty folder, writes its files there and returns the result.
    Returns the exit code: 0 all well, 1 some failed. Folders that exist are not overwritten.
    """
    failed = 0
    for path, name in zip(inputs, _names(inputs), strict=True):
        try:
            result = run_into(out / name, partial(process, path))
            print(f"{out / name}: {' '.join(result.findings)}")
        except MedImageError as error:
            failed += 1
            text = str(error)
            print(f"medimage: {text if str(path) in text else f'{path}: {text}'}", file=sys.stderr)
    return 1 if failed else 0


def run_into(folder: Path, process: Callable[[Path], Result]) -> Result:
    """Process one input into a new folder with its result.json, whole or not at all.

    process: takes an empty folder, writes its files there and returns the result.
    """
    with finished_folder(folder) as place:
        result = process(place)
        result = replace(result, files=output_files(place))
        write_result(place, result)
    return result


def _names(inputs: Sequence[Path]) -> list[str]:
    """Folder names: the stems of the inputs, numbered where they repeat."""
    names: list[str] = []
    for path in inputs:
        stem = _stem(path.resolve()) or "input"
        name, number = stem, 2
        while name in names:
            name, number = f"{stem}-{number}", number + 1
        names.append(name)
    return names


def _stem(path: Path) -> str:
    """Name without the suffix of its format; of `1.2.840.17` all numbers stay."""
    name = path.name
    for suffix in (".nii.gz", ".seg.nrrd"):
        if name.lower().endswith(suffix):
            return name[: -len(suffix)]
    if path.is_dir() or path.suffix[1:].isdigit():
        return name
    return path.stem
