"""A learner's level and cardiothoracic ratio beside those of a result."""

from __future__ import annotations

from MedImageLib.errors import InputError
from MedImageLib.results import Result
from MedImageLib.teaching import Guess, number_guess
from MedImageMetricLib.radiograph.level import ORDER

RATIO_TOLERANCE = 0.02
LEVELS = tuple(reversed(ORDER[1:]))  # as a list offers them: the best first


def radiograph_guesses(result: Result, level: str, ratio: float | None) -> tuple[Guess, ...]:
    """Answers on a radiograph; the ratio counts only where both are there.

    level: `first`, `intermediate` or `second`. Raises InputError when the level is none of them.
    """
    if level not in LEVELS:
        raise InputError(f"The level is {level!r}; choose one of {', '.join(LEVELS)}.")
    code = next(flag.code for flag in result.flags if flag.code.startswith("level-"))
    found = code.removeprefix("level-").replace("-", " ")
    guesses = [Guess("Level", level, found, level == found)]
    values = {one.name: one.value for one in result.values}
    measured = values.get("cardiothoracic_ratio")
    if ratio and measured is not None:
        guesses.append(number_guess("Cardiothoracic ratio", ratio, measured, RATIO_TOLERANCE))
    return tuple(guesses)


def drawn_ratio(lengths_mm: dict[str, float]) -> float | None:
    """The ratio of two drawn lines, by their names: Heart over Chest; None while one is missing.

    >>> drawn_ratio({"Heart": 120.0, "Chest_1": 300.0})
    0.4
    """
    widths: list[float] = []
    for word in ("heart", "chest"):
        widths += [mm for name, mm in lengths_mm.items() if name.lower().startswith(word)][:1]
    return widths[0] / widths[1] if len(widths) == 2 and widths[1] > 0 else None
