"""Orthanc's feed of changes: which studies are new or have grown, without listing all of them.

The feed is numbered; `skip` goes to its end, `changed` tells what came since. An Orthanc that was
emptied or replaced counts anew, which is told, so that all is listed once more.
"""

from __future__ import annotations

from typing import Any

from AutoContourLib.storage.dicomweb import answered, private_session

# A study that has grown becomes stable once more, a while after its last instance came.
_KINDS = ("NewStudy", "StableStudy")
_PAGE = 1000


class ChangesFeed:
    """url: root of Orthanc's own interface. secret, authority: as of `DicomWebServer`."""

    def __init__(
        self, url: str, secret: str = "", authority: str = "", timeout_s: float = 60.0
    ) -> None:
        self._url = url.rstrip("/")
        self._session = private_session(secret, authority)
        self._timeout_s = timeout_s
        self._mark = 0

    def skip(self) -> None:
        """Pass over all that was told until now. Raises ServerError when nobody answers."""
        with answered():
            self._mark = self._last()

    def changed(self) -> tuple[str, ...] | None:
        """UIDs of studies that are new or have grown since the last call; None when the feed
        began anew. Raises ServerError when nobody answers; nothing is passed over then."""
        with answered():
            last = self._last()
            if last < self._mark:
                return None
            mark, found = self._mark, dict[str, None]()
            while mark < last:
                page = self._get(f"/changes?since={mark}&limit={_PAGE}")
                for one in page["Changes"]:
                    if one["ChangeType"] in _KINDS:
                        found[str(one["ID"])] = None
                if int(page["Last"]) <= mark:
                    break
                mark = int(page["Last"])
            uids = tuple(filter(None, map(self._study, found)))
        self._mark = mark
        return uids

    def _last(self) -> int:
        return int(self._get("/changes?last")["Last"])

    def _study(self, name: str) -> str:
        """UID of the study that Orthanc calls so; empty when it was deleted."""
        found = self._get(f"/studies/{name}", missing={})
        return str(found.get("MainDicomTags", {}).get("StudyInstanceUID", ""))

    def _get(self, path: str, missing: Any = None) -> Any:
        answer = self._session.get(self._url + path, timeout=self._timeout_s)
        if answer.status_code == 404 and missing is not None:
            return missing
        answer.raise_for_status()
        return answer.json()
