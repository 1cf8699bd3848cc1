"""A learner's ends of the beat, counted round the beat, and a drawn cavity."""

from __future__ import annotations

import numpy as np
import pytest

from CardiacLVLib.presentation.guesses import contour_guess, phase_guesses
from MedImageLib.errors import GeometryError, InputError

PHASES = ["end diastole", *["systole"] * 4, "end systole", *["diastole"] * 4]


@pytest.mark.parametrize(
    ("guessed", "apart"), [((0, 5), (0, 0)), ((9, 4), (-1, -1)), ((2, 8), (2, 3))]
)
def test_frames_are_counted_round_the_beat(guessed, apart):
    ed, es = phase_guesses(PHASES, *guessed)
    assert (ed.difference, es.difference) == apart
    assert (ed.agrees, es.agrees) == tuple(abs(one) <= 1 for one in apart)
    assert ed.guessed == f"frame {guessed[0]}"


def test_of_several_beats_the_nearest_end_counts():
    ed, _ = phase_guesses(PHASES * 2, 11, 5)
    assert ed.result == "frame 10"
    assert ed.difference == 1


def test_a_beat_without_ends_is_nothing_to_compare_with():
    with pytest.raises(InputError, match="no end diastole"):
        phase_guesses([""] * 5, 0, 1)


def test_a_contour_is_compared_on_the_slices_that_were_drawn():
    found = np.zeros((3, 10, 10), bool)
    found[:, 2:8, 2:8] = True
    drawn = np.zeros_like(found)
    drawn[1, 2:8, 2:5] = True
    guess = contour_guess(drawn, found)
    assert guess.guessed == "0.67"
    assert not guess.agrees
    drawn[1] = found[1]
    assert contour_guess(drawn, found).agrees
    with pytest.raises(InputError, match="Nothing was drawn"):
        contour_guess(np.zeros_like(found), found)
    with pytest.raises(GeometryError, match="own grid"):
        contour_guess(drawn[:2], found)
