"""Columns of a table node as a chart that the application's plot views show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from MedImageLib.errors import InputError
from MedImageLib.nodes.matrices import require_node
from MedImageLib.nodes.tables import Row, add_table

# Okabe and Ito, dark enough on white; markers tell the lines apart as well.
_COLORS = ((0.0, 0.45, 0.7), (0.84, 0.37, 0.0), (0.0, 0.62, 0.45), (0.8, 0.47, 0.65))
_MARKERS = ("circle", "square", "diamond", "plus")


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
    above = _titled(table_node, columns[0]) if len(columns) == 1 else ""
    chart = _chart(scene, name, _titled(table_node, x), above)
    return [
        chart,
        *(add_line_to(scene, chart, table_node, x, column, marker=True) for column in columns),
    ]


def add_line_to(
    scene: Any,
    chart: Any,
    table_node: Any,
    x: str,
    column: str,
    *,
    marker: bool = False,
    line: bool = True,
    dashed: bool = False,
    name: str = "",
) -> Any:
    """Add a column of a table over the column `x` to a chart; return the node of the line.

    Each has a color of its own, and a marker or dashes so that color is not needed. name: in the
    legend; by default the column's.
    """
    number = chart.GetNumberOfPlotSeriesNodes()
    words = name or column.replace("_", " ")
    series = scene.AddNewNodeByClass("vtkMRMLPlotSeriesNode", scene.GenerateUniqueName(words))
    series.SetAndObserveTableNodeID(table_node.GetID())
    series.SetXColumnName(x)
    series.SetYColumnName(column)
    series.SetPlotType(series.PlotTypeScatter)
    style = _MARKERS[number % len(_MARKERS)] if marker else "none"
    series.SetMarkerStyle(series.GetMarkerStyleFromString(style))
    series.SetLineStyle(series.GetLineStyleFromString(_line_style(line, dashed)))
    series.SetColor(*_COLORS[number % len(_COLORS)])
    chart.AddAndObservePlotSeriesNodeID(series.GetID())
    return series


def add_bars(
    scene: Any, rows: Sequence[Row], x: str, column: str, marks: Mapping[str, float], name: str
) -> list[Any]:
    """Add a chart of bars with upright marked lines; return its node and all nodes of it.

    rows: of a table that is made. marks: place on x by the words of the legend.
    """
    table = add_table(scene, rows, name)
    chart = _chart(scene, name, x.replace("_", " "), column.replace("_", " "))
    bars = add_line_to(scene, chart, table, x, column)
    bars.SetPlotType(bars.PlotTypeScatterBar)
    nodes = [chart, table, bars]
    top = max(float(row[column] or 0) for row in rows)
    for words, place in marks.items():
        upright = [{x: float(place), column: 0.0}, {x: float(place), column: top}]
        ends = add_table(scene, upright, words)
        dashed = chart.GetNumberOfPlotSeriesNodes() == 1
        line = add_line_to(scene, chart, ends, x, column, dashed=dashed, name=words)
        line.SetLineWidth(3)
        nodes += [ends, line]
    return nodes


def _chart(scene: Any, name: str, x: str, y: str) -> Any:
    chart = scene.AddNewNodeByClass("vtkMRMLPlotChartNode", scene.GenerateUniqueName(name))
    chart.SetTitle(name)
    chart.SetXAxisTitle(x)
    chart.SetYAxisTitle(y)
    return chart


def _line_style(line: bool, dashed: bool) -> str:
    return ("dash" if dashed else "solid") if line else "none"


def _titled(table_node: Any, column: str) -> str:
    unit = table_node.GetColumnUnitLabel(column)
    words = column.replace("_", " ")
    return f"{words} ({unit})" if unit else words
