"""A server with the older services: C-FIND to search, C-GET or C-MOVE to fetch, C-STORE to store.

Study Root (PS3.4, annex C). With C-MOVE the server sends to our own storage node, whose title and
port it must know.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from pydicom.dataset import Dataset
from pydicom.filewriter import dcmwrite
from pynetdicom import AE, build_role, evt
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    CTImageStorage,
    EnhancedCTImageStorage,
    EnhancedMRImageStorage,
    EnhancedPETImageStorage,
    MRImageStorage,
    PositronEmissionTomographyImageStorage,
    StudyRootQueryRetrieveInformationModelFind,
    StudyRootQueryRetrieveInformationModelGet,
    StudyRootQueryRetrieveInformationModelMove,
)

from AutoContourLib.storage.remote_server import (
    IMAGE_MODALITIES,
    RemoteInstance,
    RemoteStudy,
    ServerAddress,
    ServerError,
)
from AutoContourLib.storage.sending import Receiver, SendingError, send

_FIND = StudyRootQueryRetrieveInformationModelFind
_GET = StudyRootQueryRetrieveInformationModelGet
_MOVE = StudyRootQueryRetrieveInformationModelMove
_IMAGES = (
    CTImageStorage,
    MRImageStorage,
    PositronEmissionTomographyImageStorage,
    EnhancedCTImageStorage,
    EnhancedMRImageStorage,
    EnhancedPETImageStorage,
)
_PENDING = (0xFF00, 0xFF01)
_SUCCESS, _FAILED_TO_KEEP = 0x0000, 0xA700


class QueryServer:
    """own_title: how we call ourselves, and of the storage node that C-MOVE sends to."""

    def __init__(
        self, address: ServerAddress, own_title: str = "MEDIMAGE", timeout_s: float = 60.0
    ) -> None:
        self._there = address
        self._own_title = own_title
        self._timeout_s = timeout_s

    def studies(self, since: date | None, only: str = "") -> tuple[RemoteStudy, ...]:
        asked = _asked("STUDY", StudyInstanceUID=only, ModalitiesInStudy="")
        asked.NumberOfStudyRelatedInstances = ""
        asked.StudyDate = f"{since:%Y%m%d}-" if since else ""
        return tuple(
            RemoteStudy(
                str(one.StudyInstanceUID),
                tuple(_values(one.get("ModalitiesInStudy"))),
                int(one.get("NumberOfStudyRelatedInstances") or 0),
            )
            for one in self._find(asked)
        )

    def images(self, study_instance_uid: str) -> tuple[RemoteInstance, ...]:
        asked = _asked(
            "SERIES", StudyInstanceUID=study_instance_uid, SeriesInstanceUID="", Modality=""
        )
        found = []
        for series in self._find(asked):
            if series.get("Modality") not in IMAGE_MODALITIES:
                continue
            uid, modality = str(series.SeriesInstanceUID), str(series.Modality)
            below = _asked("IMAGE", StudyInstanceUID=study_instance_uid, SeriesInstanceUID=uid)
            below.SOPInstanceUID = ""
            for one in self._find(below):
                found.append(
                    RemoteInstance(study_instance_uid, uid, str(one.SOPInstanceUID), modality)
                )
        return tuple(sorted(found, key=lambda one: one.sop_instance_uid))

    def has(self, study_instance_uid: str, series: str, instance: str = "") -> bool:
        level = "IMAGE" if instance else "SERIES"
        asked = _asked(level, StudyInstanceUID=study_instance_uid, SeriesInstanceUID=series)
        if instance:
            asked.SOPInstanceUID = instance
        return bool(self._find(asked))

    def fetch(
        self, wanted: Sequence[RemoteInstance], keep: Callable[[Dataset, bytes], None]
    ) -> None:
        by_series: dict[str, list[str]] = {}
        for one in wanted:
            by_series.setdefault(one.series_instance_uid, []).append(one.sop_instance_uid)
        study = wanted[0].study_instance_uid
        for series, instances in by_series.items():
            asked = _asked("IMAGE", StudyInstanceUID=study, SeriesInstanceUID=series)
            asked.SOPInstanceUID = instances
            if self._there.way == "move":
                with self._association([_MOVE]) as association:
                    _finish(association.send_c_move(asked, self._own_title, _MOVE))
            else:
                with self._association([_GET, *_IMAGES], keep) as association:
                    _finish(association.send_c_get(asked, _GET))

    def store(self, files: Sequence[Path]) -> None:
        there = self._there
        try:
            send(files, Receiver(there.title, there.address, there.port, self._own_title))
        except SendingError as error:
            raise ServerError(str(error)) from error

    def _find(self, asked: Dataset) -> list[Dataset]:
        found = []
        with self._association([_FIND]) as association:
            for status, answer in association.send_c_find(asked, _FIND):
                if "Status" not in status:
                    raise ServerError(f"{self._name} broke off while it was asked.")
                if status.Status in _PENDING and answer is not None:
                    found.append(answer)
                elif status.Status != _SUCCESS:
                    raise ServerError(f"{self._name} answered with status {status.Status:04X}.")
        return found

    @property
    def _name(self) -> str:
        return f"{self._there.title} at {self._there.address}:{self._there.port}"

    @contextmanager
    def _association(
        self, classes: Sequence[Any], keep: Callable[[Dataset, bytes], None] | None = None
    ) -> Iterator[Any]:
        entity = AE(ae_title=self._own_title)
        entity.network_timeout = entity.dimse_timeout = entity.acse_timeout = self._timeout_s
        entity.connection_timeout = self._timeout_s
        roles: list[Any] = []
        handlers: list[Any] = []
        for one in classes:
            entity.add_requested_context(one)
            if one in _IMAGES:
                roles.append(build_role(one, scp_role=True))
        if keep is not None:
            handlers.append((evt.EVT_C_STORE, lambda event: _kept(event, keep)))
        association = entity.associate(
            self._there.address,
            self._there.port,
            ae_title=self._there.title,
            ext_neg=roles or None,
            evt_handlers=handlers,
        )
        if not association.is_established:
            raise ServerError(f"{self._name} does not answer or refuses us.")
        try:
            yield association
        except ValueError as error:
            raise ServerError(f"{self._name} does not offer what is needed: {error}") from error
        except RuntimeError as error:
            raise ServerError(f"{self._name} broke off.") from error
        finally:
            if association.is_established:
                association.release()


def _kept(event: Any, keep: Callable[[Dataset, bytes], None]) -> int:
    try:
        dataset = event.dataset
        dataset.file_meta = event.file_meta
        content = io.BytesIO()
        dcmwrite(content, dataset, enforce_file_format=True)
        keep(dataset, content.getvalue())
    except Exception:  # bytes from anywhere; the server is told, and asked again later
        return _FAILED_TO_KEEP
    return _SUCCESS


def _finish(answers: Any) -> None:
    for status, _ in answers:
        if "Status" not in status:
            raise ServerError("The server broke off while it sent images.")
        if status.Status not in (*_PENDING, _SUCCESS):
            raise ServerError(f"The server did not send the images: status {status.Status:04X}.")


def _asked(level: str, **keys: str) -> Dataset:
    asked = Dataset()
    asked.QueryRetrieveLevel = level
    for name, value in keys.items():
        setattr(asked, name, value)
    return asked


def _values(value: Any) -> list[str]:
    if value is None or value == "":
        return []
    return [value] if isinstance(value, str) else [str(one) for one in value]
