"""Contours of a cine as a sequence of segmentations, which the player shows along with it."""

from __future__ import annotations

from typing import Any

from slicer.i18n import tr as _

from MedImageLib.nodes import add_segmentation_sequence, browser_of, segment_of
from MedImageLib.terminology import structure


def add_contours(scene: Any, cine: Any, found: Any) -> Any:
    """Add the contours found on a cine and return their sequence; the player goes to end diastole.

    cine: its sequence node.
    """
    from CardiacLVLib import analysis
    from CardiacLVLib.presentation import pictures

    structures = analysis.STRUCTURES
    segments = [segment_of(structure(name), label) for label, name in structures.items()]
    name = scene.GenerateUniqueName(_("Left ventricle"))
    browser = browser_of(scene, cine, make=True)
    contours, _proxy = add_segmentation_sequence(scene, found.labels, segments, cine, browser, name)
    browser.SetSelectedItemNumber(pictures.ed_es(found)[0])
    return contours
