"""A click on a point of a plot, told as the row of the table that the point was drawn from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from MedImageLib.nodes import rows_of

_SIGNAL = "dataSelected(vtkStringArray*, vtkCollection*)"


class PlotClicks:
    """Listens to the plot views; `on_row(row)` gets the row of the point that was clicked.

    role: attribute of the series that count.
    """

    def __init__(self, scene: Any, role: str, on_row: Callable[[dict[str, Any]], None]) -> None:
        self._scene, self._role, self._on_row = scene, role, on_row
        self._heard = 0

    def listen(self) -> None:
        """Listen to the plot views that are there now; those heard already are left alone."""
        import slicer

        manager = slicer.app.layoutManager()
        count = manager.plotViewCount if manager else 0
        for number in range(self._heard, count):
            manager.plotWidget(number).plotView().connect(_SIGNAL, self._selected)
        self._heard = max(self._heard, count)

    def _selected(self, series: Any, points: Any) -> None:
        for number in range(series.GetNumberOfValues()):
            node = self._scene.GetNodeByID(series.GetValue(number))
            chosen = points.GetItemAsObject(number)
            if node is None or not node.GetAttribute(self._role) or not chosen.GetNumberOfValues():
                continue
            rows = rows_of(node.GetTableNode())
            self._on_row(rows[int(chosen.GetValue(0))])
            return
