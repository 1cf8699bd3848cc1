"""Two buttons of a panel that take writes to a segmentation back, and bring them again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from MedImageLib.nodes import SegmentationUndo


class UndoButtons:
    """undo: states that the panel's logic keeps. segmentation(): the one that is shown, or None.
    changed(): called after each step."""

    def __init__(
        self,
        ui: Any,
        undo: SegmentationUndo,
        segmentation: Callable[[], Any],
        changed: Callable[[], None],
    ) -> None:
        self._ui, self._undo = ui, undo
        self._segmentation, self._changed = segmentation, changed
        ui.undoButton.connect("clicked(bool)", lambda: self._step(undo.undo))
        ui.redoButton.connect("clicked(bool)", lambda: self._step(undo.redo))

    def show(self) -> None:
        """Offer what can be done now."""
        node = self._segmentation()
        self._ui.undoButton.enabled = self._undo.can_undo(node)
        self._ui.redoButton.enabled = self._undo.can_redo(node)

    def _step(self, step: Callable[[Any], None]) -> None:
        step(self._segmentation())
        self._changed()
        self.show()
