"""The way of contouring that fits a scan's modality."""

from __future__ import annotations

from AutoContourLib.contours.contour_settings import ContourSettings
from AutoContourLib.contours.contouring import Contours, contour_ct
from MedImageLib.volume import Volume


def contour_by_modality(scan: Volume, settings: ContourSettings | None = None) -> Contours:
    """Contours of a CT, or experimental ones of an MR; raises as either of them does."""
    if scan.modality == "MR":
        from AutoContourLib.contours.mr_contouring import contour_mr

        return contour_mr(scan, settings)
    return contour_ct(scan, settings)
