"""Contours of a cine as a sequence of segmentations, which the player shows along with it.

A run adds a sequence of its own: contours that are there, edited or not, are never written over.
"""

from __future__ import annotations

from typing import Any

from slicer.i18n import tr as _

from MedImageLib.nodes import (
    add_segmentation_sequence,
    browser_of,
    segment_of,
    segmentation_sequence_labels,
    volume_sequence_of,
)
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


def contoured(scene: Any, parameters: Any) -> tuple[Any, Any]:
    """The cine and the label maps of its contours, with what was drawn just now."""
    from CardiacLVLib import analysis

    cine = volume_sequence_of(parameters.inputSequence)
    _store_edits(scene, parameters)
    labels = segmentation_sequence_labels(
        parameters.contours,
        cine.frames[0].geometry,
        [structure(name).name for name in analysis.STRUCTURES.values()],
    )
    return cine, labels


def _store_edits(scene: Any, parameters: Any) -> None:
    """Take what was drawn on the frame shown into the sequence of contours."""
    import slicer

    browser = browser_of(scene, parameters.inputSequence, make=True)
    proxy = browser.GetProxyNode(parameters.contours)
    if proxy:
        slicer.modules.sequences.logic().UpdateSequencesFromProxyNodes(browser, proxy)
