"""The automatic ways screen the images of a study before they process it, by the real model."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from AutoContourLib.storage.state_page import page, states
from AutoContourLib.study.source import FolderSource
from AutoContourLib.study.watch import listed, watch
from AutoContourLib.study.watch_settings import WatchSettings
from AutoContourLib.study.worker import BatchWorker, work_done
from AutoContourLib.viewing.study_list import listed_studies
from MedImageLib.__main__ import main
from MedImageLib.batch import run as run_module
from MedImageLib.batch.run import Row
from MedImageLib.batch.task import run_task
from MedImageLib.geometry import Geometry
from MedImageLib.results import read_result
from MedImageLib.volume import Volume
from MedImageLib.writing.dicom_image import write_dicom
from MedImageLib.writing.dicom_study import DicomStudy

QUICK = {"scene": False, "register": False, "contour": False}
SETTINGS = WatchSettings(quiet_s=0, missing_s=0, poll_s=0.01, once=True, screening=True)


@pytest.fixture(autouse=True)
def in_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tasks run here, one after the other; processes have tests of their own."""

    def one_by_one(_, tasks, started):
        while tasks:
            task = tasks.popleft()
            started(task)
            yield task, run_task(task)

    monkeypatch.setattr(run_module, "open_client", lambda *_: nullcontext())
    monkeypatch.setattr(run_module, "run_tasks", one_by_one)


@pytest.fixture
def arrived(tmp_path: Path) -> Path:
    """A folder with a CT of a cylinder, which no model takes for a head."""
    _, j, i = np.mgrid[:6, :48, :48]
    array = np.where(np.hypot(j - 24, i - 24) < 18, 40, -1000).astype(np.int16)
    volume = Volume(array, Geometry(array.shape, (4.0, 4.0, 5.0)), modality="CT")
    write_dicom(volume, tmp_path / "in", DicomStudy.of_seed(3))
    return tmp_path / "in"


def watched(folder: Path, out: Path, settings: WatchSettings) -> list[str]:
    said: list[str] = []
    worker = BatchWorker(out, processor_settings={"study": QUICK}, screening=settings.screening)
    watch(FolderSource(folder), worker, out, settings, say=said.append)
    return said


def test_a_doubt_is_told_with_the_result_and_in_every_list(arrived: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    [line] = watched(arrived, out, SETTINGS)
    assert ": done, cases/" in line
    assert "The scan looks abnormal" in line
    [verdict] = out.glob("cases/CT-image-*/anomaly/report.html")
    assert verdict.is_file()
    [folder] = out.glob("cases/CT-study-*/study")
    assert "scan-abnormal" in {one.code for one in read_result(folder).warnings}
    [line] = listed(out)
    assert line.startswith("done")
    assert "The scan looks abnormal" in line
    assert "The scan looks abnormal" in page(states(out))
    [study] = listed_studies(out)
    assert "The scan looks abnormal" in study.reason
    assert not list(out.glob("cases/*/metric"))


def test_without_being_asked_nothing_is_screened(arrived: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    [line] = watched(arrived, out, replace(SETTINGS, screening=False))
    assert "looks" not in line
    assert [path.name for path in out.glob("cases/*/*")] == ["study"]


def test_the_command_of_one_study_screens_where_no_place_is_named(
    arrived: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    options = [f"--no-{name}" for name in QUICK]
    out = tmp_path / "out"
    assert main(["process", str(arrived), "-o", str(out), *options, "--screening"]) == 0
    printed = capsys.readouterr().out
    assert "The scan looks abnormal" in printed
    [folder] = out.glob("cases/CT-study-*/study")
    assert "scan-abnormal" in {one.code for one in read_result(folder).warnings}


def test_what_cannot_be_screened_is_processed_and_told() -> None:
    screened = Row("CT-image-1", "anomaly", "failed", text="too few slices", screens=True)
    normal = Row("MR-image-2", "anomaly", "done", folder="cases/MR/anomaly", screens=True)
    study = Row("CT-study-3", "study", "done", folder="cases/CT-study-3/study")
    done = work_done((screened, normal, study))
    assert (done.folder, done.error) == (study.folder, "")
    assert done.doubt == "CT-image-1: not screened: too few slices"
