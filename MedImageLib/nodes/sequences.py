"""`VolumeSequence` to a sequence node with its browser and proxy, and back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from MedImageLib.errors import InputError, Remark
from MedImageLib.geometry import Geometry
from MedImageLib.nodes.matrices import require_node
from MedImageLib.nodes.scan_verdicts import verdict_remarks
from MedImageLib.nodes.segmentations import (
    Segment,
    add_segmentation,
    segmentation_labels,
    update_segmentation,
)
from MedImageLib.nodes.volumes import ATTRIBUTE, add_volume, update_volume, volume_of
from MedImageLib.volume import Volume, VolumeSequence


def add_volume_sequence(
    scene: Any,
    sequence: VolumeSequence,
    name: str,
    *,
    window_level: tuple[float, float] | None = None,
) -> tuple[Any, Any, Any]:
    """Add a sequence of volumes; return the sequence node, its browser and the proxy volume.

    The proxy is the volume node that the views show; it displays the first frame.
    """
    proxy = add_volume(scene, sequence.frames[0], name, window_level=window_level)
    node = scene.AddNewNodeByClass(
        "vtkMRMLSequenceNode", scene.GenerateUniqueName(f"{name} sequence")
    )
    node.SetIndexName(sequence.index_name)
    node.SetIndexUnit(sequence.index_unit)
    node.SetIndexTypeFromString("numeric")
    node.SetAttribute(
        f"{ATTRIBUTE}Remarks", json.dumps([[r.code, r.text] for r in sequence.remarks])
    )
    scratch = scene.CreateNodeByClass(proxy.GetClassName())
    scratch.UnRegister(None)
    for frame, value in zip(sequence.frames, sequence.index_values, strict=True):
        update_volume(scratch, frame)
        data = node.SetDataNodeAtValue(scratch, repr(float(value)))
        data.SetName(f"{name} {value:g} {sequence.index_unit}")
    browser = scene.AddNewNodeByClass(
        "vtkMRMLSequenceBrowserNode", scene.GenerateUniqueName(f"{name} browser")
    )
    browser.SetAndObserveMasterSequenceNodeID(node.GetID())
    _show_through(browser, node, proxy)
    browser.SetSaveChanges(node, False)
    browser.SetSelectedItemNumber(0)
    return node, browser, proxy


def add_segmentation_sequence(
    scene: Any,
    labels: Sequence[Volume],
    segments: Iterable[Segment],
    volume_sequence_node: Any,
    browser: Any,
    name: str,
) -> tuple[Any, Any]:
    """Add a sequence of segmentations that runs along with a sequence of volumes.

    labels: one label map for each frame of `volume_sequence_node`, in the order of its frames.
    browser: the browser of that sequence; it shows the segmentation of the frame it is at.
    Returns the sequence node and its proxy segmentation.
    Raises InputError when the numbers of frames differ.
    """
    count = volume_sequence_node.GetNumberOfDataNodes()
    if len(labels) != count:
        raise InputError(
            f"{name}: {len(labels)} label maps for the {count} frames of "
            f"{volume_sequence_node.GetName()}."
        )
    segments = tuple(segments)
    proxy = add_segmentation(scene, labels[0], segments, name, with_surfaces=False)
    node = scene.AddNewNodeByClass(
        "vtkMRMLSequenceNode", scene.GenerateUniqueName(f"{name} sequence")
    )
    node.SetIndexName(volume_sequence_node.GetIndexName())
    node.SetIndexUnit(volume_sequence_node.GetIndexUnit())
    node.SetIndexType(volume_sequence_node.GetIndexType())
    for number, frame in enumerate(labels):
        update_segmentation(proxy, frame, segments, with_surfaces=False)
        node.SetDataNodeAtValue(proxy, volume_sequence_node.GetNthIndexValue(number))
    browser.AddSynchronizedSequenceNode(node)
    _show_through(browser, node, proxy)
    browser.SetSaveChanges(node, True)
    return node, proxy


def segmentation_sequence_labels(
    node: Any, geometry: Geometry, segment_names: Sequence[str] | None = None
) -> tuple[Volume, ...]:
    """The label maps of a sequence of segmentations, in the order of its index values.

    geometry: grid of the result. segment_names: which segments, labeled 1, 2, … in this order;
    by default all in their order. An edit of the frame shown has come into the sequence before.
    Raises InputError when the sequence is empty, holds other nodes or lacks a segment.
    """
    require_node(node, "vtkMRMLSequenceNode")
    return tuple(
        segmentation_labels(node.GetNthDataNode(number), geometry, segment_names)
        for number in _order(node)
    )


def _show_through(browser: Any, sequence_node: Any, proxy: Any) -> None:
    """Let `proxy` show the sequence, instead of the node that the sequences logic made itself."""
    automatic = browser.GetProxyNode(sequence_node)
    browser.AddProxyNode(proxy, sequence_node, False)
    browser.SetOverwriteProxyName(sequence_node, False)
    if automatic is not None and automatic is not proxy:
        display = automatic.GetDisplayNode()
        browser.GetScene().RemoveNode(automatic)
        if display is not None:
            browser.GetScene().RemoveNode(display)


def browser_of(scene: Any, sequence: Any, make: bool = False) -> Any:
    """The browser that plays a sequence node; None when there is none, or a new one with `make`."""
    kind = "vtkMRMLSequenceBrowserNode"
    found = scene.GetNodesByClass(kind)
    found.UnRegister(None)
    for number in range(found.GetNumberOfItems()):
        browser = found.GetItemAsObject(number)
        if browser.GetMasterSequenceNode() == sequence:
            return browser
    if not make:
        return None
    browser = scene.AddNewNodeByClass(kind)
    browser.SetAndObserveMasterSequenceNodeID(sequence.GetID())
    return browser


def volume_sequence_of(node: Any) -> VolumeSequence:
    """The volumes of a sequence node, in the order of their index values.

    A verdict of the screening that the node carries becomes a remark unless it is `normal`.
    Raises InputError when the sequence is empty, holds other nodes than volumes or has index
    values that are no numbers.
    """
    require_node(node, "vtkMRMLSequenceNode")
    order = _order(node)
    return VolumeSequence(
        frames=tuple(volume_of(node.GetNthDataNode(number)) for number in order),
        index_values=tuple(float(node.GetNthIndexValue(number)) for number in order),
        index_name=node.GetIndexName() or "time",
        index_unit=node.GetIndexUnit() or "",
        remarks=tuple(
            Remark(code, text)
            for code, text in json.loads(node.GetAttribute(f"{ATTRIBUTE}Remarks") or "[]")
        )
        + verdict_remarks(node),
    )


def _order(node: Any) -> list[int]:
    """Numbers of the data nodes by rising index value. Raises InputError as the callers say."""
    count = node.GetNumberOfDataNodes()
    if count == 0:
        raise InputError(f"The sequence {node.GetName()} is empty. Load or record frames.")
    texts = [node.GetNthIndexValue(number) for number in range(count)]
    try:
        values = [float(text) for text in texts]
    except ValueError as error:
        raise InputError(
            f"The sequence {node.GetName()} has index values that are no numbers: {error}."
        ) from error
    return sorted(range(count), key=values.__getitem__)
