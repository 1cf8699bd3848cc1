"""Studies of another server come here by themselves: searched, and fetched once they are quiet.

What was processed before is told by the record of it in that server, so that nothing is fetched
or done twice although everything here was lost.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Protocol

from pydicom.dataset import Dataset

from AutoContourLib.contours.axial_series import made_here
from AutoContourLib.storage.instance_store import InstanceStore, uids_of
from AutoContourLib.storage.processing_record import record_series_uid
from AutoContourLib.storage.remote_server import (
    RemoteInstance,
    RemoteServer,
    RemoteStudy,
    ServerError,
)

# All are listed now and then although there is a feed, which tells nothing of what came while
# Orthanc was killed.
_LISTED_EVERY_S = 600.0


class Feed(Protocol):
    """Tells which studies of the server are new or have grown."""

    def skip(self) -> None:
        """Pass over all that was told until now. Raises ServerError."""
        ...

    def changed(self) -> tuple[str, ...] | None:
        """UIDs of studies that changed since the last call; None: all are to be listed again.
        Raises ServerError."""
        ...


@dataclass
class _Seen:
    """What a study looked like at the last look. done: nothing is left to fetch of that state."""

    instances: int
    since: float
    done: bool = False


class Mirror:
    """Keeps the store up with a server; call `turn` again and again.

    quiet_s: a study is complete when its number of instances stayed for so long. look_back_days:
    only studies of the last days are looked at; 0: all. feed: where there is one, studies are
    listed at the start and every ten minutes only.
    """

    def __init__(
        self,
        server: RemoteServer,
        store: InstanceStore,
        quiet_s: float,
        look_back_days: int,
        clock: Callable[[], float] = time.monotonic,
        today: Callable[[], date] = date.today,
        feed: Feed | None = None,
    ) -> None:
        self._server = server
        self._store = store
        self._quiet_s = quiet_s
        self._look_back_days = look_back_days
        self._clock = clock
        self._today = today
        self._feed = feed
        self._listed: float | None = None
        self._changed: set[str] = set()
        self._seen: dict[str, _Seen] = {}

    def turn(self) -> int:
        """Look once and fetch what is due; how many studies were fetched.

        Raises ServerError when the server is away; what has come by then stays, and the next turn
        goes on.
        """
        self._look()
        fetched = 0
        troubles = []
        for uid, seen in self._seen.items():
            if seen.done or self._clock() - seen.since < self._quiet_s:
                continue
            try:
                fetched += self._bring(uid)
                seen.done = True
            except ServerError as error:
                troubles.append(error)  # one bad study must not hold up the others
        if troubles:
            raise troubles[0]
        return fetched

    def _look(self) -> None:
        """See which studies with a CT are there, and how large they are."""
        since = None
        if self._look_back_days:
            since = self._today() - timedelta(days=self._look_back_days)
        if self._feed is not None:
            if self._listed is not None and self._clock() - self._listed < _LISTED_EVERY_S:
                changed = self._feed.changed()
                if changed is not None:
                    self._look_at(changed, since)
                    return
            self._feed.skip()  # before all are listed, so that nothing falls between
        found = self._server.studies(since)
        self._see(found)
        there = {study.study_instance_uid for study in found}
        self._seen = {uid: seen for uid, seen in self._seen.items() if uid in there}
        self._listed = self._clock()

    def _look_at(self, changed: Sequence[str], since: date | None) -> None:
        """Look at what has changed, and at what still may, not being quiet."""
        # Kept until it was looked at: the feed tells it once.
        self._changed.update(changed)
        growing = {uid for uid, seen in self._seen.items() if not seen.done}
        for uid in sorted(self._changed | growing):
            self._see(self._server.studies(since, uid))
            self._changed.discard(uid)

    def _see(self, studies: Sequence[RemoteStudy]) -> None:
        for study in studies:
            if study.modalities and "CT" not in study.modalities:
                continue
            seen = self._seen.get(study.study_instance_uid)
            if seen is None or seen.instances != study.instances:
                now = self._clock()
                self._seen[study.study_instance_uid] = _Seen(study.instances, now)

    def _bring(self, study_instance_uid: str) -> bool:
        """Whether images had to be fetched. Raises ServerError when some did not come."""
        images = self._server.images(study_instance_uid)
        ours = made_here(one.series_instance_uid for one in images)
        images = tuple(one for one in images if one.series_instance_uid not in ours)
        missing = self._missing(images)
        index = self._store.index
        if not missing:
            index.set_complete(study_instance_uid)
            return False
        record = record_series_uid(study_instance_uid, (one.sop_instance_uid for one in images))
        if self._server.has(study_instance_uid, record):
            index.set_complete(study_instance_uid)
            return False
        # A line that breaks now must not leave half a study that looks quiet.
        index.set_incomplete(study_instance_uid, time.time())
        refused: list[str] = []

        def keep(dataset: Dataset, content: bytes) -> None:
            uids = uids_of(dataset)
            if uids is None or uids[3] != study_instance_uid:
                refused.append("not of the study that was asked for")
                return
            kept = self._store.keep(dataset, uids, content)
            if kept not in ("stored", "there already"):
                refused.append(kept)

        self._server.fetch(missing, keep)
        left = self._missing(images)
        if left:
            why = f" ({refused[0]})" if refused else ""
            raise ServerError(f"{len(left)} of {len(images)} images of a study did not come{why}.")
        index.set_complete(study_instance_uid)
        return True

    def _missing(self, images: Sequence[RemoteInstance]) -> list[RemoteInstance]:
        index = self._store.index
        return [one for one in images if index.find(one.sop_instance_uid) is None]
