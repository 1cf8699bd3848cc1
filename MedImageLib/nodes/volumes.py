"""`Volume` to scalar and label-map volume nodes and back.

What MRML has no place for (modality, hash of the source, remarks, tags, whether millimeters are
known) is kept as node attributes named `MedImage.*`, so that nothing is lost in a scene file.
Left-handed grids are kept here, but MRML's reader of image files makes them right-handed: the
same values at the same places, with the slices in reverse order.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import vtk

from MedImageLib.errors import InputError, Remark
from MedImageLib.geometry import Geometry
from MedImageLib.nodes.matrices import (
    array_of_image,
    array_of_matrix,
    geometry_of_ras_matrix,
    ras_world_from_node,
    require_node,
    vtk_image_of,
    vtk_matrix,
)
from MedImageLib.nodes.scan_verdicts import verdict_remarks
from MedImageLib.volume import Volume

if TYPE_CHECKING:
    from MedImageLib.nodes.segmentations import Segment

ATTRIBUTE = "MedImage."
CT_WINDOW_LEVEL_HU = (400.0, 40.0)
# Quantity and unit as Slicer's own DICOM reader sets them (DICOM PS3.16, CID 7180 and UCUM).
_CODED_UNITS = {
    "[hnsf'U]": (("112031", "DCM", "Attenuation Coefficient"), "Hounsfield unit"),
    "g/ml{SUVbw}": (
        ("126400", "DCM", "Standardized Uptake Value"),
        "Standardized Uptake Value body weight",
    ),
    "Bq/ml": (("110834", "DCM", "Radioactivity concentration"), "Becquerels/milliliter"),
}


def add_volume(
    scene: Any,
    volume: Volume,
    name: str,
    *,
    window_level: tuple[float, float] | None = None,
    segments: Iterable[Segment] = (),
) -> Any:
    """Add a volume node, or a label-map node for a label map, and return it.

    window_level: width and center of the display window in the unit of the values; by default
        the soft-tissue window for CT, else the middle 98 % of the values.
    segments: names and colors of the values of a label map.
    """
    kind = "vtkMRMLLabelMapVolumeNode" if volume.is_labelmap else "vtkMRMLScalarVolumeNode"
    node = scene.AddNewNodeByClass(kind, scene.GenerateUniqueName(name))
    update_volume(node, volume)
    node.CreateDefaultDisplayNodes()
    display = node.GetDisplayNode()
    if volume.is_labelmap:
        display.SetAndObserveColorNodeID(_color_table(scene, node.GetName(), tuple(segments)))
    else:
        width, center = window_level or default_window_level(volume)
        display.SetAndObserveColorNodeID("vtkMRMLColorTableNodeGrey")
        display.AutoWindowLevelOff()
        display.SetWindowLevel(width, center)
    return node


def update_volume(node: Any, volume: Volume) -> None:
    """Give an existing volume node the values, the place and the facts of `volume`."""
    node.SetAndObserveImageData(vtk_image_of(volume.array))
    node.SetIJKToRASMatrix(vtk_matrix(volume.geometry.ras_from_index))
    _keep_facts(node, volume)


def volume_of(node: Any) -> Volume:
    """The volume of a scalar or label-map volume node, in the world (linear parents applied).

    A verdict of the screening that the node carries becomes a remark unless it is `normal`.
    Raises InputError for nodes of another kind, without image or with several values a voxel,
    GeometryError for a sheared grid and for a node under a deformable transform.
    """
    require_node(node, "vtkMRMLScalarVolumeNode")
    image = node.GetImageData()
    if image is None or image.GetPointData().GetScalars() is None:
        raise InputError(f"The volume node {node.GetName()} holds no image. Load one.")
    if image.GetNumberOfScalarComponents() != 1:
        raise InputError(
            f"The volume node {node.GetName()} holds {image.GetNumberOfScalarComponents()} values "
            "a voxel (a color or vector image); expected one. Convert it to a scalar volume."
        )
    facts = _facts(node)
    facts["remarks"] = (*facts["remarks"], *verdict_remarks(node))
    return Volume(
        array=array_of_image(image),
        geometry=geometry_of(node),
        is_labelmap=bool(node.IsA("vtkMRMLLabelMapVolumeNode")),
        **facts,
    )


def geometry_of(node: Any) -> Geometry:
    """The grid of a volume node in the world; errors as of `volume_of`."""
    require_node(node, "vtkMRMLVolumeNode")
    if node.GetImageData() is None:
        raise InputError(f"The volume node {node.GetName()} holds no image. Load one.")
    matrix = vtk.vtkMatrix4x4()
    node.GetIJKToRASMatrix(matrix)
    return geometry_of_ras_matrix(
        ras_world_from_node(node) @ array_of_matrix(matrix),
        node.GetImageData().GetDimensions()[::-1],
        node.GetName(),
        spacing_known=node.GetAttribute(f"{ATTRIBUTE}SpacingKnown") != "false",
    )


def default_window_level(volume: Volume) -> tuple[float, float]:
    """Width and center of a display window: soft tissue for CT, else the middle 98 %."""
    if volume.modality == "CT":
        return CT_WINDOW_LEVEL_HU
    # Every n-th value is enough for a display window and keeps large volumes quick.
    values = volume.array.reshape(-1)[:: max(1, volume.array.size // 200_000)].astype(float)
    finite = values[np.isfinite(values)]
    low, high = np.percentile(finite, (1, 99)) if finite.size else (0.0, 1.0)
    return (float(max(high - low, 1e-6)), float(low + high) / 2)


def _keep_facts(node: Any, volume: Volume) -> None:
    known = "true" if volume.geometry.spacing_known else "false"
    values = {
        "SpacingKnown": known,
        "Modality": volume.modality,
        "Unit": volume.unit,
        "SourceSHA256": volume.source_sha256,
        "Remarks": json.dumps([[r.code, r.text] for r in volume.remarks]),
        "Tags": json.dumps(dict(volume.tags), default=str),
    }
    for key, value in values.items():
        node.SetAttribute(ATTRIBUTE + key, value)
    if volume.unit in _CODED_UNITS:
        import slicer

        quantity, meaning = _CODED_UNITS[volume.unit]
        for code, setter in (
            (quantity, node.SetVoxelValueQuantity),
            ((volume.unit, "UCUM", meaning), node.SetVoxelValueUnits),
        ):
            entry = slicer.vtkCodedEntry()
            entry.SetValueSchemeMeaning(*code)
            setter(entry)


def _facts(node: Any) -> dict[str, Any]:
    unit = node.GetAttribute(f"{ATTRIBUTE}Unit") or ""
    coded = node.GetVoxelValueUnits()
    if not unit and coded is not None and coded.GetCodingSchemeDesignator() == "UCUM":
        unit = coded.GetCodeValue()
    modality = node.GetAttribute(f"{ATTRIBUTE}Modality") or ""
    if not modality and unit == "[hnsf'U]":
        modality = "CT"
    return {
        "modality": modality,
        "unit": unit,
        "source_sha256": node.GetAttribute(f"{ATTRIBUTE}SourceSHA256") or "",
        "remarks": tuple(
            Remark(code, text)
            for code, text in json.loads(node.GetAttribute(f"{ATTRIBUTE}Remarks") or "[]")
        ),
        "tags": json.loads(node.GetAttribute(f"{ATTRIBUTE}Tags") or "{}"),
    }


def _color_table(scene: Any, name: str, segments: tuple[Segment, ...]) -> str:
    if not segments:
        return "vtkMRMLColorTableNodeRandom"
    table = scene.AddNewNodeByClass("vtkMRMLColorTableNode", f"{name} labels")
    table.SetTypeToUser()
    table.SetNumberOfColors(max(segment.label for segment in segments) + 1)
    table.SetColor(0, "background", 0.0, 0.0, 0.0, 0.0)
    for segment in segments:
        red, green, blue = (channel / 255.0 for channel in segment.rgb)
        table.SetColor(segment.label, segment.name, red, green, blue, 1.0)
    return table.GetID()
