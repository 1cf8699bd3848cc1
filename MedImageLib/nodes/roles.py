"""Nodes that a run has made, marked by an attribute, so that the next run takes their place."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from MedImageLib.nodes.subject_hierarchy import remove_node


def nodes_of_role(scene: Any, role: str, kind: str = "vtkMRMLNode") -> list[Any]:
    """Nodes of a class whose attribute `role` is set, in the order of the scene."""
    found = scene.GetNodesByClass(kind)
    found.UnRegister(None)
    nodes = [found.GetItemAsObject(n) for n in range(found.GetNumberOfItems())]
    return [node for node in nodes if node.GetAttribute(role)]


def give_role(nodes: Iterable[Any], role: str, value: str = "yes") -> None:
    """Mark nodes with the attribute `role`."""
    for node in nodes:
        node.SetAttribute(role, value)


def remove_role(scene: Any, role: str) -> None:
    """Remove all nodes of a role together with what shows and stores them."""
    for node in nodes_of_role(scene, role):
        remove_node(scene, node)
