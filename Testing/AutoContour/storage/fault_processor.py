"""A processor for tests of the server: takes its time and makes one DICOM object of a study."""

from __future__ import annotations

import hashlib
import os
import time
import uuid
from pathlib import Path
from typing import Any

import pydicom

from MedImageLib.batch.cases import Case
from MedImageLib.batch.processors import Processor
from MedImageLib.results import InputIdentity, Result

RESULT_DESCRIPTION = "made of a study"


def run(case: Case, folder: Path, settings: Any) -> Result:
    with Path(os.environ["FAKE_LOG"]).open("a") as stream:
        stream.write(f"{case.sha256[:12]}\n")
    made = pydicom.dcmread(case.files[0])
    digest = hashlib.sha256(f"result of {case.sha256}".encode()).digest()[:16]
    made.SOPInstanceUID = f"2.25.{uuid.UUID(bytes=digest, version=5).int}"
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID
    made.SeriesInstanceUID = f"{made.SOPInstanceUID}.1"[:64]
    made.Modality, made.SeriesDescription = "OT", RESULT_DESCRIPTION
    time.sleep(float(os.environ.get("FAKE_SECONDS", "0")))
    made.save_as(folder / "result.dcm")
    (folder / "note.txt").write_text("whole")
    return Result("Fake", "fake", (InputIdentity(case.sha256, "", (1, 1, 1), None),))


PROCESSORS = (
    Processor(name="fault", accepts=lambda case: case.level == "study", run=run, version="1"),
)
