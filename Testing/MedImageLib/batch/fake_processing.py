"""A processor for the tests that does what the text of its case says."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from MedImageLib.batch.cases import Case
from MedImageLib.batch.processors import Processor
from MedImageLib.errors import InputError
from MedImageLib.results import InputIdentity, Measurement, Result
from MedImageLib.settings import check_settings, setting


@dataclass(frozen=True)
class FakeSettings:
    scale: float = setting(1.0, help="Factor of the value.", minimum=0)

    def __post_init__(self) -> None:
        check_settings(self)


def run(case: Case, folder: Path, settings: FakeSettings) -> Result:
    path = case.files[0]
    _, word, *more = path.read_text().split("\n")[0].split(" ")
    log = Path(os.environ["FAKE_LOG"])
    with log.open("a") as stream:
        stream.write(f"{word}\n")
    if word == "error":
        raise InputError(f"{path}: cannot be used.")
    if word == "bug":
        raise ValueError(path.name)
    if word == "exit":
        raise SystemExit(3)
    if word == "nothing":
        return None  # type: ignore[return-value]
    if word == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    if word == "crash-once" and log.read_text().count("crash-once") == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    if word == "sleep":
        time.sleep(float(more[0]))
    (folder / "sub").mkdir()
    (folder / "report.html").write_text("report")
    (folder / "sub" / "note.txt").write_text(f"scale {settings.scale}")
    return Result(
        module="Fake",
        task="fake",
        inputs=(InputIdentity(case.sha256, "", (1, 1, 1), None),),
        values=(Measurement("size", 2.0 * settings.scale, "mm"),),
        findings=("=1+1",),
    )


PROCESSORS = (
    Processor(
        name="fake",
        accepts=lambda case: case.kind == "nrrd",
        run=run,
        settings=FakeSettings(),
        version="1",
    ),
)
