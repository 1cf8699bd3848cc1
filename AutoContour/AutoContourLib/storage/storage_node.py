"""A DICOM node that receives and keeps: C-STORE, C-ECHO, storage commitment, TLS on request.

An instance is acknowledged after it lies on the disk under its final name; one that comes again
unchanged is acknowledged and not written, one that comes changed replaces nothing. Status codes
after PS3.4, annexes B.2.3 (storage) and J.3 (storage commitment).
"""

from __future__ import annotations

import hashlib
import logging
import re
import shutil
import ssl
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydicom.dataset import Dataset
from pynetdicom import AE, ALL_TRANSFER_SYNTAXES, AllStoragePresentationContexts, evt
from pynetdicom.sop_class import StorageCommitmentPushModel, Verification  # type: ignore[attr-defined]

from AutoContourLib.storage.commitment import COMMITTED_CLASS, committed, report_commitment
from AutoContourLib.storage.instance_index import InstanceIndex, StoredInstance, place_of
from AutoContourLib.storage.storage_settings import StorageSettings
from MedImageLib.errors import InputError
from MedImageLib.writing.atomic import finished_file

INDEX = ".index.sqlite"  # hidden: whoever watches the folder passes it over
SUCCESS, OUT_OF_RESOURCES = 0x0000, 0xA700
DOES_NOT_MATCH, CANNOT_UNDERSTAND = 0xA900, 0xC000
_UID = re.compile(r"[0-9.]{1,64}")
_MB = 10**6

logger = logging.getLogger(__name__)


class StorageNode:
    """A running server over one folder. `stop` ends it; use as a context manager.

    arrived: called with each stored instance, in the thread of its association.
    Raises InputError when the port or the certificate cannot be used.
    """

    def __init__(
        self,
        folder: Path,
        settings: StorageSettings | None = None,
        arrived: Callable[[StoredInstance], None] | None = None,
    ) -> None:
        self.settings = settings or StorageSettings()
        self.folder = folder
        self._arrived = arrived
        self._storing = threading.Lock()
        folder.mkdir(parents=True, exist_ok=True)
        self.index = InstanceIndex(folder / INDEX)
        self.index.make_again(folder, _now())
        self._entity = _entity(self.settings)
        address = (self.settings.host, self.settings.port)
        try:
            server = self._entity.start_server(
                address,
                block=False,
                ssl_context=_tls(self.settings),
                evt_handlers=[
                    (evt.EVT_C_STORE, self._store),
                    (evt.EVT_C_ECHO, lambda event: SUCCESS),
                    (evt.EVT_N_ACTION, self._commit),
                ],
            )
        except OSError as error:
            self.index.close()
            raise InputError(
                f"Port {self.settings.port} of {self.settings.host} cannot be used: {error}."
            ) from error
        assert server is not None
        self._server = server

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self._server.server_address[1])

    def stop(self) -> None:
        """End all associations; what was acknowledged stays."""
        self._server.shutdown()
        self._entity.shutdown()
        self.index.close()

    def __enter__(self) -> StorageNode:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _store(self, event: Any) -> int:
        """C-STORE: status after the instance lies on the disk, or why it does not."""
        try:
            content = event.encoded_dataset()
            uids = _uids(event.dataset)
        except Exception as error:  # whatever pydicom says of bytes from anywhere
            logger.warning("An instance could not be understood: %s", type(error).__name__)
            return CANNOT_UNDERSTAND
        if uids is None or uids[0] != str(event.request.AffectedSOPInstanceUID):
            return DOES_NOT_MATCH
        if shutil.disk_usage(self.folder).free < self.settings.keep_free_mb * _MB + len(content):
            return OUT_OF_RESOURCES
        # Two associations may bring one instance at a time.
        with self._storing:
            return self._keep(uids, content)

    def _keep(self, uids: tuple[str, str, str, str], content: bytes) -> int:
        there = self.index.find(uids[0])
        digest = hashlib.sha256(content).hexdigest()
        if there is not None and (self.folder / there.path).is_file():
            if there.sha256 != digest:
                logger.warning("An instance came again with other content; the first one stays.")
            return SUCCESS
        path = place_of(uids[3], uids[0])
        try:
            with finished_file(self.folder / path) as temporary:
                temporary.write_bytes(content)
            instance = StoredInstance(*uids, path, digest, _now())
            self.index.add(instance)
        except OSError as error:
            logger.warning("An instance could not be stored: %s", error.strerror)
            return OUT_OF_RESOURCES
        if self._arrived is not None:
            self._arrived(instance)
        return SUCCESS

    def _commit(self, event: Any) -> tuple[int, Dataset | None]:
        """N-ACTION of storage commitment: the answer follows as an event report."""
        if event.request.RequestedSOPClassUID != COMMITTED_CLASS or event.action_type != 1:
            return 0x0123, None  # no such action
        answer = committed(event.action_information, self.index, self.folder)
        title = str(event.assoc.requestor.ae_title).strip()
        to = self.settings.peer_addresses.get(title)
        threading.Thread(
            target=report_commitment,
            args=(answer, event.assoc, self._entity, title, to),
            daemon=True,
        ).start()
        return SUCCESS, None


def _entity(settings: StorageSettings) -> AE:
    entity = AE(ae_title=settings.ae_title)
    # Pixel data are kept as they come, in whatever way they are compressed.
    for context in AllStoragePresentationContexts:
        assert context.abstract_syntax is not None
        entity.add_supported_context(context.abstract_syntax, ALL_TRANSFER_SYNTAXES)
    entity.add_supported_context(Verification)
    entity.add_supported_context(StorageCommitmentPushModel)
    entity.require_called_aet = True
    entity.require_calling_aet = list(settings.allowed_titles)
    return entity


def _tls(settings: StorageSettings) -> ssl.SSLContext | None:
    if not settings.certificate:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(settings.certificate, settings.key)
        if settings.authority:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(settings.authority)
    except (OSError, ssl.SSLError) as error:
        raise InputError(
            f"The certificate {settings.certificate} cannot be used: {error}."
        ) from error
    return context


def _uids(dataset: Dataset) -> tuple[str, str, str, str] | None:
    """UIDs of instance, class, series, study; None when one is absent or is none."""
    names = ("SOPInstanceUID", "SOPClassUID", "SeriesInstanceUID", "StudyInstanceUID")
    found = [str(dataset.get(name, "")) for name in names]
    if not all(_UID.fullmatch(uid) for uid in found):
        return None
    return found[0], found[1], found[2], found[3]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")
