"""Sentences of the packages: collected from sources, found again, translated."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from MedImageLib.phrases import Phrasebook, main, phrases_in, read_phrases, write_phrases

SOURCE = '''
"""A docstring is not said to anybody."""
from MedImageLib.settings import setting
steps: int = setting(3, help="How many steps are done.")
WORDS = {"first": "✔ First level", "key": "one"}
def f(path, n):
    tell(0.1, f"Slice {n} of {path}")
    if n:
        raise InputError(
            f"{path}: holds {n} images, expected one. "
            "Name another file."
        )
    query = "SELECT key FROM studies"
    return Result(findings=(f"Rigid offset of {n:.1f} mm." if n else "No offset was found.",))
'''


def test_what_is_said_to_a_person_is_collected_and_nothing_else():
    assert set(phrases_in(SOURCE)) == {
        "✔ First level",
        "Slice {0} of {1}",
        "{0}: holds {1} images, expected one. Name another file.",
        "Rigid offset of {0} mm.",
        "No offset was found.",
    }


BOOK = Phrasebook(
    [
        "Rigid offset of {0} mm.",
        "Rigid offset of {0} mm and {1}°.",
        "{0} was not found.",
        "Left parotid gland",
        "{0} {1}",
    ]
)
GERMAN = {
    "Rigid offset of {0} mm.": "Starr um {0} mm versetzt.",
    "Rigid offset of {0} mm and {1}°.": "Um {1}° gedreht und {0} mm versetzt.",
    "{0} was not found.": "{0} wurde nicht gefunden.",
    "Left parotid gland": "Linke Ohrspeicheldrüse",
}


def german(phrase):
    return GERMAN.get(phrase, phrase)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Rigid offset of 3.2 mm.", "Starr um 3.2 mm versetzt."),
        ("Rigid offset of 3.2 mm and 5°.", "Um 5° gedreht und 3.2 mm versetzt."),
        ("Left parotid gland was not found.", "Linke Ohrspeicheldrüse wurde nicht gefunden."),
        (
            "Rigid offset of 1 mm. Bone was not found.\nKept.",
            "Starr um 1 mm versetzt. Bone wurde nicht gefunden.\nKept.",
        ),
        ("Something else.", "Something else."),
        ("", ""),
    ],
)
def test_numbers_and_names_go_into_the_translation(text, expected):
    assert BOOK.translated(text, german) == expected


@given(st.text(max_size=60))
def test_without_translations_every_text_stays_as_it_is(text):
    assert " ".join(BOOK.translated(text, str).split()) == " ".join(text.split())


@given(st.floats(-1e6, 1e6), st.text("abc {}0", min_size=1, max_size=9))
def test_parts_are_never_taken_for_holes(number, name):
    told = BOOK.translated(f"Rigid offset of {number} mm.", german)
    assert told == f"Starr um {number} mm versetzt."
    assert BOOK.translated(f"{name} was not found.", german) == f"{name} wurde nicht gefunden."


def test_unknown_sentences_are_named():
    assert BOOK.unknown("Rigid offset of 1 mm. Something else.\n12.5") == ["Something else."]


def test_a_file_of_translators_is_written_and_read(tmp_path):
    write_phrases(tmp_path / "a.ts", ["Less < more & {0}.", "Ünder way"])
    assert read_phrases(tmp_path / "a.ts").unknown("Less < more & 3.\nÜnder way") == []
    (tmp_path / "sources").mkdir()
    (tmp_path / "sources" / "one.py").write_text(SOURCE)
    (tmp_path / "sources" / "table.toml").write_text('[[conditions]]\nname = "spine_offset"\n')
    assert main([str(tmp_path / "sources"), "-o", str(tmp_path / "b.ts")]) == 0
    book = read_phrases(tmp_path / "b.ts")
    assert book.unknown("Slice 3 of 8\nspine offset\nHeart") == []
