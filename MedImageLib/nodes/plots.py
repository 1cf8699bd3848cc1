"""Columns of a table node as a chart that the application's plot views show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from MedImageLib.errors import InputError
from MedImageLib.nodes.matrices import require_node

# Okabe and Ito, dark enough on white; markers tell the lines apart as well.
_COLORS = ((0.0, 0.45, 0.7), (0.84, 0.37, 0.0), (0.0, 0.62, 0.45), (0.8, 0.47, 0.65))
_MARKERS = ("circle", "square", "diamond", "triangle")


def add_chart(scene: Any, table_node: Any, x: str, columns: Sequence[str], name: str) -> list[Any]:
    """Add a chart of columns over the column `x`; return its node, then those of its lines.

    Units come from the table. Raises InputError for a column that the table lacks.
    """
    require_node(table_node, "vtkMRMLTableNode")
    there = [table_node.GetColumnName(n) for n in range(table_node.GetNumberOfColumns())]
    missing = [column for column in (x, *columns) if column not in there]
    if missing:
        raise InputError(
            f"The table {table_node.GetName()} has no column {', '.join(missing)}; it has "
            f"{', '.join(there) or 'none'}."
        )
    chart = scene.AddNewNodeByClass("vtkMRMLPlotChartNode", scene.GenerateUniqueName(name))
    chart.SetTitle(name)
    chart.SetXAxisTitle(_titled(table_node, x))
    chart.SetYAxisTitle(_titled(table_node, columns[0]) if len(columns) == 1 else "")
    lines = []
    for number, column in enumerate(columns):
        words = column.replace("_", " ")
        line = scene.AddNewNodeByClass("vtkMRMLPlotSeriesNode", scene.GenerateUniqueName(words))
        line.SetAndObserveTableNodeID(table_node.GetID())
        line.SetXColumnName(x)
        line.SetYColumnName(column)
        line.SetPlotType(line.PlotTypeScatter)
        line.SetMarkerStyle(line.GetMarkerStyleFromString(_MARKERS[number % len(_MARKERS)]))
        line.SetColor(*_COLORS[number % len(_COLORS)])
        chart.AddAndObservePlotSeriesNodeID(line.GetID())
        lines.append(line)
    return [chart, *lines]


def _titled(table_node: Any, column: str) -> str:
    unit = table_node.GetColumnUnitLabel(column)
    words = column.replace("_", " ")
    return f"{words} ({unit})" if unit else words
