"""Drawing on the contours of a study: strokes on a draft, undone, kept over a restart,
and saved as the new contours of the study.

A stroke is a line with a radius on one slice. It is written to a journal before it is answered;
the contours' files are touched only when a person saves. Every call names the revision that the
person saw: whoever is late is refused and told, so that nobody's strokes are lost unseen.
"""

from __future__ import annotations

import hashlib
import json
import math
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from AutoContourLib.viewing.carried_drawing import CarriedGrid
from AutoContourLib.viewing.slices import WHOLE_BODY, checked_index
from MedImageLib.errors import InputError, MedImageError
from MedImageLib.geometry import Geometry
from MedImageLib.volume import Volume

JOURNAL_FILE = "strokes.jsonl"
_MOST_POINTS = 4000
_LARGEST_RADIUS_MM = 200.0


class SupersededError(MedImageError):
    """Somebody else changed what this person was looking at."""


@dataclass(frozen=True)
class Stroke:
    """points: continuous indices along the two axes of the slice, in the order of (i, j, k)
    without `axis`. structure: key. by: who drew, when_utc: ISO."""

    structure: str
    mode: Literal["draw", "erase"]
    axis: str
    index: int
    points: tuple[tuple[float, float], ...]
    radius_mm: float
    by: str
    when_utc: str

    def __post_init__(self) -> None:
        points = tuple((float(a), float(b)) for a, b in self.points)
        object.__setattr__(self, "points", points)
        if self.mode not in ("draw", "erase"):
            raise InputError("A stroke draws or erases.")
        if not 0 < len(points) <= _MOST_POINTS or not np.isfinite(points).all():
            raise InputError(f"A stroke has 1 to {_MOST_POINTS} points, finite ones.")
        if not 0 < self.radius_mm <= _LARGEST_RADIUS_MM:
            raise InputError(f"The radius of a stroke lies above 0 and up to {_LARGEST_RADIUS_MM}.")
        if not self.by.strip():
            raise InputError("Whoever draws gives a name.")


@dataclass(frozen=True, eq=False)
class _Undo:
    where: tuple[np.ndarray, ...]
    before: np.ndarray
    below: tuple[np.ndarray, ...]


class Draft:
    """Labels of a set of contours with the strokes drawn on them so far.

    labels: as they lie on the disk; keys: structure of each value. folder: of the contours.
    shown: the same labels on the grid that strokes lie on, which `carried` tells, where that is
    another one. Strokes of a journal that a stopped server left are drawn again.
    """

    def __init__(
        self,
        labels: Volume,
        keys: dict[int, str],
        folder: Path,
        shown: Volume | None = None,
        carried: CarriedGrid | None = None,
    ) -> None:
        self.folder = folder
        self.keys = keys
        self.made_of = labels
        self.labels = labels.with_array(labels.array.copy())
        self.shown = self.labels
        if shown is not None and carried is not None:
            self.shown = shown.with_array(shown.array.copy())
        self._carried = carried
        self.strokes: list[Stroke] = []
        self._base = hashlib.sha256(labels.array.tobytes()).hexdigest()[:16]
        self._undo: list[_Undo] = []
        self._changes = 0
        self._lock = threading.RLock()
        self._replay()

    @property
    def revision(self) -> str:
        """Names the draft as it is now; no other state of it has the same one."""
        with self._lock:
            text = json.dumps([asdict(one) for one in self.strokes])
            return f"{self._base[:8]}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"

    @property
    def edited(self) -> tuple[str, ...]:
        """Structures with strokes, in the order of the labels."""
        drawn = {stroke.structure for stroke in self.strokes}
        return tuple(key for key in self.keys.values() if key in drawn)

    def draw(self, stroke: Stroke, seen: str) -> None:
        """Draw and note a stroke. Raises SupersededError, or InputError for a bad one."""
        with self._lock:
            self._check(seen)
            undo = self._drawn(stroke)
            with (self.folder / JOURNAL_FILE).open("a", encoding="utf-8") as journal:
                journal.write(json.dumps({"base": self._base, **asdict(stroke)}) + "\n")
            self.strokes.append(stroke)
            self._undo.append(undo)

    def undo(self, seen: str) -> None:
        """Take the last stroke back. Raises SupersededError, or InputError when there is none."""
        with self._lock:
            self._check(seen)
            if not self.strokes:
                raise InputError("There is no stroke to be taken back.")
            self._take_back()
            self._write_journal()

    def discard(self, seen: str) -> None:
        """Take all strokes back. Raises SupersededError."""
        with self._lock:
            self._check(seen)
            while self.strokes:
                self._take_back()
            self._write_journal()

    def save(self, seen: str) -> tuple[str, ...]:
        """Write the contours' files; the structures that were changed, and those beside them that
        lost or won voxels by it. Raises SupersededError, InputError when nothing was drawn."""
        from AutoContourLib.viewing.edited_contours import write_edited_contours

        with self._lock:
            self._check(seen)
            if not self.strokes:
                raise InputError("Nothing was drawn; there is nothing to be saved.")
            changed = write_edited_contours(self.folder, self.labels, self.keys)
            (self.folder / JOURNAL_FILE).unlink(missing_ok=True)
            self.strokes.clear()
            self._undo.clear()
            self._base = hashlib.sha256(self.labels.array.tobytes()).hexdigest()[:16]
            return changed

    def _check(self, seen: str) -> None:
        if seen != self.revision:
            who = f" by {self.strokes[-1].by}" if self.strokes else ""
            raise SupersededError(
                f"The contours were changed{who} since you looked. Your last step was not done; "
                "look at the contours as they are now and repeat it."
            )

    def _drawn(self, stroke: Stroke) -> _Undo:
        value = next((v for v, key in self.keys.items() if key == stroke.structure), None)
        if value is None:
            raise InputError("There is no such structure among the contours.")
        below = _voxels(stroke, self.shown.geometry)
        where = below if self._carried is None else self._carried.own_voxels(below)
        array = self.labels.array
        before = array[where]
        after = _after(before, value, stroke, self.keys)
        changed = after != before
        where = tuple(axis[changed] for axis in where)
        array[where] = after[changed]
        self._show(below)
        return _Undo(where, before[changed], below)

    def _take_back(self) -> None:
        undo = self._undo.pop()
        self.strokes.pop()
        self.labels.array[undo.where] = undo.before
        self._show(undo.below)

    def _show(self, below: tuple[np.ndarray, ...]) -> None:
        if self._carried is not None:
            self._carried.show(self.shown.array, self.labels.array, below)

    def _replay(self) -> None:
        try:
            lines = (self.folder / JOURNAL_FILE).read_text("utf-8").splitlines()
        except OSError:
            return
        for line in lines:
            try:
                values = json.loads(line)
                base = values.pop("base")
                stroke = Stroke(**values)
            except (ValueError, TypeError, KeyError, MedImageError):
                break  # cut off by a kill: it was never answered
            if base != self._base:
                return  # of contours that are no longer there
            self._undo.append(self._drawn(stroke))
            self.strokes.append(stroke)

    def _write_journal(self) -> None:
        from MedImageLib.writing.atomic import finished_file

        path = self.folder / JOURNAL_FILE
        if not self.strokes:
            path.unlink(missing_ok=True)
            return
        with finished_file(path) as temporary:
            lines = [json.dumps({"base": self._base, **asdict(one)}) for one in self.strokes]
            temporary.write_text("\n".join(lines) + "\n", "utf-8")


def _after(before: np.ndarray, value: int, stroke: Stroke, keys: dict[int, str]) -> np.ndarray:
    """New labels of the voxels below a stroke.

    The body lies below everything: it is drawn where nothing is, and what is erased inside of it
    becomes body again.
    """
    body = next((v for v, key in keys.items() if key == WHOLE_BODY), 0)
    if stroke.mode == "erase":
        return np.where(before == value, 0 if value == body else body, before)
    return np.where(before == 0, value, before) if value == body else np.full_like(before, value)


def _voxels(stroke: Stroke, geometry: Geometry) -> tuple[np.ndarray, ...]:
    """Array indices (k, j, i) of the voxels whose centers lie below the stroke."""
    checked_index(geometry, stroke.axis, stroke.index)
    number = "ijk".index(stroke.axis)
    plane = [n for n in range(3) if n != number]
    spacing = np.array([geometry.spacing_mm[n] for n in plane])
    sizes = np.array([geometry.shape[2 - n] for n in plane])
    points = np.array(stroke.points) * spacing
    low = np.floor((points.min(0) - stroke.radius_mm) / spacing).astype(int).clip(0)
    high = np.ceil((points.max(0) + stroke.radius_mm) / spacing).astype(int) + 1
    high = np.minimum(high, sizes)
    if (high <= low).any():
        raise InputError("The stroke lies outside of the image.")
    across = np.stack(np.meshgrid(*(np.arange(a, b) for a, b in zip(low, high, strict=True))), -1)
    near = _distance_mm(across * spacing, points) <= stroke.radius_mm
    # A radius below half a voxel still draws the voxel that it points at.
    start = np.rint(points[0] / spacing).astype(int)
    near |= (across == start).all(-1)
    chosen = across[near]
    index: list[Any] = [None, None, None]
    index[number] = np.full(len(chosen), stroke.index)
    for column, n in enumerate(plane):
        index[n] = chosen[:, column]
    return tuple(index[::-1])


def _distance_mm(places: np.ndarray, points: Sequence[Any]) -> np.ndarray:
    """Distance of each place (…, 2) from a polyline."""
    nearest = np.full(places.shape[:-1], math.inf)
    ends = list(points[1:]) or [points[0]]
    for start, end in zip(points, ends, strict=False):
        along = np.asarray(end) - start
        length = float(along @ along)
        share = ((places - start) @ along / length).clip(0, 1) if length else 0.0
        foot = start + np.multiply.outer(share, along) if length else start
        nearest = np.minimum(nearest, np.linalg.norm(places - foot, axis=-1))
    return nearest
