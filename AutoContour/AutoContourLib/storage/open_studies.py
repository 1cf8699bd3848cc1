"""Which studies of the store are still to be processed, and in which order.

Only what has changed since the last look is looked at, so that a store of a million instances
costs no more than one of a hundred. A study is known by the content of its images: results that
come back, and an index made anew, change nothing.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass

from AutoContourLib.contours.axial_series import made_here
from AutoContourLib.storage.instance_index import StoredInstance, digest_of
from AutoContourLib.storage.instance_store import InstanceStore
from AutoContourLib.storage.remote_server import IMAGE_MODALITIES
from AutoContourLib.study.store import StudyRecord, StudyStore

_LONGEST_FETCH_S = 86_400.0


@dataclass(frozen=True)
class OpenStudy:
    """A study to be processed.

    key: hash that stands for its UID. fingerprint: of its images' content. patient_key: hash, or
    empty. newest_ct: YYYYMMDDHHMMSS of its newest CT, or empty. since: when it last changed, by
    the clock given.
    """

    key: str
    study_instance_uid: str
    fingerprint: str
    patient_key: str
    newest_ct: str
    since: float


class OpenStudies:
    """The studies of a store that the records do not call done or parked."""

    def __init__(
        self,
        store: InstanceStore,
        records: StudyStore,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._records = records
        self._clock = clock
        self._mark = 0
        self._open: dict[str, OpenStudy] = {}

    def __len__(self) -> int:
        return len(self._open)

    def look(self) -> None:
        """Take note of what has arrived since the last look."""
        mark, changed = self._store.index.changed_since(self._mark)
        for uid in changed:
            self._note(uid)
        self._mark = mark

    def due(self, quiet_s: float, now: float) -> list[OpenStudy]:
        """Studies that may be begun, the one with the newest CT first. now: epoch s.

        A study of which more is being fetched may not, for a day at most: by then the server that
        has the rest of it has lost it.
        """
        clock = self._clock()
        held = self.held(now)
        found = []
        for study in self._open.values():
            if study in held:
                continue
            record = self._records.record(study.key)
            if clock - study.since < quiet_s or record is None:
                continue
            if record.state == "waiting" and record.not_before <= now:
                found.append(study)
        found.sort(key=lambda one: one.since)
        return sorted(found, key=lambda one: one.newest_ct, reverse=True)

    def held(self, now: float) -> list[OpenStudy]:
        """Studies of which more is being fetched. now: epoch s."""
        fetching = self._store.index.incomplete_since(now - _LONGEST_FETCH_S)
        return [one for one in self._open.values() if one.study_instance_uid in fetching]

    def quiet_s(self, study: OpenStudy) -> float:
        """For how long nothing of it has changed."""
        return self._clock() - study.since

    def images(self, study: OpenStudy) -> list[StoredInstance]:
        """The images of a study as they are now, sorted by UID."""
        return _images(self._store.index.of_study(study.study_instance_uid))

    def close(self, study: OpenStudy) -> None:
        """The study needs no more work, unless it has changed meanwhile."""
        if self._open.get(study.key) == study:
            del self._open[study.key]

    def _note(self, uid: str) -> None:
        images = _images(self._store.index.of_study(uid))
        if not images:
            return
        key = digest_of(uid)
        lines = "\n".join(one.sha256 for one in images)
        fingerprint = hashlib.sha256(lines.encode()).hexdigest()
        record = self._records.record(key)
        if record is None or record.fingerprint != fingerprint:
            folder = record.folder if record else ""
            record = StudyRecord(key, fingerprint, "waiting", folder=folder)
            self._records.put(record)
        if record.state in ("done", "parked"):
            return
        known = self._open.get(key)
        if known is not None and known.fingerprint == fingerprint:
            return
        patients = sorted({one.patient_key for one in images if one.patient_key})
        self._open[key] = OpenStudy(
            key,
            uid,
            fingerprint,
            patients[0] if patients else "",
            max([one.acquired for one in images if one.modality == "CT"], default=""),
            self._clock(),
        )


def _images(instances: list[StoredInstance]) -> list[StoredInstance]:
    ours = made_here(one.series_instance_uid for one in instances)
    return [
        one
        for one in instances
        if one.modality in IMAGE_MODALITIES and one.series_instance_uid not in ours
    ]
