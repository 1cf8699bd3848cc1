"""Studies that tell how many instances they have are not begun before these are there."""

from __future__ import annotations

import csv
import itertools
from pathlib import Path

import numpy as np
import pydicom
import pytest

from AutoContourLib.contours.rtstruct_writer import write_rtstruct
from AutoContourLib.contours.structure_set import RegionMask
from AutoContourLib.study.expected_count import missing_instances
from AutoContourLib.study.source import ArrivedStudy, FolderSource
from AutoContourLib.study.watch import Clock, listed, watch
from AutoContourLib.study.watch_settings import WatchSettings
from AutoContourLib.study.worker import WorkDone
from MedImageLib.errors import InputError
from MedImageLib.geometry import Geometry
from MedImageLib.reading import read_image
from MedImageLib.volume import Volume
from MedImageLib.writing.dicom_image import write_dicom
from MedImageLib.writing.dicom_study import DicomStudy

GRID = Geometry((6, 16, 16), (2.0, 2.0, 3.0))


@pytest.fixture
def arriving(tmp_path: Path) -> Path:
    image = Volume(np.zeros(GRID.shape, np.int16), GRID, modality="CT")
    write_dicom(image, tmp_path / "in" / "ct", DicomStudy.of_seed(4))
    return tmp_path / "in"


def arrived(folder: Path) -> ArrivedStudy:
    (study,) = FolderSource(folder).studies()
    return study


def tell(folder: Path, **counts: int) -> None:
    for path in (folder / "ct").iterdir():
        dataset = pydicom.dcmread(path)
        for keyword, value in counts.items():
            setattr(dataset, keyword, value)
        dataset.save_as(path)


def take_away(folder: Path, count: int) -> list[Path]:
    taken = []
    for path in sorted((folder / "ct").iterdir())[:count]:
        taken.append(path.rename(folder.parent / path.name))
    return taken


def test_without_a_word_nothing_is_missing(arriving: Path) -> None:
    take_away(arriving, 2)
    assert missing_instances(arrived(arriving)) == 0


@pytest.mark.parametrize(
    "keyword", ["NumberOfStudyRelatedInstances", "NumberOfSeriesRelatedInstances"]
)
def test_counts_in_the_headers(arriving: Path, keyword: str) -> None:
    tell(arriving, **{keyword: 6})
    assert missing_instances(arrived(arriving)) == 0
    take_away(arriving, 2)
    assert missing_instances(arrived(arriving)) == 2


def test_an_rtstruct_tells_which_images_there_are(arriving: Path) -> None:
    scan = read_image(arriving / "ct")
    mask = np.ones(GRID.shape, bool)
    write_rtstruct([RegionMask("Body", scan.with_array(mask))], scan, arriving / "rt.dcm")
    assert missing_instances(arrived(arriving)) == 0
    take_away(arriving, 3)
    assert missing_instances(arrived(arriving)) == 3


class Once:
    """Notes when it was called."""

    def __init__(self) -> None:
        self.calls: list[float] = []
        self.now = 0.0

    def process(self, study: ArrivedStudy) -> WorkDone:
        self.calls.append(self.now)
        return WorkDone("cases/one")

    def watch(self, folder: Path, out: Path, rounds: int, **settings: float) -> None:
        left = iter(range(rounds))
        watch(
            FolderSource(folder, clock=lambda: self.now),
            self,
            out,
            WatchSettings(poll_s=1, quiet_s=2, **settings),
            Clock(lambda: self.now, self.sleep),
            lambda: next(left, None) is not None,
            lambda text: None,
        )

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def test_the_watcher_waits_for_them_and_begins_when_they_come(arriving, tmp_path) -> None:
    tell(arriving, NumberOfStudyRelatedInstances=6)
    late = take_away(arriving, 1)
    worker, out = Once(), tmp_path / "out"
    worker.watch(arriving, out, 6)
    assert not worker.calls
    with (out / "studies.csv").open() as stream:
        assert "waiting for 1 instances" in next(csv.DictReader(stream))["reason"]
    assert "waiting for 1 instances" in listed(out)[0]
    late[0].rename(arriving / "ct" / late[0].name)
    worker.watch(arriving, out, 6)
    assert len(worker.calls) == 1
    assert listed(out)[0].startswith("done")


def test_what_never_comes_does_not_hold_a_study_up_for_ever(arriving, tmp_path) -> None:
    tell(arriving, NumberOfStudyRelatedInstances=60)
    worker = Once()
    worker.watch(arriving, tmp_path / "out", 12, missing_s=8)
    assert worker.calls == [pytest.approx(8, abs=1)]


def test_failed_studies_come_first_in_the_list(tmp_path: Path) -> None:
    rows = itertools.chain(
        ["key,state,attempts,reason,folder", "aaa,done,0,,cases/a"],
        ["bbb,parked,3,no CT,", "ccc,waiting,1,disk full,"],
    )
    (tmp_path / "studies.csv").write_text("\n".join(rows) + "\n")
    (tmp_path / "unreadable.csv").write_text("file,reason\nx.dcm,cut short\n")
    lines = listed(tmp_path)
    assert [line.split()[0] for line in lines] == ["parked", "waiting", "done", "unreadable"]
    assert lines[0].endswith("no CT")
    with pytest.raises(InputError, match="no list of studies"):
        listed(tmp_path / "elsewhere")
