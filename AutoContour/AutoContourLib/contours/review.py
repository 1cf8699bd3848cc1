"""Review of automatic contours: every one carries a marker until a person approves it.

`review.json` beside the contours says of each structure who reviewed it, when, and the hash of
what was reviewed, so that a later change is seen. Once all are approved, a file APPROVED keeps
batches and the watcher from ever replacing the folder, and the RTSTRUCT says so.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np

from MedImageLib.batch.placing import APPROVED
from MedImageLib.errors import InputError
from MedImageLib.terminology import structure
from MedImageLib.writing.atomic import finished_file

REVIEW_FILE = "review.json"
_LABELS, _NAMES, _RTSTRUCT = "labels.nii.gz", "labels.json", "rtstruct.dcm"
_SEGMENTATION = "segmentation.seg.nrrd"
# The segment status of 3D Slicer (tag Segmentation.Status).
_STATUS = {
    "automatic": "inprogress",
    "edited": "inprogress",
    "approved": "completed",
    "rejected": "flagged",
}

State = Literal["automatic", "approved", "rejected", "edited"]


@dataclass(frozen=True)
class Reviewed:
    """One structure: its state, who reviewed it and when (UTC), and the SHA256 of its voxels.

    `edited`: its voxels are no longer those that were made or reviewed. origin: in a few words how
    it came about.
    """

    structure: str
    state: State
    sha256: str
    reviewer: str = ""
    when_utc: str = ""
    origin: str = ""


def open_review(folder: Path, origins: Mapping[str, str]) -> tuple[Reviewed, ...]:
    """Mark new contours of a folder as automatic, to be reviewed; how each came about by key."""
    digests = _digests(folder)
    marks = tuple(
        Reviewed(key, "automatic", digests[key], origin=origin)
        for key, origin in origins.items()
        if key in digests
    )
    _write(folder, marks)
    _show_status(folder, marks)
    return marks


def read_review(folder: Path) -> tuple[Reviewed, ...]:
    """The review as it stands; structures that were changed since are `edited`.

    Raises InputError when the folder holds no reviewable contours.
    """
    path = folder / REVIEW_FILE
    try:
        stored = [Reviewed(**one) for one in json.loads(path.read_text("utf-8"))["structures"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{folder}: no contours to be reviewed ({error}); name the folder of a result of "
            "`medimage contour` or of a processed study."
        ) from error
    digests = _digests(folder)
    known = {one.structure for one in stored}
    marks = [
        one
        if digests.get(one.structure) == one.sha256
        else replace(one, state="edited", sha256=digests.get(one.structure, ""))
        for one in stored
    ]
    # A structure that a person added is a person's.
    marks += [Reviewed(key, "edited", digests[key]) for key in digests if key not in known]
    return tuple(marks)


def reviewed(
    folder: Path,
    reviewer: str,
    approve: Sequence[str] = (),
    reject: Sequence[str] = (),
    now: datetime | None = None,
) -> tuple[Reviewed, ...]:
    """Approve or reject structures (keys, names or TG-263 names; `all` = every one).

    Raises InputError without a reviewer, for a structure that is not there, or one that is to be
    both approved and rejected.
    """
    if not reviewer.strip():
        raise InputError("A review needs the name of the reviewer.")
    marks = read_review(folder)
    keys = [one.structure for one in marks]
    approved, rejected = (_chosen(names, keys, folder) for names in (approve, reject))
    both = approved & rejected
    if both:
        raise InputError(f"{', '.join(sorted(both))}: both approved and rejected; choose one.")
    when = (now or datetime.now(UTC)).isoformat(timespec="seconds")
    result = []
    for one in marks:
        if one.structure in approved:
            one = replace(one, state="approved", reviewer=reviewer, when_utc=when)
        elif one.structure in rejected:
            one = replace(one, state="rejected", reviewer=reviewer, when_utc=when)
        result.append(one)
    marks = tuple(result)
    _write(folder, marks)
    _show_status(folder, marks)
    if all(one.state == "approved" for one in marks):
        _approve_rtstruct(folder, reviewer, when)
        with finished_file(folder / APPROVED) as temporary:
            temporary.write_text(f"{reviewer}\n{when}\n", "utf-8")
    else:
        (folder / APPROVED).unlink(missing_ok=True)
    return marks


def is_a_persons(folder: Path) -> bool:
    """True when any contour of the folder was approved or edited; then nothing replaces it."""
    if not (folder / REVIEW_FILE).is_file():
        return False
    return any(one.state != "automatic" for one in read_review(folder))


def _chosen(names: Sequence[str], keys: Sequence[str], folder: Path) -> set[str]:
    if "all" in names:
        return set(keys)
    chosen = {structure(name).key for name in names}
    absent = chosen - set(keys)
    if absent:
        raise InputError(
            f"{folder}: {', '.join(sorted(absent))} is not among its structures {', '.join(keys)}."
        )
    return chosen


def _digests(folder: Path) -> dict[str, str]:
    """SHA256 of each structure's voxels and grid, by key, as they lie on disk now."""
    from MedImageLib.reading import read_image

    try:
        names = json.loads((folder / _NAMES).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{folder / _NAMES}: cannot be read ({error}).") from error
    labels = read_image(folder / _LABELS)
    grid = np.round(labels.geometry.lps_from_index, 4).tobytes()
    found = {}
    for value, name in names.items():
        mask = np.packbits(labels.array == int(value))
        digest = hashlib.sha256(repr(labels.array.shape).encode() + grid + mask.tobytes())
        found[structure(name).key] = digest.hexdigest()
    return found


def _write(folder: Path, marks: Sequence[Reviewed]) -> None:
    with finished_file(folder / REVIEW_FILE) as temporary:
        values = {"structures": [asdict(one) for one in marks]}
        temporary.write_text(json.dumps(values, indent=1, ensure_ascii=False) + "\n", "utf-8")


def _show_status(folder: Path, marks: Sequence[Reviewed]) -> None:
    """The segment status of the core Segment Editor, in the header of the segmentation."""
    import SimpleITK as sitk

    path = folder / _SEGMENTATION
    if not path.is_file():
        return
    image: Any = sitk.ReadImage(str(path))
    status = {one.structure: _STATUS[one.state] for one in marks}
    for key in image.GetMetaDataKeys():
        if not key.endswith("_ID") or image.GetMetaData(key) not in status:
            continue
        tags = key.removesuffix("_ID") + "_Tags"
        kept = [
            tag
            for tag in image.GetMetaData(tags).split("|")
            if tag and not tag.startswith("Segmentation.Status:")
        ]
        shown = f"Segmentation.Status:{status[image.GetMetaData(key)]}"
        image.SetMetaData(tags, "|".join([*kept, shown]) + "|")
    with finished_file(path) as temporary:
        sitk.WriteImage(image, str(temporary), useCompression=True)


def _approve_rtstruct(folder: Path, reviewer: str, when: str) -> None:
    """Approval in the RTSTRUCT, which becomes another instance by it (PS3.3 C.8.8.16)."""
    import uuid

    import pydicom

    path = folder / _RTSTRUCT
    if not path.is_file():
        return
    dataset = pydicom.dcmread(path)
    if dataset.get("ApprovalStatus") == "APPROVED":
        return
    moment = datetime.fromisoformat(when)
    said = f"MedImage approval\n{dataset.SOPInstanceUID}\n{reviewer}\n{when}"
    digest = hashlib.sha256(said.encode()).digest()[:16]
    dataset.SOPInstanceUID = f"2.25.{uuid.UUID(bytes=digest, version=5).int}"
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.ApprovalStatus = "APPROVED"
    dataset.ReviewDate = moment.strftime("%Y%m%d")
    dataset.ReviewTime = moment.strftime("%H%M%S")
    dataset.ReviewerName = reviewer
    with finished_file(path) as temporary:
        dataset.save_as(temporary, enforce_file_format=True)
