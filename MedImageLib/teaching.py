"""Guess first, then look: answers of a learner beside what was computed, and how they went.

The book is one file in the user's own folder; cases are named by a hash alone. What is computed
is no truth either: the words say `result`, never `right answer`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from MedImageLib.errors import InputError
from MedImageLib.resources import user_folder
from MedImageLib.writing.atomic import finished_file


@dataclass(frozen=True)
class Guess:
    """One answer. guessed, result: in words. difference: in `unit`, None where it has no size.
    agrees: near enough to the result."""

    question: str
    guessed: str
    result: str
    agrees: bool
    difference: float | None = None
    unit: str = ""

    def sentence(self) -> str:
        """Both, and how far apart they are.

        >>> Guess("Level", "first", "second", False).sentence()
        '✖ Level: you first, result second.'
        """
        apart = "" if self.difference is None else f", {self.difference:+.3g}{self.unit}"
        sign = "✔" if self.agrees else "✖"
        return f"{sign} {self.question}: you {self.guessed}, result {self.result}{apart}."


@dataclass(frozen=True)
class Standing:
    """How a question went over all cases. mean_difference: of sizes, None where it has none."""

    question: str
    cases: int
    agreed: int
    mean_difference: float | None
    unit: str

    def sentence(self) -> str:
        mean = self.mean_difference
        apart = "" if mean is None else f", on average {mean:.3g}{self.unit} apart"
        return f"{self.question}: {self.agreed} of {self.cases} cases agree{apart}."


def number_guess(
    question: str, guessed: float, result: float, tolerance: float, unit: str = ""
) -> Guess:
    """An answer that is a number; it agrees when it is no further away than the tolerance."""
    apart = guessed - result
    words = [f"{value:.3g}{unit}" for value in (guessed, result)]
    return Guess(question, words[0], words[1], abs(apart) <= tolerance + 1e-9, apart, unit)


def book_path() -> Path:
    """Where answers are kept; it need not exist."""
    return user_folder() / "guesses.json"


def keep(case: str, guesses: Sequence[Guess], path: Path | None = None) -> None:
    """Add the answers on a case to the book; those given on the same case before stay.

    case: a hash of the image. Raises InputError when the book is damaged.
    """
    path = path or book_path()
    pages = [*_pages(path), {"case": case, "guesses": [asdict(one) for one in guesses]}]
    with finished_file(path) as temporary:
        temporary.write_text(json.dumps(pages, indent=1, ensure_ascii=False) + "\n", "utf-8")


def standings(path: Path | None = None) -> tuple[Standing, ...]:
    """How each question went, in order of appearance; of one case the first answer counts."""
    first: dict[tuple[str, str], Guess] = {}
    for page in _pages(path or book_path()):
        for guess in page["guesses"]:
            first.setdefault((guess["question"], page["case"]), Guess(**guess))
    questions: dict[str, list[Guess]] = {}
    for (question, _), guess in first.items():
        questions.setdefault(question, []).append(guess)
    return tuple(_standing(question, guesses) for question, guesses in questions.items())


def _standing(question: str, guesses: Sequence[Guess]) -> Standing:
    sizes = [abs(one.difference) for one in guesses if one.difference is not None]
    mean = sum(sizes) / len(sizes) if sizes else None
    agreed = sum(one.agrees for one in guesses)
    return Standing(question, len(guesses), agreed, mean, guesses[0].unit)


def _pages(path: Path) -> list[dict]:
    if not path.is_file():
        return []
    try:
        pages = json.loads(path.read_text("utf-8"))
        for page in pages:
            _ = page["case"], [Guess(**one) for one in page["guesses"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{path}: the book of answers cannot be read ({error}). Move it away to begin anew."
        ) from error
    return list(pages)
