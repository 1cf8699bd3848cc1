"""Hands studies out to workers and writes down how each one ended.

The newest planning CT goes first, one study at a time for each patient. A study that failed is
tried again later, then parked with the reason. What is written down is true at every moment, so
that whatever is killed, the next start goes on.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from AutoContourLib.storage.delivery import Owed
from AutoContourLib.storage.instance_index import StoredInstance
from AutoContourLib.storage.open_studies import OpenStudies, OpenStudy
from AutoContourLib.study.expected_count import missing_instances
from AutoContourLib.study.source import ArrivedStudy
from AutoContourLib.study.store import StudyRecord, StudyStore
from AutoContourLib.study.watch import record_after
from AutoContourLib.study.watch_settings import WatchSettings
from AutoContourLib.study.worker import UNFIT, SurroundingsError, WorkDone, work_done
from MedImageLib.batch.cases import Case, Found, cases_of, of_studies
from MedImageLib.batch.run import Row
from MedImageLib.batch.standing import StandingBatch
from MedImageLib.errors import MedImageError
from MedImageLib.reading.scan import SeriesSummary, scan_folder

PROCESSED_BEFORE = "processed before; the results are in the server"
FETCHING = "waiting for the rest of it from the server"


@dataclass(frozen=True)
class _InWork:
    """A study with a worker. owed: what is to be delivered once its folder is known."""

    study: OpenStudy
    owed: Owed


@dataclass(frozen=True)
class Surroundings:
    """What the dispatcher asks and tells, other than its studies and workers.

    owe: called with each result in place. processed_before: asks whether images (study UID, their
    UIDs, content hash) were processed by whomever; raises a MedImageError when nobody answers.
    now: epoch s.
    """

    owe: Callable[[Owed], None] = lambda result: None
    processed_before: Callable[[str, Sequence[str], str], bool] = lambda *images: False
    now: Callable[[], float] = time.time
    say: Callable[[str], None] = print


class Dispatcher:
    """Between the studies of a store and the workers; call `turn` again and again.

    folder: of the store.
    """

    def __init__(
        self,
        folder: Path,
        studies: OpenStudies,
        records: StudyStore,
        batch: StandingBatch,
        settings: WatchSettings,
        surroundings: Surroundings = Surroundings(),
    ) -> None:
        self._folder = folder
        self._studies = studies
        self._records = records
        self._batch = batch
        self._settings = settings
        self._around = surroundings
        self._in_work: dict[str, _InWork] = {}
        self._trouble = ""

    def turn(self) -> int:
        """Take back what has ended and hand out what is due; how many studies are left."""
        try:
            self._gather()
            self._studies.look()
            self._hand_out()
            self._trouble = ""
        except (OSError, sqlite3.Error, MedImageError) as error:
            # A full disk, a cluster or a server that is away: the next turn tries again.
            self._tell_trouble(error)
            return len(self._studies) + 1
        return len(self._studies)

    def _gather(self) -> None:
        try:
            finished = self._batch.finished()
        except MedImageError:
            for name in list(self._in_work):
                self._again(self._in_work.pop(name).study, "the cluster was lost", 0.0)
            raise
        for name, rows in finished.items():
            self._ended(self._in_work.pop(name), rows)

    def _hand_out(self) -> None:
        for study in self._studies.held(self._around.now()):
            record = self._record(study)
            if record.state == "waiting" and record.reason != FETCHING:
                self._put(study, replace(record, reason=FETCHING))
        due = self._studies.due(self._settings.quiet_s, self._around.now())
        busy = {one.study.patient_key for one in self._in_work.values()} - {""}
        room = self._batch.room()
        for study in due:
            if room <= 0:
                return
            # A study that changed while it is in work waits for the end of that.
            if study.patient_key in busy or study.key in self._in_work:
                continue
            if self._begin(study):
                room -= 1
                busy.add(study.patient_key)
                busy.discard("")

    def _begin(self, study: OpenStudy) -> bool:
        """Whether a worker has begun with it."""
        images = self._studies.images(study)
        summaries = scan_folder(self._folder / study.key)
        quiet_s = self._studies.quiet_s(study)
        if quiet_s < self._settings.missing_s:
            arrived = ArrivedStudy(study.key, summaries, study.fingerprint, quiet_s)
            missing = missing_instances(arrived)
            if missing:
                reason = f"waiting for {missing} instances that the study tells of"
                self._again(study, reason, self._settings.poll_s)
                return False
        found = _one_study(summaries, self._settings.screening)
        case = next((one for one in found.cases if one.level == "study"), None)
        if case is None:
            self._park(study, UNFIT)
            return False
        owed = self._owed(study, images, case)
        if not self._batch.knows(case):
            try:
                before = self._around.processed_before(
                    study.study_instance_uid, owed.instance_uids, case.sha256
                )
            except MedImageError as error:
                self._again(study, str(error), self._settings.retry_s)
                return False
            if before:
                record = self._record(study)
                self._put(study, replace(record, state="done", reason=PROCESSED_BEFORE))
                self._studies.close(study)
                return False
        self._records.put(replace(self._record(study), state="working"))
        try:
            rows = self._batch.begin(study.key, found)
        except (OSError, sqlite3.Error, MedImageError) as error:
            self._again(study, " ".join(str(error).split()), self._settings.retry_s)
            return False
        self._in_work[study.key] = _InWork(study, owed)
        if rows is None:
            return True
        self._ended(self._in_work.pop(study.key), rows)
        return False

    def _owed(self, study: OpenStudy, images: Sequence[StoredInstance], case: Case) -> Owed:
        uids = tuple(one.sop_instance_uid for one in images)
        source = next((one for one in images if one.modality == "CT"), images[0])
        return Owed("", case.sha256, str((self._folder / source.path).resolve()), uids)

    def _ended(self, work: _InWork, rows: Sequence[Row]) -> None:
        study = work.study
        try:
            done = work_done(rows)
        except SurroundingsError as error:
            self._again(study, str(error), self._settings.retry_s)
            return
        if done.error == UNFIT:
            self._park(study, UNFIT)
            return
        if done.folder:
            # Owed before it is called done: a kill in between finds the result again and owes it.
            self._around.owe(replace(work.owed, folder=done.folder))
        self._settle(study, done)

    def _settle(self, study: OpenStudy, done: WorkDone) -> None:
        record = record_after(self._record(study), done, self._settings, self._around.now())
        self._put(study, record)
        if record.state != "waiting":
            self._studies.close(study)

    def _park(self, study: OpenStudy, reason: str) -> None:
        """What no other try can change."""
        self._put(study, replace(self._record(study), state="parked", reason=reason))
        self._studies.close(study)

    def _again(self, study: OpenStudy, reason: str, wait_s: float) -> None:
        """The study is not to blame; nothing is counted against it."""
        not_before = self._around.now() + wait_s
        known = self._record(study)
        record = replace(known, state="waiting", reason=reason, not_before=not_before)
        if (known.state, known.reason) == (record.state, reason):
            self._records.put(record)  # said before
        else:
            self._put(study, record)

    def _record(self, study: OpenStudy) -> StudyRecord:
        record = self._records.record(study.key)
        return record or StudyRecord(study.key, study.fingerprint, "waiting")

    def _put(self, study: OpenStudy, record: StudyRecord) -> None:
        """Write down how it ended; of a study that changed meanwhile, only where its result is."""
        if record.fingerprint != study.fingerprint:
            record = replace(record, state="waiting", attempts=0, reason="", not_before=0.0)
        self._records.put(record)
        self._around.say(f"{study.key[:12]}: {record.state} {record.reason or record.folder}")

    def _tell_trouble(self, error: Exception) -> None:
        text = " ".join(str(error).split())
        if text != self._trouble:
            self._around.say(f"Waiting: {text}")
        self._trouble = text


def _one_study(summaries: Sequence[SeriesSummary], screening: bool) -> Found:
    """The images of a study as one case, and each series as one where they are screened; what else
    lies there is no part of its content."""
    return of_studies(cases_of(one for one in summaries if one.kind == "image"), screening)
