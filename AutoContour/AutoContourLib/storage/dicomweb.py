"""A server with DICOMweb (PS3.18): QIDO-RS to search, WADO-RS to fetch, STOW-RS to store."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pydicom
import requests
from pydicom.dataset import Dataset

from AutoContourLib.storage.remote_server import (
    IMAGE_MODALITIES,
    RemoteInstance,
    RemoteStudy,
    ServerError,
)
from MedImageLib.errors import MedImageError

_MODALITY, _MODALITIES = "00080060", "00080061"
_STUDY, _SERIES, _INSTANCE = "0020000D", "0020000E", "00080018"
_COUNT = "00201208"
_PAGE = 500
_AS_STORED = (("application/dicom", "*"),)


class DicomWebServer:
    """url: root of its services. secret: text of the header Authorization, or empty.

    authority: PEM file of who signed the server's certificate; empty: the system's.
    """

    def __init__(
        self, url: str, secret: str = "", authority: str = "", timeout_s: float = 60.0
    ) -> None:
        from dicomweb_client import DICOMwebClient

        session = private_session(secret, authority)
        self._client = DICOMwebClient(url, session=session, timeout=timeout_s)
        # Who asks comes again by itself.
        self._client.set_http_retry_params(retry=False)

    def studies(self, since: date | None, only: str = "") -> tuple[RemoteStudy, ...]:
        filters = {"StudyDate": f"{since:%Y%m%d}-"} if since else {}
        if only:
            filters["StudyInstanceUID"] = only
        found: dict[str, RemoteStudy] = {}
        while True:
            with answered():
                page = self._client.search_for_studies(
                    limit=_PAGE,
                    offset=len(found),
                    fields=[_MODALITIES, _COUNT],
                    search_filters=filters,
                )
                new = {
                    one.study_instance_uid: one
                    for one in map(_study, page)
                    if one.study_instance_uid not in found
                }
            found |= new
            # A server that knows no pages gives the same again.
            if len(page) < _PAGE or not new:
                return tuple(found.values())

    def images(self, study_instance_uid: str) -> tuple[RemoteInstance, ...]:
        found = []
        with answered():
            for one in self._client.search_for_series(study_instance_uid, fields=[_MODALITY]):
                modality, series = _first(one, _MODALITY), _first(one, _SERIES)
                if modality not in IMAGE_MODALITIES:
                    continue
                for image in self._client.search_for_instances(study_instance_uid, series):
                    uid = _first(image, _INSTANCE)
                    found.append(RemoteInstance(study_instance_uid, series, uid, modality))
        return tuple(sorted(found, key=lambda one: one.sop_instance_uid))

    def has(self, study_instance_uid: str, series: str, instance: str = "") -> bool:
        filters = {"SOPInstanceUID": instance} if instance else None
        with answered():
            try:
                found = self._client.search_for_instances(
                    study_instance_uid, series, limit=1, search_filters=filters
                )
            except requests.HTTPError as error:
                # Some answer so for a series that they do not have.
                if error.response is not None and error.response.status_code == 404:
                    return False
                raise
        return bool(found)

    def fetch(
        self, wanted: Sequence[RemoteInstance], keep: Callable[[Dataset, bytes], None]
    ) -> None:
        by_series: dict[str, set[str]] = {}
        for one in wanted:
            by_series.setdefault(one.series_instance_uid, set()).add(one.sop_instance_uid)
        for series, instances in by_series.items():
            with answered():
                study = wanted[0].study_instance_uid
                for dataset in self._client.iter_series(study, series, media_types=_AS_STORED):
                    if str(dataset.SOPInstanceUID) in instances:
                        content = io.BytesIO()
                        dataset.save_as(content, enforce_file_format=True)
                        keep(dataset, content.getvalue())

    def store(self, files: Sequence[Path]) -> None:
        for path in files:
            with answered():
                answer = self._client.store_instances([pydicom.dcmread(path)])
                failed = answer.get("FailedSOPSequence") or []
            if failed:
                reason = failed[0].get("FailureReason", 0)
                raise ServerError(f"The server did not take {path.name}: reason {reason:04X}.")


def private_session(secret: str = "", authority: str = "") -> requests.Session:
    """A session for patients' data. secret: header Authorization. authority: PEM file."""
    session = requests.Session()
    session.trust_env = False  # no proxy or password of the surroundings sees patients' data
    if secret:
        session.headers["Authorization"] = secret
    if authority:
        session.verify = authority
    return session


def _study(one: Mapping[str, Any]) -> RemoteStudy:
    count = _first(one, _COUNT) or "0"
    modalities = tuple(map(str, one.get(_MODALITIES, {}).get("Value", ())))
    return RemoteStudy(_first(one, _STUDY), modalities, int(count))


def _first(one: Mapping[str, Any], tag: str) -> str:
    values = one.get(tag, {}).get("Value", ())
    return str(values[0]) if values else ""


@contextmanager
def answered() -> Iterator[None]:
    """Whatever goes wrong with a server is one kind of error, without the address asked for."""
    try:
        yield
    except requests.HTTPError as error:
        status = error.response.status_code if error.response is not None else "nothing"
        raise ServerError(f"The DICOMweb server answered with {status}.") from error
    except requests.RequestException as error:
        raise ServerError(
            f"The DICOMweb server cannot be reached ({type(error).__name__})."
        ) from error
    except (MedImageError, OSError):
        raise
    except Exception as error:  # whatever the client makes of an answer from anywhere
        raise ServerError(
            f"The DICOMweb server answered with nonsense ({type(error).__name__})."
        ) from error
