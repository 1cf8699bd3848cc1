"""A processor for tests of the server: takes its time and makes one RTSTRUCT of a study."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from AutoContourLib.contours.rtstruct_writer import write_rtstruct
from AutoContourLib.contours.structure_set import RegionMask
from MedImageLib.batch.cases import Case
from MedImageLib.batch.processors import Processor
from MedImageLib.reading import read_listed
from MedImageLib.results import InputIdentity, Result
from MedImageLib.volume import Volume


def run(case: Case, folder: Path, settings: Any) -> Result:
    with Path(os.environ["FAKE_LOG"]).open("a") as stream:
        stream.write(f"{case.sha256[:12]}\n")
    [image] = (one for one in read_listed(case.files) if isinstance(one, Volume))
    time.sleep(float(os.environ.get("FAKE_SECONDS", "0")))
    bright = image.with_array(image.array > 0)
    write_rtstruct([RegionMask("bright", bright)], image, folder / "rtstruct.dcm")
    (folder / "note.txt").write_text("whole")
    return Result("Fake", "fake", (InputIdentity(case.sha256, "", (1, 1, 1), None),))


PROCESSORS = (
    Processor(name="fault", accepts=lambda case: case.level == "study", run=run, version="1"),
)
