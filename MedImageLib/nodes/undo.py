"""Undo of what a panel writes into segmentations.

The segments are kept by `vtkSegmentationHistory`, which Slicer's own Segment Editor uses. What
this product keeps on the node beside them (result, hash of what was made, grid) goes back with
them, so that a node after an undo is as it was before.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from MedImageLib.nodes.matrices import require_node

_PREFIX = "MedImage."
_STATES = 5


class SegmentationUndo:
    """States of segmentation nodes before each write, the last few of each node.

    `save` is called before a write; `undo` takes the last write back, with what was drawn since,
    and `redo` brings that again. `forget` is called when the scene is closed.
    """

    def __init__(self) -> None:
        self._before: dict[str, list[_State]] = {}
        self._after: dict[str, list[_State]] = {}

    def save(self, node: Any) -> None:
        """Keep the node as it is now."""
        require_node(node, "vtkMRMLSegmentationNode")
        self._before[node.GetID()] = [*self._before.get(node.GetID(), ()), _state_of(node)][
            -_STATES:
        ]
        self._after.pop(node.GetID(), None)

    @contextmanager
    def kept(self, node: Any) -> Iterator[None]:
        """Around a write: the state before it is kept, unless the write fails."""
        self.save(node)
        try:
            yield
        except Exception:
            self._before[node.GetID()].pop()
            raise

    def can_undo(self, node: Any) -> bool:
        """Whether there is a state of the node to go back to."""
        return node is not None and bool(self._before.get(node.GetID()))

    def can_redo(self, node: Any) -> bool:
        """Whether an undo can be taken back."""
        return node is not None and bool(self._after.get(node.GetID()))

    def undo(self, node: Any) -> None:
        """Bring the node back to what it was before the last write; without one it stays."""
        if self.can_undo(node):
            self._after.setdefault(node.GetID(), []).append(_state_of(node))
            _restore(self._before[node.GetID()].pop(), node)

    def redo(self, node: Any) -> None:
        """Bring the node to what it was before the last undo; without one it stays."""
        if self.can_redo(node):
            self._before.setdefault(node.GetID(), []).append(_state_of(node))
            _restore(self._after[node.GetID()].pop(), node)

    def forget(self) -> None:
        """Drop everything."""
        self._before, self._after = {}, {}


@dataclass(frozen=True)
class _State:
    """history: holds the segments. attributes: of this product. reference: node of the grid."""

    history: Any
    attributes: dict[str, str]
    grid: str
    reference: str | None


def _state_of(node: Any) -> _State:
    import slicer

    # A history for each state: its own stack would also have to hold what is beside the segments.
    history = slicer.vtkSegmentationHistory()
    history.SetSegmentation(node.GetSegmentation())
    history.SaveState()
    names = [name for name in node.GetAttributeNames() if name.startswith(_PREFIX)]
    return _State(
        history,
        {name: node.GetAttribute(name) for name in names},
        node.GetSegmentation().GetConversionParameter(_grid_name()),
        node.GetNodeReferenceID(node.GetReferenceImageGeometryReferenceRole()),
    )


def _restore(state: _State, node: Any) -> None:
    # Not available: no segment was changed since.
    if state.history.IsRestorePreviousStateAvailable():
        state.history.RestorePreviousState()
    for name in node.GetAttributeNames():
        if name.startswith(_PREFIX) and name not in state.attributes:
            node.RemoveAttribute(name)
    for name, value in state.attributes.items():
        node.SetAttribute(name, value)
    node.GetSegmentation().SetConversionParameter(_grid_name(), state.grid)
    node.SetNodeReferenceID(node.GetReferenceImageGeometryReferenceRole(), state.reference)
    node.Modified()


def _grid_name() -> str:
    import slicer

    return str(slicer.vtkSegmentationConverter.GetReferenceImageGeometryParameterName())
