"""The part of a panel where a learner answers before the result is shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from MedImageLib.panels.words import told
from MedImageLib.teaching import Guess, keep, standings


class GuessSection:
    """Hides a result until the learner has answered, then shows both.

    hide(hidden): hides or shows everything that gives the result away. answers(): the learner's,
    beside the result. case(): hash of the image.
    """

    def __init__(
        self,
        ui: Any,
        hide: Callable[[bool], None],
        answers: Callable[[], Sequence[Guess]],
        case: Callable[[], str],
    ) -> None:
        self._ui, self._hide, self._answers, self._case = ui, hide, answers, case
        ui.guessCheckBox.connect("toggled(bool)", self._toggled)

    def ask(self) -> None:
        """A new result is there: hide it, if the learner wants to answer first."""
        asking = bool(self._ui.guessCheckBox.checked)
        self._ui.revealButton.enabled = asking
        self._ui.guessLabel.text = ""
        self._hide(asking)

    def reveal(self) -> None:
        """Show the result beside the answers, keep them, and say how all cases went.

        Raises InputError in words, and keeps the result hidden, when an answer is missing.
        """
        guesses = self._answers()
        keep(self._case(), guesses)
        self._ui.revealButton.enabled = False
        self._hide(False)
        lines = [one.sentence() for one in guesses] + [one.sentence() for one in standings()]
        self._ui.guessLabel.text = told("\n".join(lines))

    def _toggled(self, checked: bool = False) -> None:
        if not self._ui.guessCheckBox.checked:
            self._ui.revealButton.enabled = False
            self._hide(False)
