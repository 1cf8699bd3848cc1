"""A screening for the tests that calls every scan abnormal, and a processor that is told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import fake_processing

from MedImageLib.batch.cases import Case
from MedImageLib.batch.processors import Processor
from MedImageLib.results import InputIdentity, Measurement, ModelUsed, QualityFlag, Result
from MedImageLib.scan_verdict import FLAG, TASK

SCORES = {"score": 2.0, "threshold": 1.0, "confidence": 0.9}


def screen(case: Case, folder: Path, settings: None) -> Result:
    """Abnormal; where the file says `calm`, normal."""
    normal = "calm" in case.files[0].read_text()
    return Result(
        module="Fake",
        task=TASK,
        inputs=(InputIdentity(case.sha256, "", (1, 1, 1), None),),
        values=tuple(Measurement(name, value, "1") for name, value in SCORES.items()),
        flags=(QualityFlag(FLAG, "satisfied" if normal else "not", "Looks so."),),
        models=(ModelUsed("fake", "1.0", "0" * 64),),
    )


def run(case: Case, folder: Path, settings: fake_processing.FakeSettings) -> Result:
    verdict = case.screened.get(case.sha256)
    remark = verdict.remark() if verdict else None
    result = fake_processing.run(case, folder, settings)
    return replace(result, warnings=(remark,) if remark else ())


PROCESSORS = (
    Processor("fake", lambda case: case.kind == "nrrd", run, fake_processing.FakeSettings()),
    Processor("anomaly", lambda case: case.kind == "nrrd", screen, screens=True),
)
FOLLOWING = PROCESSORS[:1]
