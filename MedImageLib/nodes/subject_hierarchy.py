"""Nodes as the application's Data module shows them: in folders, and removed as a whole."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def add_folder(scene: Any, name: str) -> int:
    """The item of a folder of this name under the scene; made when it is not there."""
    hierarchy = _hierarchy(scene)
    item = hierarchy.GetItemChildWithName(hierarchy.GetSceneItemID(), name)
    return item or hierarchy.CreateFolderItem(hierarchy.GetSceneItemID(), name)


def place_in_folder(scene: Any, nodes: Iterable[Any], folder: int) -> None:
    """Put nodes under a folder, in order; `folder` is what `add_folder` returned.

    In the application each node has an item as soon as it is added; without it, none.
    """
    hierarchy = _hierarchy(scene)
    for node in nodes:
        item = hierarchy.GetItemByDataNode(node)
        if item:
            hierarchy.SetItemParent(item, folder)
        else:
            hierarchy.CreateItem(folder, node)


def place_beside(scene: Any, nodes: Iterable[Any], beside: Any) -> None:
    """Put nodes under the item that another node lies under: a study, a patient, a folder.

    Nothing is done where that node has no item, as in a scene without the application.
    """
    hierarchy = _hierarchy(scene)
    item = hierarchy.GetItemByDataNode(beside)
    if item:
        place_in_folder(scene, nodes, hierarchy.GetItemParent(item))


def remove_node(scene: Any, node: Any) -> None:
    """Remove a node together with its display and storage nodes, which would stay behind."""
    belonging = []
    if hasattr(node, "GetNumberOfDisplayNodes"):
        belonging += [node.GetNthDisplayNode(n) for n in range(node.GetNumberOfDisplayNodes())]
    if hasattr(node, "GetNumberOfStorageNodes"):
        belonging += [node.GetNthStorageNode(n) for n in range(node.GetNumberOfStorageNodes())]
    scene.RemoveNode(node)
    for other in belonging:
        if other is not None:
            scene.RemoveNode(other)


def _hierarchy(scene: Any) -> Any:
    import slicer

    return slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
