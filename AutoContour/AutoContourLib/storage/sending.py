"""Results go back to a DICOM server by C-STORE, so that other workstations find them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pydicom
from pynetdicom import AE

from MedImageLib.errors import MedImageError

_WARNINGS = range(0xB000, 0xC000)  # stored, with a remark (PS3.4, annex B.2.3)


class SendingError(MedImageError):
    """The other server could not be reached or did not take an object."""


@dataclass(frozen=True)
class Receiver:
    """A server that takes objects, and the name that we call ourselves."""

    title: str
    host: str
    port: int
    own_title: str = "MEDIMAGE"


def send(files: Sequence[Path], receiver: Receiver) -> int:
    """Send DICOM files; how many. Raises SendingError, naming file and status, at the first that
    is not taken."""
    if not files:
        return 0
    entity = AE(ae_title=receiver.own_title)
    objects = [pydicom.dcmread(path) for path in files]
    for kind in {(one.SOPClassUID, one.file_meta.TransferSyntaxUID) for one in objects}:
        entity.add_requested_context(*kind)
    where = f"{receiver.title} at {receiver.host}:{receiver.port}"
    association = entity.associate(receiver.host, receiver.port, ae_title=receiver.title)
    if not association.is_established:
        raise SendingError(f"{where} does not answer or refuses us.")
    try:
        for path, one in zip(files, objects, strict=True):
            try:
                status = association.send_c_store(one).get("Status")
            except (RuntimeError, ValueError) as error:
                raise SendingError(f"{where} does not take {path.name}: {error}") from error
            if status is None or (status != 0 and status not in _WARNINGS):
                shown = "no answer" if status is None else f"status {status:04X}"
                raise SendingError(f"{where} did not take {path.name}: {shown}.")
    finally:
        if association.is_established:
            association.release()
    return len(files)
