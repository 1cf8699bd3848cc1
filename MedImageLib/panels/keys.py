"""Keys for what is done again and again, as long as a module is open."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


class Keys:
    """Each key presses a button of the panel; a disabled button does nothing."""

    def __init__(self, keys: Iterable[tuple[str, Any]]) -> None:
        self._keys = tuple(keys)
        self._shortcuts: list[Any] = []

    def install(self) -> None:
        """Called when the module is entered; keys that are there already stay."""
        import qt
        import slicer

        if self._shortcuts:
            return
        for key, button in self._keys:
            shortcut = qt.QShortcut(slicer.util.mainWindow())
            shortcut.setKey(qt.QKeySequence(key))
            shortcut.connect("activated()", button.click)
            self._shortcuts.append(shortcut)

    def remove(self) -> None:
        """Called when the module is left, so that other modules have the keys for themselves."""
        for shortcut in self._shortcuts:
            shortcut.setParent(None)
            shortcut.deleteLater()
        self._shortcuts = []
