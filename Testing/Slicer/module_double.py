"""Stand-ins for Slicer's base classes of scripted modules and its parameter node wrapper.

They do what module files rely on: a singleton parameter node in the scene, typed attributes kept
in that node, and binding to widgets by their property SlicerParameterName, with the pairs of type
and widget class that Slicer accepts. What Slicer would refuse is refused here.
"""

from __future__ import annotations

import os
import types
import typing
import unittest
from dataclasses import dataclass
from typing import Annotated, Any

import qt_double as qd

# Widget classes by type of the parameter (Slicer 5.12, exact classes).
WIDGETS: dict[type, tuple[str, ...]] = {
    bool: ("QCheckBox", "ctkCheckBox", "QPushButton", "ctkCheckablePushButton"),
    int: ("QSlider", "QSpinBox", "QDoubleSpinBox", "ctkSliderWidget", "ctkDoubleSpinBox"),
    float: ("QDoubleSpinBox", "ctkSliderWidget", "ctkDoubleSpinBox", "qMRMLSpinBox"),
    str: ("QLineEdit", "QLabel", "QTextEdit"),
}


@dataclass(frozen=True)
class WithinRange:
    """A value must lie between these, bounds included."""

    minimum: float
    maximum: float


def parameterNodeWrapper(cls: type) -> type:  # noqa: N802
    """Give a class of annotated names attributes that live in a parameter node."""
    hints = typing.get_type_hints(cls, include_extras=True)
    defaults = {name: getattr(cls, name, None) for name in hints}
    cls.allParameters = hints
    for name, hint in hints.items():
        _check_default(cls.__name__, name, hint, defaults[name])
        setattr(cls, name, property(_reader(name, hint), _writer(name, hint)))

    def __init__(self: Any, parameterNode: Any) -> None:  # noqa: N807
        self.parameterNode = parameterNode
        self._guis: dict[int, Any] = {}
        for name, hint in hints.items():
            if _is_plain(hint) and not parameterNode.GetParameter(name):
                setattr(
                    self, name, defaults[name] if defaults[name] is not None else _plain(hint)()
                )

    cls.__init__ = __init__
    cls.connectGui = _connect_gui
    cls.disconnectGui = _disconnect_gui
    cls.AddObserver = lambda self, event, callback, priority=0.0: self.parameterNode.AddObserver(
        event, callback, priority
    )
    cls.RemoveObserver = lambda self, tag: self.parameterNode.RemoveObserver(tag)
    cls.StartModify = lambda self: self.parameterNode.StartModify()
    cls.EndModify = lambda self, before: self.parameterNode.EndModify(before)
    cls.Modified = lambda self: self.parameterNode.Modified()
    return cls


def _bare(hint: Any) -> Any:
    return typing.get_args(hint)[0] if typing.get_origin(hint) is Annotated else hint


def _plain(hint: Any) -> type:
    return _bare(hint)


def _is_plain(hint: Any) -> bool:
    return _bare(hint) in WIDGETS


def _check(name: str, hint: Any, value: Any) -> None:
    bare = _bare(hint)
    if _is_plain(hint):
        if type(value) is not bare and not (bare is float and type(value) is int):
            raise TypeError(f"{name} is {value!r}; expected {bare.__name__}")
        for bound in typing.get_args(hint)[1:]:
            if isinstance(bound, WithinRange) and not bound.minimum <= value <= bound.maximum:
                raise ValueError(f"{name} is {value}; expected {bound.minimum} to {bound.maximum}")
    elif value is not None and not value.IsA(bare.__name__):
        raise TypeError(f"{name} is a {value.GetClassName()}; expected {bare.__name__}")


def _check_default(owner: str, name: str, hint: Any, default: Any) -> None:
    if not _is_plain(hint) and not _bare(hint).__name__.startswith("vtkMRML"):
        raise TypeError(f"{owner}.{name}: the double knows no type {hint}")
    if default is not None:
        _check(f"{owner}.{name}", hint, default)


def _reader(name: str, hint: Any):
    def read(self: Any) -> Any:
        if not _is_plain(hint):
            return self.parameterNode.GetNodeReference(name)
        text = self.parameterNode.GetParameter(name)
        kind = _plain(hint)
        return text == "True" if kind is bool else kind(text)

    return read


def _writer(name: str, hint: Any):
    def write(self: Any, value: Any) -> None:
        _check(name, hint, value)
        if _is_plain(hint):
            self.parameterNode.SetParameter(name, str(value))
        else:
            self.parameterNode.SetNodeReferenceID(name, value.GetID() if value else None)

    return write


def _connect_gui(self: Any, gui: types.SimpleNamespace) -> int:
    import vtk

    bound = {}
    for widget in vars(gui).values():
        name = widget.property("SlicerParameterName")
        if not name:
            continue
        if name not in self.allParameters:
            raise ValueError(f"the widget {widget.name} is bound to {name}, which is no parameter")
        hint = self.allParameters[name]
        accepted = WIDGETS.get(_bare(hint), ("qMRMLNodeComboBox",))
        if type(widget).__name__ not in accepted:
            raise TypeError(f"{name} cannot be shown by a {type(widget).__name__}")
        bound[name] = widget
    updating = []

    def show(caller: Any = None, event: Any = None) -> None:
        updating.append(True)
        for name, widget in bound.items():
            _show(widget, getattr(self, name))
        updating.pop()

    def taker(name: str, widget: qd.Widget):
        def take() -> None:
            if not updating:
                setattr(self, name, _shown(widget, _bare(self.allParameters[name])))

        return take

    connections = []
    show()
    for name, widget in bound.items():
        signal, slot = widget.signal(_signal_of(widget)), taker(name, widget)
        signal.connect(slot)
        connections.append((signal, slot))
    tag = self.AddObserver(vtk.vtkCommand.ModifiedEvent, show)
    self._guis[tag] = connections
    return tag


def _disconnect_gui(self: Any, tag: int | None) -> None:
    for signal, slot in self._guis.pop(tag, ()):
        signal.disconnect(slot)
    if tag is not None:
        self.RemoveObserver(tag)


def _signal_of(widget: qd.Widget) -> str:
    kind = type(widget).__name__
    if kind == "qMRMLNodeComboBox":
        return "currentNodeChanged"
    if kind in WIDGETS[bool]:
        return "stateChanged"
    return "textChanged" if kind in WIDGETS[str] else "valueChanged"


def _show(widget: qd.Widget, value: Any) -> None:
    kind = type(widget).__name__
    if kind == "qMRMLNodeComboBox":
        widget.setCurrentNode(value)
    elif kind in WIDGETS[bool]:
        widget.checked = value
    elif kind == "QTextEdit":
        widget.setPlainText(value)
    elif kind in WIDGETS[str]:
        widget.text = value
    else:
        widget.value = value


def _shown(widget: qd.Widget, kind: Any) -> Any:
    if type(widget).__name__ == "qMRMLNodeComboBox":
        return widget.currentNode()
    if kind is bool:
        return widget.checked
    if kind is str:
        return widget.plainText if type(widget).__name__ == "QTextEdit" else widget.text
    return kind(widget.value)


class ScriptedLoadableModule:
    """Base of a module: its description for the application."""

    def __init__(self, parent: Any) -> None:
        self.parent = parent
        self.moduleName = type(self).__name__
        self.parent.title = ""
        self.parent.categories = []

    def resourcePath(self, name: str) -> str:  # noqa: N802
        return os.path.join(os.path.dirname(self.parent.path), "Resources", name)


class ScriptedLoadableModuleWidget:
    """Base of a panel."""

    def __init__(self, parent: Any = None) -> None:
        self.moduleName = type(self).__name__.removesuffix("Widget")
        self.parent = parent
        self.layout = parent.layout()

    def resourcePath(self, name: str) -> str:  # noqa: N802
        import slicer

        folder = os.path.dirname(slicer.util.modulePath(self.moduleName))
        return os.path.join(folder, "Resources", name)

    def setup(self) -> None:
        pass


class ScriptedLoadableModuleLogic:
    """Base of a logic: one parameter node of the module in the scene."""

    def __init__(self, parent: Any = None) -> None:
        self.moduleName = type(self).__name__.removesuffix("Logic")

    def getParameterNode(self) -> Any:  # noqa: N802
        import slicer

        scene = slicer.mrmlScene
        node = scene.GetSingletonNode(self.moduleName, "vtkMRMLScriptedModuleNode")
        if node is None:
            node = scene.CreateNodeByClass("vtkMRMLScriptedModuleNode")
            node.UnRegister(None)
            node.SetSingletonTag(self.moduleName)
            node.SetAttribute("ModuleName", self.moduleName)
            node.SetName(self.moduleName)
            node = scene.AddNode(node)
        return node


class ScriptedLoadableModuleTest(unittest.TestCase):
    """Base of a module's own test."""

    def delayDisplay(self, message: str) -> None:  # noqa: N802
        pass


def tr(text: str) -> str:
    """No translation."""
    return text


def translate(context: str, text: str) -> str:
    """No translation."""
    return text
