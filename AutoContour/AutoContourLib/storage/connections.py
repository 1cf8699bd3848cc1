"""What a stranger may do to a connection of the DICOM node, and how each one is noted.

pynetdicom reads as many bytes as a PDU declares and waits for them as long as it takes. Here
a PDU has a largest size and a time, an object has a largest size, and each association ends in
one line of the audit.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from pynetdicom import evt
from pynetdicom.pdu import P_DATA_TF

from AutoContourLib.storage.audit import Audit
from AutoContourLib.storage.storage_settings import StorageSettings

# Ours is 16 kB; an association request with all classes and their syntaxes takes about 200 kB.
LARGEST_PDU_BYTES = 2**20
_MB = 10**6
_CHUNK = 65536


class Connections:
    """Guards and notes the associations of one node."""

    def __init__(self, settings: StorageSettings, audit: Audit | None) -> None:
        self._settings = settings
        self._audit = audit
        self._lock = threading.Lock()
        self._open: dict[Any, dict[str, float]] = {}

    def handlers(self) -> list[tuple[Any, Callable[[Any], None]]]:
        """To be given to pynetdicom's server."""
        return [
            (evt.EVT_CONN_OPEN, self._opened),
            (evt.EVT_PDU_RECV, self._received),
            (evt.EVT_REJECTED, lambda event: self._ended(event, "rejected")),
            (evt.EVT_RELEASED, lambda event: self._ended(event, "released")),
            (evt.EVT_ABORTED, lambda event: self._ended(event, "aborted")),
            (evt.EVT_CONN_CLOSE, lambda event: self._ended(event, "closed")),
        ]

    def count(self, association: Any, what: str) -> None:
        """One more thing that was done in an association; its object is complete."""
        with self._lock:
            facts = self._open.get(association)
            if facts is not None:
                facts[what] = facts.get(what, 0) + 1
                facts["bytes"] = 0

    def _opened(self, event: Any) -> None:
        with self._lock:
            self._open[event.assoc] = {"begin": time.monotonic(), "bytes": 0}
        wrapped = event.assoc.dul.socket
        if wrapped is not None and wrapped.socket is not None:
            wrapped.recv = _bounded(wrapped.socket, self._settings.silence_s)

    def _received(self, event: Any) -> None:
        if not isinstance(event.pdu, P_DATA_TF):
            return
        with self._lock:
            facts = self._open.get(event.assoc)
            if facts is None:
                return
            facts["bytes"] += event.pdu.pdu_length
            too_large = facts["bytes"] > self._settings.max_object_mb * _MB
            facts["cut off"] = float(too_large)
        if too_large:
            event.assoc.abort()

    def _ended(self, event: Any, how: str) -> None:
        with self._lock:
            facts = self._open.pop(event.assoc, None)
        if facts is None or self._audit is None:
            return
        who = event.assoc.requestor
        self._audit.note(
            "association",
            ended=how,
            title=str(who.ae_title or "").strip(),
            address=str(who.address or ""),
            seconds=round(time.monotonic() - facts["begin"], 3),
            **{key: value for key, value in facts.items() if key not in ("begin", "bytes")},
        )


def _bounded(connection: Any, silence_s: float) -> Callable[[int], bytearray]:
    """Reads exactly so many bytes, or raises OSError when they are too many or too slow."""

    def read(count: int) -> bytearray:
        if count > LARGEST_PDU_BYTES:
            raise OSError(f"a PDU of {count} bytes was announced")
        found = bytearray()
        end = time.monotonic() + silence_s
        while len(found) < count:
            left = end - time.monotonic()
            if left <= 0:
                raise TimeoutError("a PDU took too long")
            connection.settimeout(left)
            chunk = connection.recv(min(count - len(found), _CHUNK))
            if not chunk:
                break
            found.extend(chunk)
        connection.settimeout(silence_s)
        return found

    return read
