"""The models of all modules in a panel: what they are for, how well they do, import and removal."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from MedImageLib.panels.tables import RowTable
from MedImageLib.panels.words import told


class ModelsSection:
    """List of models; `describe` tells of the chosen one.

    ui: the panel's widgets by name. columns: the three headings, translated. changed(): called
    when a model was imported or removed.
    """

    def __init__(self, ui: Any, columns: tuple[str, str, str], changed: Callable[[], None]) -> None:
        self._ui, self._changed = ui, changed
        self._table = RowTable(ui.modelsTable, columns, self._describe)
        self._models: tuple[Any, ...] = ()
        self._listed = False
        ui.modelsCollapsibleButton.connect("contentsCollapsed(bool)", self._collapsed)
        ui.removeModelButton.enabled = False

    def refresh(self) -> None:
        """List what is installed now."""
        from MedImageLib.network.model_list import list_models

        self._models = tuple(list_models())
        self._listed = True
        self._table.show(
            [
                (one.name, one.version, f"{one.size_mb:.1f} MB, {one.origin}")
                for one in self._models
            ],
            tips=[one.fault or one.task for one in self._models],
        )
        self._ui.modelLabel.text = ""
        self._ui.removeModelButton.enabled = False

    def import_folder(self) -> None:
        """Import the model of the chosen folder. Raises ModelError in words."""
        from MedImageLib.errors import ModelError
        from MedImageLib.network.model_list import import_model

        folder = self._ui.modelPathLineEdit.currentPath
        if not folder:
            raise ModelError("No folder is chosen; choose one with model.json and weights.")
        import_model(Path(folder))
        self._changed()
        self.refresh()

    def remove(self) -> None:
        """Remove the chosen model. Raises ModelError for one of the product's own."""
        from MedImageLib.network.model_list import remove_model

        if 0 <= self._table.chosen < len(self._models):
            remove_model(self._models[self._table.chosen].name)
            self._changed()
            self.refresh()

    def _collapsed(self, collapsed: bool = False) -> None:
        # Reading all weights to check them takes a moment: only when somebody looks.
        if not collapsed and not self._listed:
            try:
                self.refresh()
            except ModuleNotFoundError as error:
                self._ui.modelLabel.text = told(
                    f"The package {error.name} is missing; install it above."
                )

    def _describe(self, number: int) -> None:
        one = self._models[number]
        lines = [one.fault] if one.fault else [one.task, one.accuracy, one.licence]
        # In two lines: without a space in it, it would be cut off.
        half = len(one.sha256) // 2
        lines.append(f"SHA256 {one.sha256[:half]}\n{one.sha256[half:]}" if one.sha256 else "")
        self._ui.modelLabel.text = told("\n".join(line for line in lines if line))
        self._ui.removeModelButton.enabled = one.origin == "imported"
