"""The watcher: quiet time, retries, parking, changes, kills, full disks, two at once."""

from __future__ import annotations

import csv
import errno
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
import pytest

from AutoContourLib.study.source import ArrivedStudy, FolderSource
from AutoContourLib.study.store import StudyStore
from AutoContourLib.study.watch import STORE_FILE, Clock, release_parked, watch
from AutoContourLib.study.watch_settings import WatchSettings
from AutoContourLib.study.worker import BatchWorker, SurroundingsError, WorkDone
from MedImageLib.batch import placing
from MedImageLib.batch import run as run_module
from MedImageLib.batch.task import run_task
from MedImageLib.errors import InputError
from MedImageLib.geometry import Geometry
from MedImageLib.volume import Volume
from MedImageLib.writing.dicom_image import write_dicom
from MedImageLib.writing.dicom_study import DicomStudy

SETTINGS = WatchSettings(quiet_s=5, poll_s=1, tries=3, retry_s=10)


class Time:
    """A clock that moves when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class Scene:
    """Scripted source and worker around a real watcher, for a number of rounds."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self.time = Time()
        self.arrived: dict[str, tuple[str, float]] = {}
        self.calls: list[tuple[str, float]] = []
        self.answers: list[WorkDone | Exception] = []

    def put(self, key: str, fingerprint: str = "a") -> None:
        self.arrived[key] = (fingerprint, self.time.now)

    def studies(self) -> tuple[ArrivedStudy, ...]:
        return tuple(
            ArrivedStudy(key, (), fingerprint, self.time.now - since)
            for key, (fingerprint, since) in self.arrived.items()
        )

    def unreadable(self) -> tuple[tuple[Path, str], ...]:
        return ((Path("DOE^JANE/broken.dcm"), "not DICOM"),)

    def process(self, study: ArrivedStudy) -> WorkDone:
        self.calls.append((study.key, self.time.now))
        answer = self.answers.pop(0) if self.answers else WorkDone(f"cases/{study.key}")
        if isinstance(answer, Exception):
            raise answer
        return answer

    def run(self, rounds: int) -> None:
        left = iter(range(rounds))
        watch(
            self,
            self,
            self.out,
            SETTINGS,
            Clock(lambda: self.time.now, self.time.sleep),
            lambda: next(left, None) is not None,
            lambda text: None,
        )

    def rows(self) -> dict[str, dict[str, str]]:
        with (self.out / "studies.csv").open() as stream:
            return {row["key"]: row for row in csv.DictReader(stream)}


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path / "out")


def test_a_study_waits_until_it_is_quiet_and_is_done_once(scene: Scene) -> None:
    scene.put("one")
    scene.run(4)
    assert not scene.calls
    scene.run(20)
    assert [key for key, _ in scene.calls] == ["one"]
    assert scene.rows()["one"]["state"] == "done"
    assert scene.rows()["one"]["folder"] == "cases/one"
    assert "broken.dcm,not DICOM" in (scene.out / "unreadable.csv").read_text()


def test_late_files_lead_to_another_run_others_do_not(scene: Scene) -> None:
    scene.put("one")
    scene.run(10)
    scene.run(10)
    assert len(scene.calls) == 1
    scene.put("one", "b")
    scene.run(3)
    assert len(scene.calls) == 1
    scene.run(10)
    assert len(scene.calls) == 2


def test_failures_are_tried_again_then_parked_with_the_reason(scene: Scene) -> None:
    scene.put("bad")
    scene.put("good")
    scene.answers = [WorkDone(error="no CT"), WorkDone("x"), *[WorkDone(error="no CT")] * 9]
    scene.run(200)
    times = [when for key, when in scene.calls if key == "bad"]
    assert len(times) == SETTINGS.tries
    assert times[1] - times[0] >= 10
    assert times[2] - times[1] >= 20
    assert scene.rows()["bad"] | {"folder": ""} == {
        "key": "bad", "state": "parked", "attempts": "3", "reason": "no CT", "folder": "",
    }  # fmt: skip
    assert scene.rows()["good"]["state"] == "done"
    assert release_parked(scene.out) == 1
    scene.answers = []
    scene.run(3)
    assert scene.rows()["bad"]["state"] == "done"


def test_a_full_disk_is_not_the_studys_fault(scene: Scene) -> None:
    scene.put("one")
    scene.answers = [SurroundingsError("No space left on device")] * 7
    scene.run(150)
    assert len(scene.calls) == 8
    assert scene.rows()["one"]["state"] == "done"
    assert scene.rows()["one"]["attempts"] == "0"


def test_a_store_that_cannot_write_loses_nothing(scene: Scene, monkeypatch) -> None:
    real, fails = StudyStore.put, iter([True, False, True, True])

    def put(self: StudyStore, record) -> None:
        if next(fails, False):
            raise OSError(errno.ENOSPC, "No space left on device")
        real(self, record)

    monkeypatch.setattr(StudyStore, "put", put)
    scene.put("one")
    scene.run(30)
    assert scene.rows()["one"]["state"] == "done"


def test_what_a_kill_cut_off_is_done_again_and_not_counted(scene: Scene) -> None:
    scene.put("one")
    whole = scene.process

    def killed(study: ArrivedStudy) -> WorkDone:
        raise KeyboardInterrupt

    scene.process = killed  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        scene.run(10)
    scene.process = whole  # type: ignore[method-assign]
    scene.run(3)
    assert scene.rows()["one"] | {"folder": ""} == {
        "key": "one", "state": "done", "attempts": "0", "reason": "", "folder": "",
    }  # fmt: skip


def test_two_watchers_do_not_share_an_output_folder(scene: Scene) -> None:
    scene.put("one")
    other = Scene(scene.out)

    def second(study: ArrivedStudy) -> WorkDone:
        with pytest.raises(InputError, match="another"):
            other.run(1)
        return WorkDone("x")

    scene.process = second  # type: ignore[method-assign]
    scene.run(10)
    assert scene.rows()["one"]["state"] == "done"


def study_files(folder: Path, seed: int, slices: int = 3) -> tuple[Path, ...]:
    gray = np.random.default_rng(seed).normal(0, 100, (slices, 8, 8)).astype(np.int16)
    image = Volume(gray, Geometry(gray.shape), modality="CT")
    return write_dicom(image, folder, DicomStudy.of_seed(seed))


def test_folder_tells_studies_apart_and_sees_every_change(tmp_path: Path) -> None:
    now = Time()
    source = FolderSource(tmp_path / "in", leave_out=tmp_path / "in/out", clock=lambda: now.now)
    study_files(tmp_path / "in" / "a", 1)
    study_files(tmp_path / "in" / "b", 2)
    study_files(tmp_path / "in" / "out", 3)
    (tmp_path / "in" / "broken.dcm").write_bytes(b"\0" * 128 + b"DICM broken")
    first = {one.key: one for one in source.studies()}
    assert len(first) == 2
    assert all(one.quiet_s == 0 and len(one.files) == 3 for one in first.values())
    assert [path.name for path, _ in source.unreadable()] == ["broken.dcm"]
    now.sleep(7)
    changed = next(iter(first.values()))
    os.utime(changed.files[0], (5, 5))
    second = {one.key: one for one in source.studies()}
    quiet = {key: one.quiet_s for key, one in second.items()}
    assert quiet.pop(changed.key) == 0
    assert list(quiet.values()) == [7]
    assert second[changed.key].fingerprint != changed.fingerprint


FAKE = Path(__file__).parent


def in_process(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The batch's tasks run here; processes have a test of their own."""
    from contextlib import nullcontext

    def one_by_one(_, tasks, started):
        while tasks:
            task = tasks.popleft()
            started(task)
            yield task, run_task(task)

    monkeypatch.syspath_prepend(str(FAKE))
    monkeypatch.setenv("FAKE_LOG", str(tmp_path / "log.txt"))
    monkeypatch.setattr(run_module, "open_client", lambda *_: nullcontext())
    monkeypatch.setattr(run_module, "run_tasks", one_by_one)


def test_worker_finishes_a_study_after_a_full_disk(tmp_path: Path, monkeypatch) -> None:
    in_process(monkeypatch, tmp_path)
    study_files(tmp_path / "in", 1)
    (study,) = FolderSource(tmp_path / "in").studies()
    worker = BatchWorker(tmp_path / "out", modules=("fake_study",))

    def full(*_) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(run_module, "put_in_place", full)
        with pytest.raises(SurroundingsError, match="No space left"):
            worker.process(study)
    assert not list((tmp_path / "out").glob("cases/*/*"))
    done = worker.process(study)
    folder = tmp_path / "out" / done.folder
    assert not done.error
    assert sorted(placing.digests(folder)) == ["one.txt", "result.json", "two.txt"]
    assert worker.process(study).folder == done.folder
    assert len((tmp_path / "log.txt").read_text().split()) == 2


def test_approved_results_are_never_replaced(tmp_path: Path, monkeypatch) -> None:
    in_process(monkeypatch, tmp_path)
    study_files(tmp_path / "in", 1)
    (study,) = FolderSource(tmp_path / "in").studies()
    worker = BatchWorker(tmp_path / "out", modules=("fake_study",))
    folder = tmp_path / "out" / worker.process(study).folder
    (folder / "two.txt").write_text("edited by a person")
    assert not worker.process(study).error
    assert (folder / "two.txt").read_text() == "edited by a person"


SCRIPT = """
import sys
from pathlib import Path
from AutoContourLib.study.source import FolderSource
from AutoContourLib.study.watch import watch
from AutoContourLib.study.watch_settings import WatchSettings
from AutoContourLib.study.worker import BatchWorker
from MedImageLib.batch.settings import BatchSettings
if __name__ == "__main__":
    out = Path(sys.argv[2])
    worker = BatchWorker(out, BatchSettings(workers=1), modules=("fake_study",))
    settings = WatchSettings(quiet_s=0.2, poll_s=0.1, retry_s=0.1, once=True)
    watch(FolderSource(Path(sys.argv[1])), worker, out, settings)
"""


def killed_tree(process: subprocess.Popen) -> None:
    children = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGKILL)
    process.wait(20)
    _, alive = psutil.wait_procs(children, timeout=20)
    assert not alive


def test_killed_at_any_moment_nothing_is_lost_twice_or_half(tmp_path: Path) -> None:
    for number in range(3):
        study_files(tmp_path / "in" / str(number), number)
    (tmp_path / "script.py").write_text(SCRIPT)
    environment = os.environ | {
        "PYTHONPATH": str(FAKE),
        "FAKE_LOG": str(tmp_path / "log.txt"),
        "FAKE_SECONDS": "0.3",
    }

    def start() -> subprocess.Popen:
        command = [sys.executable, tmp_path / "script.py", tmp_path / "in", tmp_path / "out"]
        return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)

    moments = random.Random()
    log = tmp_path / "log.txt"
    for kill in range(2):
        process = start()
        waited_until(lambda begun=kill, running=process: count(log) > begun or running.poll())
        time.sleep(moments.uniform(0, 0.8))
        killed_tree(process)
    last = start()
    assert last.wait(180) == 0
    store = StudyStore(tmp_path / "out" / STORE_FILE)
    records = store.records()
    store.close()
    assert [one.state for one in records] == ["done"] * 3
    assert [one.attempts for one in records] == [0] * 3
    results = sorted((tmp_path / "out" / "cases").glob("*/fake-study"))
    assert len(results) == 3
    assert all(
        sorted(placing.digests(one)) == ["one.txt", "result.json", "two.txt"] for one in results
    )
    assert not list((tmp_path / "out" / "cases").glob("*/.*"))
    assert not (tmp_path / "out" / ".work").exists()
    # Only what a kill cut off was begun again.
    assert 3 <= count(log) <= 5


def count(log: Path) -> int:
    return len(log.read_text().split()) if log.exists() else 0


def waited_until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 120
    while not true() and time.monotonic() < end:
        time.sleep(0.05)
