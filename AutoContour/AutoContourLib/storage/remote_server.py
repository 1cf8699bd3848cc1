"""A DICOM server of others, as the contour server sees it: search, fetch, store.

Two kinds stand behind it: DICOMweb (`dicomweb.py`) and the older query and retrieve
(`query_retrieve.py`). Whoever asks never knows which.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from pydicom.dataset import Dataset

from MedImageLib.errors import MedImageError, SettingsError

IMAGE_MODALITIES = ("CT", "MR", "PT")


class ServerError(MedImageError):
    """The other server could not be reached, refused, or answered with nonsense."""


@dataclass(frozen=True)
class RemoteStudy:
    """A study there. modalities: empty when the server does not tell. instances: 0 likewise."""

    study_instance_uid: str
    modalities: tuple[str, ...]
    instances: int


@dataclass(frozen=True)
class RemoteInstance:
    """An instance there."""

    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str
    modality: str


class RemoteServer(Protocol):
    """What a server can be asked. Every call raises ServerError when it does not answer well."""

    def studies(self, since: date | None, only: str = "") -> tuple[RemoteStudy, ...]:
        """Studies of that day and later; all without one. only: UID of the one that is meant."""
        ...

    def images(self, study_instance_uid: str) -> tuple[RemoteInstance, ...]:
        """CT, MR and PET instances of a study, sorted by UID."""
        ...

    def has(self, study_instance_uid: str, series: str, instance: str = "") -> bool:
        """Whether the study has that series and, where one is named, that instance in it."""
        ...

    def fetch(
        self, wanted: Sequence[RemoteInstance], keep: Callable[[Dataset, bytes], None]
    ) -> None:
        """Bring instances of one study. keep: called with each data set and its whole file, unless
        the server sends them to our storage node instead."""
        ...

    def store(self, files: Sequence[Path]) -> None:
        """Store DICOM files there; raises ServerError at the first that is not taken."""
        ...


@dataclass(frozen=True)
class ServerAddress:
    """kind: `web` or `query`. address: URL of `web`; host of `query`, with title and port.

    way: how `query` brings images: `get` over our own association, `move` to our storage node.
    """

    kind: str
    address: str
    title: str = ""
    port: int = 0
    way: str = "get"


def server_address(text: str) -> ServerAddress:
    """Of `https://host/dicom-web`, `dicom://TITLE@host:port` or `dicom://TITLE@host:port/move`.

    Raises SettingsError for anything else, and for a URL that holds a password.

    >>> server_address("dicom://PACS@10.0.0.7:104/move")
    ServerAddress(kind='query', address='10.0.0.7', title='PACS', port=104, way='move')
    """
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise SettingsError(f"store: {text!r} is no address ({error}).") from error
    if parts.scheme in ("http", "https") and parts.hostname:
        if parts.username or parts.password:
            raise SettingsError(
                "store: no password in the address, where others can read it; put it into a file "
                "and name that (--store-secret)."
            )
        return ServerAddress("web", text.rstrip("/"))
    way = parts.path.strip("/") or "get"
    named = parts.scheme == "dicom" and parts.hostname and parts.username and port
    if named and way in ("get", "move"):
        title = unquote(parts.username or "")
        return ServerAddress("query", parts.hostname or "", title, port or 0, way)
    raise SettingsError(
        f"store: {text!r} is neither https://HOST/dicom-web nor dicom://TITLE@HOST:PORT[/move]."
    )
