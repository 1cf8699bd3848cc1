"""Contours to be reviewed: who approved which, and when; the target contour of approved ones."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
import slicer
from slicer.i18n import tr as _

from MedImageLib.errors import InputError
from MedImageLib.nodes import segmentation_labels, segments_of
from MedImageLib.panels.tables import RowTable
from MedImageLib.panels.views import jump_to

# The segment status of 3D Slicer, and tags of this product beside it.
STATUS, REVIEWER, WHEN = "Segmentation.Status", "MedImage.Reviewer", "MedImage.ReviewedAt"
DIGEST = "MedImage.ReviewedSha256"


class ReviewSection:
    """segmentation(): the one that is shown, or None. undo: keeps states before each mark.

    send(segmentation, names, status, reviewer): hands a review of contours to where they came
    from and marks them; False for contours made in this scene.
    """

    def __init__(
        self,
        ui: Any,
        segmentation: Callable[[], Any],
        undo: Any,
        send: Callable[[Any, list[str], str, str], bool],
    ) -> None:
        self._ui, self._segmentation, self._undo = ui, segmentation, undo
        self._send = send
        columns = (_("Contour"), _("State"), _("Reviewer"), _("When"))
        self._table = RowTable(ui.reviewTable, columns, self._jump)
        self._rows: list[tuple[str, ...]] = []
        self._shown: Any = None

    def show(self) -> None:
        """List the segments of the segmentation as they are now."""
        node = self._segmentation()
        rows = [(name, *review_of(segment)) for name, segment in segments(node)] if node else []
        self._ui.approveAllButton.enabled = bool(rows)
        self._ui.editButton.enabled = node is not None
        if (node, rows) == (self._shown, self._rows):
            return
        self._shown, self._rows = node, rows
        self._table.show(rows)
        self._ui.approveButton.enabled = self._ui.rejectButton.enabled = False

    def mark(self, status: str, *, everything: bool = False) -> None:
        """Approve (`completed`) or reject (`flagged`) the chosen contour, or all of them.

        Raises InputError without a reviewer.
        """
        reviewer = self._ui.reviewerLineEdit.text.strip()
        if not reviewer:
            raise InputError("A review needs the name of the reviewer; type it first.")
        chosen = list(range(len(self._rows)) if everything else [self._table.chosen])
        node = self._segmentation()
        found = segments(node)
        names = [found[number][0] for number in chosen if 0 <= number < len(found)]
        if not names:
            return
        if not self._send(node, names, status, reviewer):
            self._mark_here(node, names, status, reviewer)
        self.show()
        # The next one that nobody has looked at.
        left = [n for n, row in enumerate(self._rows) if not row[2]]
        if left and not everything:
            after = [n for n in left if n > max(chosen)]
            self._table.choose((after or left)[0])

    def _mark_here(self, node: Any, names: Sequence[str], status: str, reviewer: str) -> None:
        self._undo.save(node)
        when = datetime.now(UTC).isoformat(timespec="seconds")
        for name, segment in segments(node):
            if name in names:
                segment.SetTag(STATUS, status)
                segment.SetTag(REVIEWER, reviewer)
                segment.SetTag(WHEN, when)
                segment.SetTag(DIGEST, digest_of(node, name))
        node.Modified()

    def come_back(self) -> None:
        """What was changed since its review is to be reviewed again."""
        node = self._segmentation()
        for name, segment in segments(node) if node else []:
            if tag_of(segment, DIGEST) and tag_of(segment, DIGEST) != digest_of(node, name):
                segment.SetTag(STATUS, "inprogress")
                for tag in (REVIEWER, WHEN, DIGEST):
                    segment.RemoveTag(tag)
        self.show()

    def _jump(self, number: int) -> None:
        self._ui.approveButton.enabled = self._ui.rejectButton.enabled = True
        node = self._segmentation()
        labels = segmentation_labels(node, None, [self._rows[number][0]])
        places = np.argwhere(labels.array)
        if len(places):
            jump_to(slicer.mrmlScene, labels.geometry.points_mm(places.mean(0)[::-1][None])[0])


def segments(node: Any) -> list[tuple[str, Any]]:
    """Name and vtkSegment of each segment, in their order."""
    found = node.GetSegmentation()
    numbers = range(found.GetNumberOfSegments())
    return [(one.GetName(), one) for one in map(found.GetNthSegment, numbers)]


def review_of(segment: Any) -> tuple[str, str, str]:
    """State in words, reviewer and when (UTC) of a segment."""
    status, reviewer, when = (tag_of(segment, name) for name in (STATUS, REVIEWER, WHEN))
    if status not in ("completed", "flagged"):
        return _("to be reviewed"), "", ""
    word = _("✔ approved") if status == "completed" else _("✖ rejected")
    return word, reviewer, when.replace("T", " ")[:16]


def contour_of_image(node: Any, modality: str, geometry: Any) -> Any:
    """A segmentation as `target_contour` takes it; approved when all its segments are."""
    from AutoContourLib.contours.structure_set import Approval, RegionMask, structure_of
    from AutoContourLib.contours.target_contour import ContourOfImage

    found = segments(node)
    names = [one.name for one in segments_of(node)]
    regions = []
    for name in names:
        mask = segmentation_labels(node, geometry, [name])
        regions.append(RegionMask(name, mask.with_array(mask.array > 0), structure_of(name)))
    return ContourOfImage(modality, tuple(regions), _approval([s for _n, s in found], Approval))


def _approval(found: Sequence[Any], approval: Any) -> Any:
    done = [one for one in found if tag_of(one, STATUS) == "completed" and tag_of(one, REVIEWER)]
    if not found or len(done) < len(found):
        return approval()
    last = max(done, key=lambda one: tag_of(one, WHEN))
    when = datetime.fromisoformat(tag_of(last, WHEN))
    return approval("APPROVED", tag_of(last, REVIEWER), f"{when:%Y%m%d}", f"{when:%H%M%S}")


def digest_of(node: Any, name: str) -> str:
    """SHA-256 of the voxels of a segment."""
    labels = segmentation_labels(node, None, [name])
    return hashlib.sha256(np.packbits(labels.array > 0).tobytes()).hexdigest()


def tag_of(segment: Any, name: str) -> str:
    """A tag of a segment; empty without it."""
    import vtk

    text = vtk.reference("")
    return str(text) if segment.GetTag(name, text) else ""
