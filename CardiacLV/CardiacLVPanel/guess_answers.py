"""What a learner answers on a cine in the panel: both ends of the beat, and a drawn cavity."""

from __future__ import annotations

from typing import Any

from CardiacLVLib.presentation.guesses import contour_guess, phase_guesses
from MedImageLib.errors import InputError
from MedImageLib.nodes import rows_of, segmentation_labels


def answers(ui: Any, parameters: Any, found: Any) -> tuple[Any, ...]:
    """Frames as typed; the drawn segmentation, if one is chosen, counts as one cavity.

    found: the segmentation of the frame shown. Raises InputError without a result.
    """
    rows = rows_of(parameters.outputTable) if parameters.outputTable else []
    if not rows or found is None:
        raise InputError("There is no result yet; press Apply first.")
    phases = [row["phase"] for row in rows]
    guesses = phase_guesses(phases, ui.guessEdSpinBox.value, ui.guessEsSpinBox.value)
    drawn = ui.guessContourSelector.currentNode()
    if drawn is None:
        return guesses
    labels = segmentation_labels(found)
    own = segmentation_labels(drawn, labels.geometry)
    return (*guesses, contour_guess(own.array > 0, labels.array == 1))
