"""Rows of text in a table widget of a panel, one of which can be chosen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

_ROW_PX = 22


class RowTable:
    """A QTableWidget that shows rows; `on_chosen(number)` is told which one is chosen.

    columns: headings, translated. Telling rows anew chooses none and tells nobody.
    """

    def __init__(
        self, table: Any, columns: Sequence[str], on_chosen: Callable[[int], None] | None = None
    ) -> None:
        import qt

        self._table, self._on_chosen = table, on_chosen
        table.setColumnCount(len(columns))
        table.setHorizontalHeaderLabels(list(columns))
        table.setEditTriggers(qt.QAbstractItemView.NoEditTriggers)
        table.setSelectionBehavior(qt.QAbstractItemView.SelectRows)
        table.setSelectionMode(qt.QAbstractItemView.SingleSelection)
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(_ROW_PX)
        table.horizontalHeader().setStretchLastSection(True)
        table.connect("currentCellChanged(int,int,int,int)", self._chosen)

    def show(self, rows: Sequence[Sequence[str]], tips: Sequence[str] = ()) -> None:
        """Put these rows in place of those before; tips: one for each row, or none."""
        import qt

        table = self._table
        blocked = table.blockSignals(True)
        table.setRowCount(0)
        table.setRowCount(len(rows))
        for place, row in enumerate(rows):
            for column, text in enumerate(row):
                item = qt.QTableWidgetItem(text)
                item.setToolTip(tips[place] if tips else text)
                table.setItem(place, column, item)
        table.resizeColumnsToContents()
        table.setCurrentCell(-1, -1)
        table.blockSignals(blocked)

    def change(self, row: int, column: int, text: str, tip: str) -> None:
        """Change one cell; what is chosen stays chosen."""
        import qt

        item = qt.QTableWidgetItem(text)
        item.setToolTip(tip)
        self._table.setItem(row, column, item)
        self._table.resizeColumnsToContents()

    @property
    def chosen(self) -> int:
        """Number of the row that is chosen, or -1."""
        return int(self._table.currentRow())

    def choose(self, number: int) -> None:
        """Choose a row as a person does."""
        self._table.setCurrentCell(number, 0)

    def _chosen(self, row: int, column: int = 0, before: int = -1, before_column: int = -1) -> None:
        if row >= 0 and row != before and self._on_chosen is not None:
            self._on_chosen(row)
