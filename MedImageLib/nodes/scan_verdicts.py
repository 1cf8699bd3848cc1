"""The verdict of the screening on a node: written once, and told by every later processing."""

from __future__ import annotations

from typing import Any

from MedImageLib.errors import Remark
from MedImageLib.nodes.matrices import require_node
from MedImageLib.scan_verdict import ScanVerdict, node_attributes, verdict_of_attributes


def set_scan_verdict(node: Any, verdict: ScanVerdict | None) -> None:
    """Note a verdict on a volume or sequence node, in place of an earlier one; None takes it away.

    Raises InputError for nodes of another kind.
    """
    require_node(node, "vtkMRMLSequenceNode" if _is_sequence(node) else "vtkMRMLVolumeNode")
    blank = ScanVerdict("normal", 0.0, 0.0, 0.0, "")
    for name, text in node_attributes(verdict or blank).items():
        node.SetAttribute(name, text if verdict else None)


def scan_verdict_of(node: Any) -> ScanVerdict | None:
    """The verdict that a node carries, or None."""
    blank = node_attributes(ScanVerdict("normal", 0.0, 0.0, 0.0, ""))
    return verdict_of_attributes({name: node.GetAttribute(name) or "" for name in blank})


def verdict_remarks(node: Any) -> tuple[Remark, ...]:
    """What processing of the node should tell first: nothing of a normal or unscreened scan."""
    verdict = scan_verdict_of(node)
    remark = verdict.remark() if verdict else None
    return (remark,) if remark else ()


def _is_sequence(node: Any) -> bool:
    return node is not None and bool(node.IsA("vtkMRMLSequenceNode"))
