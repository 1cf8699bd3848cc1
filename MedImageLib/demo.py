"""The demonstration: studies are made, processed by the modules, and shown on one page.

Every study goes through the same processors as a batch; generated ones are held against their
exact truth. Nothing here knows a module: processors are found by name.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from MedImageLib.demo_studies import DemoStudy, generated_studies, real_studies
from MedImageLib.errors import MedImageError
from MedImageLib.metrics import dice
from MedImageLib.results import Result, output_files, write_result
from MedImageLib.writing.atomic import finished_folder

DATA_VARIABLE = "MEDIMAGE_TEST_DATA"


@dataclass(frozen=True)
class Shown:
    """One processed study: seconds to make and to process it, and overlap with the truth."""

    study: DemoStudy
    result: Result | None
    error: str
    made_s: float
    processed_s: float
    overlaps: tuple[tuple[str, float | None], ...] = ()


def real_data_folder() -> Path | None:
    """The folder of real test images, where it is: by variable, or beside the checkout."""
    named = os.environ.get(DATA_VARIABLE)
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(named) if named else beside
    return folder if folder.is_dir() else None


def run_demo(out: Path, scenes: bool = True, say: Callable[[str], None] = print) -> int:
    """Make, process and show all studies below `out`; returns the exit code.

    An earlier demonstration in `out` is replaced when it ended well. Raises InputError when
    `out` holds something else.
    """
    started = time.monotonic()
    mark = out / ".medimage-demo"
    with finished_folder(out, replace=mark.is_file()) as folder:
        (folder / mark.name).touch()
        makers = generated_studies(folder / "input", folder / "reference")
        data = real_data_folder()
        if data is not None:
            makers += real_studies(data, folder / "input")
        shown = []
        for make in makers:
            shown.append(_processed(make, folder, scenes))
            one = shown[-1]
            state = one.error or " ".join(one.result.findings if one.result else ())
            say(f"{one.study.title}: {one.processed_s:.1f} s. {state}")
        from MedImageLib.demo_report import write_demo_report

        write_demo_report(folder, shown, time.monotonic() - started, data is not None)
    say(f"\nReport: {out / 'report.html'}")
    for one in shown:
        if (out / one.study.name / "scene.mrb").is_file():
            say(f"Scene:  {out / one.study.name / 'scene.mrb'}")
    return 1 if any(one.error for one in shown) else 0


def _processed(make: Callable[[], DemoStudy], folder: Path, scenes: bool) -> Shown:
    from MedImageLib.batch.cases import find_cases
    from MedImageLib.batch.processors import find_processors

    begun = time.monotonic()
    study = make()
    made = time.monotonic()
    try:
        _, processor = find_processors()[study.processor]
        cases = [case for case in find_cases(study.folder) if processor.accepts(case)]
        if len(cases) != 1:
            raise MedImageError(f"{study.title}: {len(cases)} cases were found, expected one.")
        settings = replace(processor.settings, scene=scenes)
        with finished_folder(folder / study.name) as place:
            result = processor.run(cases[0], place, settings)
            write_result(place, replace(result, files=output_files(place)))
        overlaps = _overlaps(study, folder / study.name)
        return Shown(study, result, "", made - begun, time.monotonic() - made, overlaps)
    except MedImageError as error:
        return Shown(study, None, str(error), made - begun, time.monotonic() - made)


def _overlaps(study: DemoStudy, place: Path) -> tuple[tuple[str, float | None], ...]:
    if study.truth is None:
        return ()
    from MedImageLib.reading import read_any
    from MedImageLib.volume import Volume, VolumeSequence

    read = read_any(place / study.found)
    found = read
    if isinstance(read, VolumeSequence):
        found = read.frames[study.frame or 0]
    assert isinstance(found, Volume)
    from MedImageLib.resampling import resampled

    same = resampled(
        replace(found, is_labelmap=True, array=_integers(found.array)), study.truth.geometry
    )
    return tuple(
        (name, dice(study.truth.array == value, same.array == value))
        for value, name in study.structures
    )


def _integers(array: np.ndarray) -> np.ndarray:
    return array if array.dtype.kind in "iu" else np.rint(array).astype(np.uint8)
