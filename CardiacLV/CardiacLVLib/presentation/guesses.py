"""A learner's end diastole, end systole and contour beside those that were found."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from MedImageLib.errors import GeometryError, InputError
from MedImageLib.metrics import dice
from MedImageLib.teaching import Guess, number_guess

FRAME_TOLERANCE = 1
LEAST_DICE = 0.9


def phase_guesses(phases: Sequence[str], ed_frame: int, es_frame: int) -> tuple[Guess, ...]:
    """Frames of both ends of the beat; the nearest one of the result counts, round the beat.

    phases: the word of each frame as `tables.phase_word` gives it. Raises InputError when the
    result has none.
    """
    guesses = []
    for word, guessed in (("end diastole", ed_frame), ("end systole", es_frame)):
        found = [frame for frame, told in enumerate(phases) if told == word]
        if not found:
            raise InputError("The result has no end diastole and end systole to compare with.")
        apart = [_apart(guessed, frame, len(phases)) for frame in found]
        nearest = int(np.argmin(np.abs(apart)))
        guess = number_guess(
            word.capitalize(), found[nearest] + apart[nearest], found[nearest], FRAME_TOLERANCE
        )
        guesses.append(
            Guess(
                guess.question,
                f"frame {guessed}",
                f"frame {found[nearest]}",
                guess.agrees,
                guess.difference,
                " frames",
            )
        )
    return tuple(guesses)


def contour_guess(drawn: np.ndarray, found: np.ndarray) -> Guess:
    """A drawn cavity beside the found one, (k, j, i) bool, on the slices that were drawn on.

    Raises GeometryError for other grids and InputError when nothing was drawn.
    """
    if drawn.shape != found.shape:
        raise GeometryError(
            f"The drawn contour has {drawn.shape} voxels and the cine {found.shape}; draw it on "
            "the cine's own grid."
        )
    slices = drawn.any(axis=(1, 2))
    if not slices.any():
        raise InputError("Nothing was drawn; draw the cavity on one slice at least.")
    overlap = dice(drawn[slices], found[slices]) or 0.0
    question = "Cavity contour (Dice)"
    return Guess(question, f"{overlap:.2f}", "1.00", overlap >= LEAST_DICE, overlap - 1)


def _apart(guessed: int, found: int, frames: int) -> int:
    """Signed distance round the beat.

    >>> _apart(19, 0, 20)
    -1
    """
    half = frames // 2
    return (guessed - found + half) % frames - half
