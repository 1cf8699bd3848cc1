"""What AutoContour does with a case of a batch: so far an overview of a radiotherapy study."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from MedImageLib.batch.processors import Processor
from MedImageLib.settings import check_settings, setting

if TYPE_CHECKING:
    from MedImageLib.batch.cases import Case
    from MedImageLib.results import Result


@dataclass(frozen=True)
class StudyProcessing:
    """How studies are processed."""

    scene: bool = setting(True, help="Write scene.mrb for Slicer.")

    def __post_init__(self) -> None:
        check_settings(self)


def accepts(case: Case) -> bool:
    """Whole studies with a CT."""
    return case.level == "study" and "CT" in case.modality.split("+")


def run(case: Case, folder: Path, settings: StudyProcessing) -> Result:
    """Overview of the study of a case. Raises InputError when it holds no CT volume."""
    import time

    from AutoContourLib.study.output import write_outputs
    from AutoContourLib.study.overview import study_overview
    from MedImageLib.reading import read_listed
    from MedImageLib.volume import Volume

    started = time.monotonic()
    images = [image for image in read_listed(case.files) if isinstance(image, Volume)]
    overview = study_overview(images)
    return write_outputs(folder, overview, settings, time.monotonic() - started)


PROCESSORS = (Processor(name="study", accepts=accepts, run=run, settings=StudyProcessing()),)
