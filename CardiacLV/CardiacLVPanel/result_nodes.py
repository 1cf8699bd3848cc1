"""What was measured on a cine as nodes: tables, curve, lines of the dimensions."""

from __future__ import annotations

from typing import Any

from slicer.i18n import tr as _

from CardiacLVPanel.curve_nodes import add_curve_nodes
from CardiacLVPanel.frame_section import DIMENSION
from MedImageLib.nodes import draw, set_result, update_table
from MedImageLib.panels.words import told
from MedImageLib.result_text import result_text


def show_result(scene: Any, parameters: Any, found: Any) -> str:
    """Tables, lines and text in place of those of the run before; returns the text.

    parameters: tables that are not chosen are made. found: analysis of the cine.
    """
    from CardiacLVLib.presentation import result, tables

    if not parameters.outputTable:
        parameters.outputTable = _table(scene, _("Left ventricle volumes"))
    if not parameters.indicesTable:
        parameters.indicesTable = _table(scene, _("Left ventricle indices"))
    units = tables.frame_units(found)
    update_table(parameters.outputTable, tables.frame_rows(found), units=units)
    update_table(parameters.indicesTable, tables.index_rows(found))
    parameters.insertionDeg = found.measured.insertion.anterior_deg
    measured = result.result_of(found)
    set_result(parameters.outputTable, measured)
    add_curve_nodes(scene, found, measured)
    draw(scene, measured.values, found.cine.frames[0].geometry, DIMENSION)
    parameters.resultText = told(result_text(result.for_reading(measured)))
    return str(parameters.resultText)


def _table(scene: Any, name: str) -> Any:
    return scene.AddNewNodeByClass("vtkMRMLTableNode", scene.GenerateUniqueName(name))
