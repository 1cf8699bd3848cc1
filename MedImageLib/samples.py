"""Real open volumes that Slicer itself offers, downloaded on request and checked by SHA256.

Nothing in the product needs them. The list is `Resources/samples.json`; the licence of each is
stated on the sample data page of 3D Slicer.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import shutil
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from MedImageLib.errors import InputError, SettingsError
from MedImageLib.resources import resource_path
from MedImageLib.results import file_sha256
from MedImageLib.writing.atomic import finished_file

_MAX_BYTES = 2 * 2**30
_TIMEOUT_S = 60


@dataclass(frozen=True)
class Sample:
    """One file: its name in the list, file name, address, SHA256 and what it is for."""

    name: str
    file: str
    address: str
    sha256: str
    purpose: str


def list_samples() -> dict[str, Sample]:
    """The samples by name."""
    listed = json.loads(resource_path("samples.json").read_text(encoding="utf-8"))
    return {
        one["name"]: Sample(
            one["name"],
            one["file"],
            f"{listed['base']}SHA256/{one['sha256']}",
            one["sha256"],
            one["purpose"],
        )
        for one in listed["samples"]
    }


def download_sample(name: str, folder: Path) -> Path:
    """Download a sample into a folder and give its path; one already there is not loaded again.

    Raises SettingsError for an unknown name, InputError when the address does not answer, the
    content is not that of the list, or another file of that name is there.
    """
    samples = list_samples()
    if name not in samples:
        raise SettingsError(f"No sample is named '{name}'. Known: {', '.join(samples)}.")
    sample = samples[name]
    path = folder / sample.file
    if path.exists():
        if file_sha256(path) == sample.sha256:
            return path
        raise InputError(
            f"{path} exists with other content; it is left alone. Name another folder."
        )
    with finished_file(path) as temporary:
        _download(sample, temporary)
    return path


def _download(sample: Sample, path: Path) -> None:
    digest = hashlib.sha256()
    request = urllib.request.Request(sample.address, headers={"User-Agent": "MedImage"})
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer, path.open("wb") as file:
            size = int(answer.headers.get("Content-Length") or 0)
            free = shutil.disk_usage(path.parent).free
            if size > min(_MAX_BYTES, free):
                raise InputError(f"{sample.name}: {size} bytes do not fit; {free} are free.")
            received = 0
            while block := answer.read(2**20):
                received += len(block)
                if received > _MAX_BYTES:
                    raise InputError(f"{sample.name}: more than {_MAX_BYTES} bytes; stopped.")
                digest.update(block)
                file.write(block)
    except (OSError, http.client.HTTPException) as error:
        raise InputError(
            f"{sample.name}: not received from {sample.address} ({error}). Try again, or load it "
            "in a browser."
        ) from error
    if digest.hexdigest() != sample.sha256:
        raise InputError(
            f"{sample.name}: what was received has SHA256 {digest.hexdigest()}, the list says "
            f"{sample.sha256}. Nothing was kept; try again."
        )
