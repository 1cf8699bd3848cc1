"""Results go back to a DICOM server by C-STORE, so that other workstations find them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pydicom
from pynetdicom import AE

from AutoContourLib.study.source import ArrivedStudy
from AutoContourLib.study.worker import StudyWorker, SurroundingsError, WorkDone
from MedImageLib.errors import MedImageError
from MedImageLib.writing.atomic import finished_file

SENT_FILE = ".sent"
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


@dataclass(frozen=True)
class SendingWorker:
    """Processes a study by another worker, then sends what DICOM objects came of it.

    What could not be sent is tried again later; the study itself is not processed anew, since the
    worker finds its result unchanged. `.sent` beside a result holds what was taken.
    """

    worker: StudyWorker
    out: Path
    receiver: Receiver

    def process(self, study: ArrivedStudy) -> WorkDone:
        """As the worker; raises SurroundingsError when the receiver is away."""
        done = self.worker.process(study)
        if done.error or not done.folder:
            return done
        folder = self.out / done.folder
        fresh = [path for path in sorted(folder.rglob("*.dcm")) if _mark(path) not in _sent(folder)]
        try:
            send(fresh, self.receiver)
        except SendingError as error:
            raise SurroundingsError(f"The result is there but was not sent: {error}") from error
        with finished_file(folder / SENT_FILE) as temporary:
            marks = sorted(_sent(folder) | {_mark(path) for path in fresh})
            temporary.write_text("\n".join(marks) + "\n", "utf-8")
        return done


def _mark(path: Path) -> str:
    """Changes with the file: a result made anew is sent anew."""
    status = path.stat()
    return f"{path.name} {status.st_size} {status.st_mtime_ns}"


def _sent(folder: Path) -> set[str]:
    path = folder / SENT_FILE
    return set(path.read_text("utf-8").splitlines()) if path.is_file() else set()
