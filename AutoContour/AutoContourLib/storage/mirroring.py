"""Studies of another server come here by themselves: searched, and fetched once they are quiet.

What was processed before is told by the record of it in that server, so that nothing is fetched
or done twice although everything here was lost.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from pydicom.dataset import Dataset

from AutoContourLib.storage.instance_store import InstanceStore, uids_of
from AutoContourLib.storage.processing_record import record_series_uid
from AutoContourLib.storage.remote_server import RemoteInstance, RemoteServer, ServerError


@dataclass
class _Seen:
    """What a study looked like at the last look. done: nothing is left to fetch of that state."""

    instances: int
    since: float
    done: bool = False


class Mirror:
    """Keeps the store up with a server; call `turn` again and again.

    quiet_s: a study is complete when its number of instances stayed for so long. look_back_days:
    only studies of the last days are looked at; 0: all.
    """

    def __init__(
        self,
        server: RemoteServer,
        store: InstanceStore,
        quiet_s: float,
        look_back_days: int,
        clock: Callable[[], float] = time.monotonic,
        today: Callable[[], date] = date.today,
    ) -> None:
        self._server = server
        self._store = store
        self._quiet_s = quiet_s
        self._look_back_days = look_back_days
        self._clock = clock
        self._today = today
        self._seen: dict[str, _Seen] = {}

    def turn(self) -> int:
        """Look once and fetch what is due; how many studies were fetched.

        Raises ServerError when the server is away; what has come by then stays, and the next turn
        goes on.
        """
        since = None
        if self._look_back_days:
            since = self._today() - timedelta(days=self._look_back_days)
        found = self._server.studies(since)
        fetched = 0
        troubles = []
        for study in found:
            if study.modalities and "CT" not in study.modalities:
                continue
            now = self._clock()
            seen = self._seen.get(study.study_instance_uid)
            if seen is None or seen.instances != study.instances:
                seen = self._seen[study.study_instance_uid] = _Seen(study.instances, now)
            if seen.done or now - seen.since < self._quiet_s:
                continue
            try:
                fetched += self._bring(study.study_instance_uid)
                seen.done = True
            except ServerError as error:
                troubles.append(error)  # one bad study must not hold up the others
        listed = {study.study_instance_uid for study in found}
        self._seen = {uid: seen for uid, seen in self._seen.items() if uid in listed}
        if troubles:
            raise troubles[0]
        return fetched

    def _bring(self, study_instance_uid: str) -> bool:
        """Whether images had to be fetched. Raises ServerError when some did not come."""
        images = self._server.images(study_instance_uid)
        missing = self._missing(images)
        if not missing:
            return False
        record = record_series_uid(study_instance_uid, (one.sop_instance_uid for one in images))
        if self._server.has(study_instance_uid, record):
            return False
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
        return True

    def _missing(self, images: Sequence[RemoteInstance]) -> list[RemoteInstance]:
        index = self._store.index
        return [one for one in images if index.find(one.sop_instance_uid) is None]
