"""A processor for tests of the watcher: slow, logs its calls, writes a result of two files."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from MedImageLib.batch.cases import Case
from MedImageLib.batch.processors import Processor
from MedImageLib.results import InputIdentity, Result


def run(case: Case, folder: Path, settings: Any) -> Result:
    with Path(os.environ["FAKE_LOG"]).open("a") as stream:
        stream.write(f"{case.sha256[:12]}\n")
    (folder / "one.txt").write_text("1")
    time.sleep(float(os.environ.get("FAKE_SECONDS", "0")))
    (folder / "two.txt").write_text("2")
    return Result("Fake", "fake", (InputIdentity(case.sha256, "", (1, 1, 1), None),))


PROCESSORS = (
    Processor(name="fake-study", accepts=lambda case: case.level == "study", run=run, version="1"),
)
