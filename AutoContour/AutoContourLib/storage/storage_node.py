"""A DICOM node that receives and keeps: C-STORE, C-ECHO, storage commitment, TLS on request.

An instance is acknowledged after the store holds it. Status codes after PS3.4, annexes B.2.3
(storage) and J.3 (storage commitment).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydicom.dataset import Dataset
from pynetdicom import AE, ALL_TRANSFER_SYNTAXES, AllStoragePresentationContexts, evt
from pynetdicom.sop_class import StorageCommitmentPushModel, Verification  # type: ignore[attr-defined]

from AutoContourLib.storage.audit import Audit
from AutoContourLib.storage.commitment import COMMITTED_CLASS, committed, report_commitment
from AutoContourLib.storage.connections import Connections
from AutoContourLib.storage.instance_index import InstanceIndex, StoredInstance
from AutoContourLib.storage.instance_store import InstanceStore, Kept, StoreLimits, uids_of
from AutoContourLib.storage.storage_settings import StorageSettings
from AutoContourLib.storage.tls import server_context
from MedImageLib.errors import InputError

SUCCESS, OUT_OF_RESOURCES = 0x0000, 0xA700
DOES_NOT_MATCH, CANNOT_UNDERSTAND = 0xA900, 0xC000
_STATUS: dict[Kept, int] = {
    "stored": SUCCESS,
    "there already": SUCCESS,
    "no room": OUT_OF_RESOURCES,
    "too large": OUT_OF_RESOURCES,
}

logger = logging.getLogger(__name__)


class StorageNode:
    """A running server over one folder. `stop` ends it; use as a context manager.

    arrived: called with each stored instance, in the thread of its association. audit: where
    accesses are noted. Raises InputError when the port or the certificate cannot be used.
    """

    def __init__(
        self,
        folder: Path,
        settings: StorageSettings | None = None,
        arrived: Callable[[StoredInstance], None] | None = None,
        audit: Audit | None = None,
    ) -> None:
        self.settings = settings or StorageSettings()
        limits = StoreLimits(self.settings.keep_free_mb, self.settings.max_study_mb)
        self.store = InstanceStore(folder, limits, arrived)
        self._connections = Connections(self.settings, audit)
        self._entity = _entity(self.settings)
        address = (self.settings.host, self.settings.port)
        try:
            server = self._entity.start_server(
                address,
                block=False,
                ssl_context=server_context(
                    self.settings.certificate, self.settings.key, self.settings.authority
                ),
                evt_handlers=[
                    (evt.EVT_C_STORE, self._store),
                    (evt.EVT_C_ECHO, self._echo),
                    (evt.EVT_N_ACTION, self._commit),
                    *self._connections.handlers(),
                ],
            )
        except OSError as error:
            self.store.close()
            raise InputError(
                f"Port {self.settings.port} of {self.settings.host} cannot be used: {error}."
            ) from error
        assert server is not None
        self._server = server

    @property
    def folder(self) -> Path:
        return self.store.folder

    @property
    def index(self) -> InstanceIndex:
        return self.store.index

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self._server.server_address[1])

    def stop(self) -> None:
        """End all associations; what was acknowledged stays."""
        self._server.shutdown()
        self._entity.shutdown()
        self.store.close()

    def __enter__(self) -> StorageNode:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _store(self, event: Any) -> int:
        """C-STORE: status after the instance lies on the disk, or why it does not."""
        status = self._stored(event)
        self._connections.count(event.assoc, "refused" if status else "stored")
        return status

    def _stored(self, event: Any) -> int:
        try:
            content = event.encoded_dataset()
            header = event.dataset
            uids = uids_of(header)
            if uids is None or uids[0] != str(event.request.AffectedSOPInstanceUID):
                return DOES_NOT_MATCH
            return _STATUS[self.store.keep(header, uids, content)]
        except Exception as error:  # whatever pydicom says of bytes from anywhere
            logger.warning("An instance could not be understood: %s", type(error).__name__)
            return CANNOT_UNDERSTAND

    def _echo(self, event: Any) -> int:
        self._connections.count(event.assoc, "echoes")
        return SUCCESS

    def _commit(self, event: Any) -> tuple[int, Dataset | None]:
        """N-ACTION of storage commitment: the answer follows as an event report."""
        if event.request.RequestedSOPClassUID != COMMITTED_CLASS or event.action_type != 1:
            return 0x0123, None  # no such action
        self._connections.count(event.assoc, "commitments")
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
    entity.maximum_associations = settings.max_associations
    entity.network_timeout = settings.silence_s
    entity.acse_timeout = entity.dimse_timeout = settings.silence_s
    entity.require_calling_aet = list(settings.allowed_titles)
    return entity
