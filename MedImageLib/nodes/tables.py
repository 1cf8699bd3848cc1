"""Rows of plain values to table nodes and back, with the type and the unit of each column."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import vtk

from MedImageLib.errors import InputError
from MedImageLib.nodes.matrices import require_node

Row = Mapping[str, str | int | float | bool | None]


def add_table(
    scene: Any, rows: Sequence[Row], name: str, *, units: Mapping[str, str] | None = None
) -> Any:
    """Add a table node with a column for every key of the rows, in order of appearance.

    A column of whole numbers stays whole, of truth values becomes 1 and 0 and is read back as
    such, of numbers with gaps (None or absent) has nan at the gaps, of text an empty text.
    units: UCUM units by column name, shown by the application in the column's schema.

    Raises InputError for a column that mixes text and numbers.
    """
    node = scene.AddNewNodeByClass("vtkMRMLTableNode", scene.GenerateUniqueName(name))
    update_table(node, rows, units=units)
    return node


def update_table(node: Any, rows: Sequence[Row], *, units: Mapping[str, str] | None = None) -> None:
    """Give a table node these rows in place of what it held; see `add_table`."""
    require_node(node, "vtkMRMLTableNode")
    names = list(dict.fromkeys(key for row in rows for key in row))
    columns = {name: [row.get(name) for row in rows] for name in names}
    arrays = [_column(name, values) for name, values in columns.items()]
    node.RemoveAllColumns()
    node.SetUseColumnTitleAsColumnHeader(True)
    for name, array in zip(names, arrays, strict=True):
        node.AddColumn(array)
        if all(isinstance(value, bool) for value in columns[name]):
            node.SetColumnDescription(name, "1 is yes, 0 is no")
            node.SetColumnProperty(name, "truth", "true")
        unit = (units or {}).get(name, "")
        if unit:
            node.SetColumnUnitLabel(name, unit)


def rows_of(node: Any) -> list[dict[str, str | int | float | bool | None]]:
    """The rows of a table node; a gap in a column of numbers is None."""
    require_node(node, "vtkMRMLTableNode")
    table = node.GetTable()
    columns = [table.GetColumn(number) for number in range(table.GetNumberOfColumns())]
    truths = {
        column.GetName()
        for column in columns
        if node.GetColumnProperty(column.GetName(), "truth") == "true"
    }
    return [
        {column.GetName(): _value(column, number, column.GetName() in truths) for column in columns}
        for number in range(table.GetNumberOfRows())
    ]


def _column(name: str, values: Iterable[Any]) -> vtk.vtkAbstractArray:
    values = list(values)
    present = [value for value in values if value is not None]
    if all(isinstance(value, str) for value in present):
        column: Any = vtk.vtkStringArray()
        values = ["" if value is None else value for value in values]
    elif any(isinstance(value, str) for value in present):
        raise InputError(f"The column {name} mixes text and numbers; use one kind of value.")
    elif len(present) == len(values) and all(isinstance(value, int) for value in values):
        column = vtk.vtkTypeInt64Array()
        values = [int(value) for value in values]
    else:
        column = vtk.vtkDoubleArray()
        values = [math.nan if value is None else float(value) for value in values]
    column.SetName(name)
    for value in values:
        column.InsertNextValue(value)
    return column


def _value(column: Any, number: int, is_truth: bool) -> str | int | float | bool | None:
    value = column.GetValue(number)
    if is_truth:
        return bool(int(value))
    if isinstance(value, float) and math.isnan(value):
        return None
    return value
