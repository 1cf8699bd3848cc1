"""Answers of a learner: kept, counted once a case, never lost by a second try."""

from __future__ import annotations

import pytest

from MedImageLib.errors import InputError
from MedImageLib.teaching import Guess, keep, number_guess, standings


def test_numbers_agree_within_their_tolerance():
    near = number_guess("Ratio", 0.52, 0.50, 0.02)
    far = number_guess("Ratio", 0.47, 0.50, 0.02, " mm")
    assert near.agrees
    assert not far.agrees
    assert far.difference == pytest.approx(-0.03)
    assert far.sentence() == "✖ Ratio: you 0.47 mm, result 0.5 mm, -0.03 mm."


def test_the_first_answer_on_a_case_counts(tmp_path):
    book = tmp_path / "book.json"
    assert standings(book) == ()
    level = Guess("Level", "first", "second", False)
    keep("aa", [level, number_guess("Ratio", 0.5, 0.4, 0.02)], book)
    keep("aa", [Guess("Level", "second", "second", True)], book)
    keep("bb", [Guess("Level", "first", "first", True)], book)
    first, second = standings(book)
    assert (first.question, first.cases, first.agreed) == ("Level", 2, 1)
    assert first.sentence() == "Level: 1 of 2 cases agree."
    assert (second.cases, second.mean_difference) == (1, pytest.approx(0.1))


def test_a_damaged_book_is_said_and_left_alone(tmp_path):
    book = tmp_path / "book.json"
    book.write_text('[{"case": 3}]')
    with pytest.raises(InputError, match=r"Move it away"):
        keep("aa", [], book)
    assert book.read_text() == '[{"case": 3}]'
