"""Storage commitment: the promise that instances lie safely here (PS3.4, annex J).

A sender may delete its own copies after it, so that an instance counts only when its file is there
and unchanged.
"""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import Any

from pydicom.dataset import Dataset
from pynetdicom import AE
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    StorageCommitmentPushModel,
    StorageCommitmentPushModelInstance,
)

from AutoContourLib.storage.instance_index import InstanceIndex, file_digest

COMMITTED_CLASS = StorageCommitmentPushModel
ALL_COMMITTED, SOME_FAILED = 1, 2
_NO_SUCH_INSTANCE, _CLASS_CONFLICT, _PROCESSING_FAILURE = 0x0112, 0x0119, 0x0110
_SETTLED_S = 0.2  # the answer to the request goes first

logger = logging.getLogger(__name__)


def committed(request: Dataset, index: InstanceIndex, folder: Path) -> Dataset:
    """The event information for a request: what is safe and what is not, with the reason."""
    answer = Dataset()
    answer.TransactionUID = request.get("TransactionUID", "")
    safe: list[Dataset] = []
    failed: list[Dataset] = []
    for wanted in request.get("ReferencedSOPSequence", []):
        item = Dataset()
        item.ReferencedSOPClassUID = wanted.ReferencedSOPClassUID
        item.ReferencedSOPInstanceUID = wanted.ReferencedSOPInstanceUID
        reason = _reason_against(item, index, folder)
        if reason:
            item.FailureReason = reason
        (failed if reason else safe).append(item)
    if safe:
        answer.ReferencedSOPSequence = safe
    if failed:
        answer.FailedSOPSequence = failed
    return answer


def _reason_against(item: Dataset, index: InstanceIndex, folder: Path) -> int:
    there = index.find(str(item.ReferencedSOPInstanceUID))
    if there is None or not (folder / there.path).is_file():
        return _NO_SUCH_INSTANCE
    if there.sop_class_uid != str(item.ReferencedSOPClassUID):
        return _CLASS_CONFLICT
    return 0 if file_digest(folder / there.path) == there.sha256 else _PROCESSING_FAILURE


def report_commitment(
    answer: Dataset, association: Any, entity: AE, title: str, to: tuple[str, int] | None
) -> None:
    """Send the event report: over a new association where the sender's address is known, else
    over the one of the request while it lasts."""
    kind = SOME_FAILED if "FailedSOPSequence" in answer else ALL_COMMITTED
    time.sleep(_SETTLED_S)
    own = None
    try:
        if to is not None:
            own = AE(ae_title=entity.ae_title)
            own.add_requested_context(StorageCommitmentPushModel)
            association = own.associate(*to, ae_title=title, ext_neg=[_as_provider()])
        if association.is_established:
            association.send_n_event_report(
                answer, kind, StorageCommitmentPushModel, StorageCommitmentPushModelInstance
            )
        else:
            logger.warning("A commitment could not be reported: the sender does not answer.")
    except Exception as error:
        logger.warning("A commitment could not be reported: %s", type(error).__name__)
    finally:
        if own is not None and association.is_established:
            association.release()


def _as_provider() -> Any:
    """Who reports is the provider of the service, although it opens the association."""
    from pynetdicom import build_role

    return build_role(StorageCommitmentPushModel, scp_role=True)
