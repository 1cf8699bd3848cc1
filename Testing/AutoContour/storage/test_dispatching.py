"""Order, patience and memory of the dispatcher, with scripted workers and a real store."""

from __future__ import annotations

from dataclasses import replace

import pydicom
import pytest

from AutoContourLib.storage.delivery import Owed
from AutoContourLib.storage.dispatching import FETCHING, PROCESSED_BEFORE, Dispatcher, Surroundings
from AutoContourLib.storage.instance_store import InstanceStore, StoreLimits, uids_of
from AutoContourLib.storage.open_studies import OpenStudies
from AutoContourLib.study.store import StudyStore
from AutoContourLib.study.watch_settings import WatchSettings
from MedImageLib.batch.run import Row
from MedImageLib.errors import MedImageError
from Testing.AutoContour.storage.small_studies import ct_study

SETTINGS = WatchSettings(quiet_s=5, poll_s=1, tries=3, retry_s=10)


class Workers:
    """Stands in for the batch: begins what it is given, ends it when told."""

    def __init__(self, places: int) -> None:
        self.places = places
        self.begun: list[str] = []
        self.running: set[str] = set()
        self.ended: dict[str, tuple[Row, ...]] = {}
        self.lost = False
        self.known: set[str] = set()
        self.levels: list[str] = []

    def room(self):
        return self.places - len(self.running)

    def knows(self, case):
        return case.sha256 in self.known

    def begin(self, name, found):
        self.begun.append(name)
        self.running.add(name)
        self.levels = [case.level for case in found.cases]
        self.known.update(case.sha256 for case in found.cases if case.level == "study")

    def finished(self):
        if self.lost:
            self.lost = False
            self.running.clear()
            raise MedImageError("The Dask scheduler is gone.")
        ended, self.ended = self.ended, {}
        self.running -= ended.keys()
        return ended

    def end(self, name, state="done", text=""):
        folder = "" if state in ("failed", "no processor") else f"cases/{name}/study"
        self.ended[name] = (Row(name, "study", state, folder=folder, text=text),)


class Scene:
    def __init__(self, folder, store, places=2, settings=SETTINGS):
        self.folder, self.store, self.settings = folder, store, settings
        self.now = 1000.0
        self.workers = Workers(places)
        self.records = StudyStore(folder / "studies.sqlite")
        self.owed: list[Owed] = []
        self.before: set[str] = set()
        self.silent = False
        self.started()

    def started(self):
        """As after a new start of the server."""
        studies = OpenStudies(self.store, self.records, lambda: self.now)
        around = Surroundings(self.owed.append, self.asked, lambda: self.now, lambda text: None)
        self.dispatcher = Dispatcher(
            self.store.folder, studies, self.records, self.workers, self.settings, around
        )

    def asked(self, study, uids, sha256):
        if self.silent:
            raise MedImageError("no answer")
        return study in self.before

    def arrive(self, seed, patient="", date="20260101", modality="CT", slices=2, first=0):
        paths = ct_study(self.folder / f"in{seed}{first}", seed, slices)
        for path in paths[first:]:
            one = pydicom.dcmread(path)
            one.Modality, one.AcquisitionDate = modality, date
            one.PatientID = patient or one.PatientID
            one.save_as(path)
            assert self.store.keep(one, uids_of(one), path.read_bytes()) == "stored"
        self.turn()
        return self.store.index.studies()[-1].folder

    def turn(self, seconds=0.0):
        self.now += seconds
        return self.dispatcher.turn()

    def state(self, key):
        return self.records.record(key)


@pytest.fixture
def scene(tmp_path):
    with InstanceStore(tmp_path / "store", StoreLimits(0)) as store:
        made = Scene(tmp_path, store)
        yield made
        made.records.close()


def test_a_study_of_which_more_is_fetched_waits_and_says_so(scene):
    key = scene.arrive(1)
    [study] = scene.store.index.studies()
    scene.store.index.set_incomplete(study.study_instance_uid, scene.now)
    scene.turn(100)
    assert scene.workers.begun == []
    assert (scene.state(key).state, scene.state(key).reason) == ("waiting", FETCHING)
    scene.store.index.set_complete(study.study_instance_uid)
    scene.turn(6)
    assert scene.workers.begun == [key]
    scene.workers.end(key)
    scene.turn()
    assert (scene.state(key).state, scene.state(key).reason) == ("done", "")


def test_the_newest_ct_goes_first_and_a_patient_is_served_by_one_worker(scene):
    old = scene.arrive(1, "A", "20260101")
    new = scene.arrive(2, "A", "20260301")
    other = scene.arrive(3, "B", "20260201")
    assert scene.turn() == 3
    assert scene.workers.begun == []
    scene.turn(6)
    assert scene.workers.begun == [new, other]
    scene.workers.end(other)
    scene.turn()
    assert scene.workers.begun == [new, other]
    scene.workers.end(new)
    scene.turn()
    assert scene.workers.begun == [new, other, old]
    scene.workers.end(old)
    assert scene.turn() == 0
    assert [one.folder for one in scene.owed] == [f"cases/{k}/study" for k in (other, new, old)]
    assert all(len(one.instance_uids) == 2 and one.content_sha256 for one in scene.owed)
    assert {one.state for one in scene.records.records()} == {"done"}


def test_a_failing_study_is_tried_again_then_parked_and_the_reason_stays(scene):
    bad = scene.arrive(1)
    for wait in (6, 11, 21):
        scene.turn(wait)
        scene.workers.end(bad, "failed", "memory limit of 100 MB")
        scene.turn()
    assert len(scene.workers.begun) == 3
    assert scene.state(bad).state == "parked"
    assert scene.state(bad).reason == "memory limit of 100 MB"
    scene.turn(10_000)
    assert len(scene.workers.begun) == 3
    assert scene.owed == []


def test_a_full_disk_or_a_lost_cluster_is_not_counted(scene):
    one = scene.arrive(1)
    scene.turn(6)
    for _ in range(5):
        scene.workers.end(one, "failed", "[Errno 28] No space left on device")
        scene.turn()
        assert scene.state(one).attempts == 0
        scene.turn(11)
    scene.workers.lost = True
    scene.turn()
    assert scene.state(one).state == "waiting"
    scene.turn(1)
    scene.workers.end(one)
    scene.turn()
    assert scene.state(one).state == "done"
    assert len(scene.workers.begun) == 7


def test_what_changes_while_it_is_in_work_is_done_again(scene):
    key = scene.arrive(1, slices=3)
    study = scene.store.index.studies()[0].study_instance_uid
    scene.turn(6)
    extra = pydicom.dcmread(next(scene.folder.glob("in*/*")))
    extra.SOPInstanceUID = extra.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    path = scene.folder / "extra.dcm"
    extra.save_as(path)
    scene.store.keep(extra, uids_of(extra), path.read_bytes())
    assert extra.StudyInstanceUID == study
    scene.turn(6)
    assert scene.workers.begun == [key]
    scene.workers.end(key)
    scene.turn(6)
    assert scene.workers.begun == [key, key]
    assert scene.state(key).folder == f"cases/{key}/study"
    scene.workers.end(key)
    assert scene.turn() == 0
    assert [len(one.instance_uids) for one in scene.owed] == [3, 4]


def test_a_result_that_comes_back_changes_nothing(scene):
    key = scene.arrive(1)
    scene.turn(6)
    scene.workers.end(key)
    scene.turn()
    back = pydicom.dcmread(next(scene.folder.glob("in*/*")))
    back.SOPInstanceUID = back.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    back.Modality = "RTSTRUCT"
    path = scene.folder / "back.dcm"
    back.save_as(path)
    scene.store.keep(back, uids_of(back), path.read_bytes())
    assert scene.turn(100) == 0
    scene.started()
    assert scene.turn(100) == 0
    assert scene.workers.begun == [key]


def test_a_lost_ledger_is_replaced_by_the_record_in_the_server(scene):
    key = scene.arrive(1)
    scene.before = {scene.store.index.studies()[0].study_instance_uid}
    scene.silent = True
    scene.turn(6)
    assert scene.state(key).state == "waiting"
    assert scene.state(key).reason == "no answer"
    scene.silent = False
    scene.turn(11)
    assert scene.state(key).reason == PROCESSED_BEFORE
    assert scene.workers.begun == []
    assert scene.turn() == 0


def test_without_a_ct_it_is_parked_at_once_and_taken_up_when_one_comes(scene):
    key = scene.arrive(1, modality="MR")
    scene.turn(6)
    scene.workers.end(key, "no processor")
    assert scene.turn() == 0
    assert scene.state(key).state == "parked"
    assert "CT series is needed" in scene.state(key).reason
    assert scene.state(key).attempts == 0


def test_a_new_start_goes_on_with_what_was_in_work(scene):
    key = scene.arrive(1)
    scene.turn(6)
    assert scene.state(key).state == "working"
    scene.records.close()
    scene.records = StudyStore(scene.folder / "studies.sqlite")
    scene.workers = Workers(1)
    scene.started()
    scene.turn()
    scene.turn(6)
    assert scene.workers.begun == [key]


def test_open_studies_are_known_by_content_not_by_the_index(scene):
    key = scene.arrive(1)
    studies = OpenStudies(scene.store, scene.records, lambda: scene.now)
    studies.look()
    [before] = studies.due(0, scene.now)
    scene.records.put(replace(scene.state(key), state="done"))
    copy = scene.folder / "copy"
    scene.store.folder.rename(copy)
    (copy / ".index.sqlite").unlink()
    with InstanceStore(copy, StoreLimits(0)) as again:
        studies = OpenStudies(again, scene.records, lambda: scene.now)
        studies.look()
        assert len(studies) == 0
    assert scene.state(key).fingerprint == before.fingerprint


def test_images_are_handed_out_beside_their_study_where_they_are_screened(tmp_path):
    with InstanceStore(tmp_path / "store", StoreLimits(0)) as store:
        scene = Scene(tmp_path, store, settings=replace(SETTINGS, screening=True))
        key = scene.arrive(1)
        scene.turn(6)
        assert sorted(scene.workers.levels) == ["series", "study"]
        doubt = Row("CT-image-1", "anomaly", "done", text="It looks abnormal.", screens=True)
        study = Row(key, "study", "done", folder=f"cases/{key}/study")
        scene.workers.ended[key] = (doubt, study)
        scene.turn()
        assert scene.state(key).state == "done"
        assert scene.state(key).reason == "CT-image-1: It looks abnormal."
        assert [one.folder for one in scene.owed] == [study.folder]
        scene.records.close()
