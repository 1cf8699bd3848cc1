"""What the mirror fetches and when, with a scripted server and clock."""

from __future__ import annotations

import time
from contextlib import closing
from datetime import date

import pydicom
import pytest

from AutoContourLib.contours.axial_series import axial_series_uid
from AutoContourLib.storage.instance_store import InstanceStore, StoreLimits, uids_of
from AutoContourLib.storage.mirroring import Mirror
from AutoContourLib.storage.open_studies import OpenStudies
from AutoContourLib.storage.remote_server import RemoteInstance, RemoteStudy, ServerError
from AutoContourLib.study.store import StudyStore
from Testing.AutoContour.storage.small_studies import ct_study


class Server:
    """Holds the files given; counts what it is asked for."""

    def __init__(self, files) -> None:
        self.files = list(files)
        self.fetched: list[int] = []
        self.since: list[date | None] = []
        self.asked: list[str] = []
        self.breaks_in = 0
        self.breaks_after: int | None = None
        self.records: set[str] = set()
        self.modalities: tuple[str, ...] = ("CT",)

    def studies(self, since, only=""):
        self.since.append(since)
        self.asked.append(only)
        self.breaks_in = max(0, self.breaks_in - 1)
        if self.breaks_in:
            raise ServerError("away")
        studies: dict[str, int] = {}
        for one in self._all():
            uid = str(one.StudyInstanceUID)
            if only in ("", uid):
                studies[uid] = studies.get(uid, 0) + 1
        return tuple(RemoteStudy(uid, self.modalities, n) for uid, n in studies.items())

    def images(self, study):
        found = [
            RemoteInstance(study, str(one.SeriesInstanceUID), str(one.SOPInstanceUID), one.Modality)
            for one in self._all()
            if one.StudyInstanceUID == study
        ]
        return tuple(sorted(found, key=lambda one: one.sop_instance_uid))

    def has(self, study, series, instance=""):
        return study in self.records

    def fetch(self, wanted, keep):
        self.fetched.append(len(wanted))
        uids = {one.sop_instance_uid for one in wanted}
        sent = 0
        for path in self.files:
            one = pydicom.dcmread(path)
            if one.SOPInstanceUID in uids:
                if sent == self.breaks_after:
                    raise ServerError("cut")
                keep(one, path.read_bytes())
                sent += 1

    def _all(self):
        return [pydicom.dcmread(path, stop_before_pixels=True) for path in self.files]


@pytest.fixture
def scene(tmp_path):
    files = ct_study(tmp_path / "ct", 1)
    server, now = Server(files), [100.0]
    with InstanceStore(tmp_path / "store", StoreLimits(0)) as store:
        yield (
            server,
            store,
            Mirror(server, store, 10.0, 7, lambda: now[0], lambda: date(2026, 5, 9)),
            now,
        )


def test_a_study_is_fetched_once_it_is_quiet_and_more_of_it_later(scene):
    server, store, mirror, now = scene
    late = server.files.pop()
    for _ in range(3):
        assert mirror.turn() == 0
        now[0] += 4
    assert mirror.turn() == 1
    assert server.fetched == [3]
    assert mirror.turn() == 0
    server.files.append(late)
    mirror.turn()
    now[0] += 11
    assert mirror.turn() == 1
    assert server.fetched == [3, 1]
    assert len(store.index.instances()) == 4
    assert server.since[0] == date(2026, 5, 2)


def test_what_came_before_the_line_broke_is_not_fetched_again(scene):
    server, store, mirror, now = scene
    mirror.turn()
    now[0] += 11
    server.breaks_after = 2
    with pytest.raises(ServerError, match="cut"):
        mirror.turn()
    assert len(store.index.instances()) == 2
    server.breaks_after = None
    assert mirror.turn() == 1
    assert server.fetched == [4, 2]
    assert len(store.index.instances()) == 4


def test_half_a_study_is_not_handed_out_however_long_the_line_is_broken(scene, tmp_path):
    server, store, mirror, now = scene
    with closing(StudyStore(tmp_path / "records.sqlite")) as records:
        studies = OpenStudies(store, records, lambda: now[0])
        mirror.turn()
        now[0] += 11
        server.breaks_after = 2
        with pytest.raises(ServerError, match="cut"):
            mirror.turn()
        studies.look()
        now[0] += 10_000
        assert len(studies) == 1
        assert studies.due(10.0, time.time()) == []
        # After a kill as well; but not for ever.
        again = OpenStudies(store, records, lambda: now[0])
        again.look()
        now[0] += 11
        assert again.due(10.0, time.time()) == []
        assert len(again.due(10.0, time.time() + 90_000)) == 1
        server.breaks_after = None
        assert mirror.turn() == 1
        studies.look()
        now[0] += 11
        [study] = studies.due(10.0, time.time())
        assert len(studies.images(study)) == 4


def test_what_was_processed_or_has_no_ct_is_left_there(scene):
    server, _, mirror, now = scene
    server.records = {one.study_instance_uid for one in server.studies(None)}
    mirror.turn()
    now[0] += 11
    assert mirror.turn() == 0
    server.records, server.modalities = set(), ("MR",)
    assert mirror.turn() == 0
    assert server.fetched == []


def test_axial_series_made_here_are_no_new_images(scene, tmp_path):
    """What was made of a tilted series lies in the same study; it is neither fetched nor done."""
    server, store, mirror, now = scene
    first = pydicom.dcmread(server.files[0])
    first.SeriesInstanceUID = axial_series_uid(first.SeriesInstanceUID)
    first.SOPInstanceUID = first.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    path = tmp_path / "derived.dcm"
    first.save_as(path)
    server.files.append(path)
    mirror.turn()
    now[0] += 11
    assert mirror.turn() == 1
    assert server.fetched == [4]
    with closing(StudyStore(tmp_path / "records.sqlite")) as records:
        studies = OpenStudies(store, records, lambda: now[0])
        studies.look()
        now[0] += 11
        [before] = studies.due(10.0, time.time())
        uids = uids_of(first)
        assert uids is not None
        assert store.keep(first, uids, path.read_bytes()) == "stored"
        studies.look()
        [after] = studies.due(10.0, time.time())
        assert after.fingerprint == before.fingerprint
        assert len(studies.images(after)) == 4


def test_images_that_are_refused_are_said(scene, tmp_path):
    server, _, _, now = scene
    with InstanceStore(tmp_path / "full", StoreLimits(keep_free_mb=10**9)) as full:
        mirror = Mirror(server, full, 0.0, 0, lambda: now[0])
        with pytest.raises(ServerError, match=r"4 of 4 images .*no room"):
            mirror.turn()


def test_images_of_another_study_are_not_taken(scene, tmp_path):
    server, store, mirror, now = scene
    strange = ct_study(tmp_path / "other", 2)
    honest = server.fetch
    server.fetch = lambda wanted, keep: keep(pydicom.dcmread(strange[0]), strange[0].read_bytes())
    mirror.turn()
    now[0] += 11
    with pytest.raises(ServerError, match="not of the study"):
        mirror.turn()
    assert store.index.instances() == []
    server.fetch = honest
    assert mirror.turn() == 1


class Feed:
    """Tells what it is given, once."""

    def __init__(self) -> None:
        self.news: list[str] = []
        self.anew = False

    def skip(self) -> None:
        self.news, self.anew = [], False

    def changed(self):
        news, self.news = tuple(self.news), []
        return None if self.anew else news


@pytest.fixture
def fed(scene):
    server, store, _, now = scene
    feed = Feed()
    return server, feed, Mirror(server, store, 10.0, 0, lambda: now[0], feed=feed), now


def test_with_a_feed_only_what_grows_is_asked_for(fed):
    server, feed, mirror, now = fed
    [study] = {one.study_instance_uid for one in server.studies(None)}
    server.asked.clear()
    late = server.files.pop()
    mirror.turn()
    now[0] += 9
    # Nothing is told while more comes; it is no quiet study for that.
    server.files.append(late)
    assert mirror.turn() == 0
    now[0] += 9
    assert mirror.turn() == 0
    now[0] += 2
    assert mirror.turn() == 1
    assert server.fetched == [4]
    assert server.asked == ["", study, study, study]
    for _ in range(5):
        assert mirror.turn() == 0
    assert len(server.asked) == 4
    feed.news = [study]
    mirror.turn()
    assert server.asked[4:] == [study]


def test_news_outlive_a_server_that_is_away(fed, tmp_path):
    server, feed, mirror, now = fed
    files, server.files = server.files, []
    mirror.turn()
    server.files = files
    feed.news = [str(pydicom.dcmread(files[0]).StudyInstanceUID)]
    server.breaks_in = 2
    with pytest.raises(ServerError, match="away"):
        mirror.turn()
    mirror.turn()
    now[0] += 11
    assert mirror.turn() == 1


def test_a_feed_that_begins_anew_and_an_old_listing_list_all_again(fed):
    server, feed, mirror, now = fed
    files, server.files = server.files, []
    mirror.turn()
    feed.anew = True
    mirror.turn()
    assert server.asked == ["", ""]
    server.files = files
    now[0] += 601
    mirror.turn()
    assert server.asked == ["", "", ""]
    now[0] += 11
    assert mirror.turn() == 1
