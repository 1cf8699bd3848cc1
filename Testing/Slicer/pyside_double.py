"""PySide6 standing for PythonQt: real widgets from the real .ui files, for pictures of panels.

PythonQt offers Qt's properties as attributes and connects by signatures; PySide6 has methods and
bound signals. Each widget class is derived anew with both added. What it cannot prove: how the
application's own style and its own widgets (ctk, qMRML) look; these are plain stand-ins here.
"""

from __future__ import annotations

import functools
import inspect
import types
from collections.abc import Callable
from typing import Any

from PySide6 import QtCore, QtGui, QtUiTools, QtWidgets
from qt_double import Application as _Application

# Virtual functions of the same name as a property: Qt itself calls them.
_VIRTUAL = {"sizeHint", "minimumSizeHint"}
_VIRTUAL_OF = {"QProgressBar": {"text"}}


def _connect(self: Any, signature: str, slot: Callable[..., Any]) -> None:
    room = len(inspect.signature(slot).parameters)
    self._kept = [*getattr(self, "_kept", ()), lambda *values: slot(*values[:room])]
    getattr(self, signature.split("(")[0]).connect(self._kept[-1])


def _signal(self: Any, name: str) -> Any:
    return getattr(self, name.split("(")[0])


@functools.cache
def pythonqt(cls: type) -> type:
    """A class of PySide6 with the manners of PythonQt."""
    members: dict[str, Any] = {"connect": _connect, "signal": _signal}
    meta = cls.staticMetaObject
    left_out = _VIRTUAL | _VIRTUAL_OF.get(cls.__name__, set())
    for number in range(meta.propertyCount()):
        name = meta.property(number).name()
        own = isinstance(inspect.getattr_static(cls, name, None), QtCore.Property)
        if name not in left_out and not own:
            members[name] = property(
                functools.partial(lambda key, self: QtCore.QObject.property(self, key), name),
                functools.partial(lambda key, self, value: self.setProperty(key, value), name),
            )
    if issubclass(cls, QtWidgets.QWidget):
        members["name"] = property(lambda self: QtCore.QObject.objectName(self))
    return type(cls.__name__, (cls,), members)


class _Collapsible(QtWidgets.QGroupBox):
    contentsCollapsed = QtCore.Signal(bool)  # noqa: N815

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._text, self._is_collapsed = "", False

    def _set_text(self, text: str) -> None:
        self._text = text
        self.setTitle(f"{'▸' if self._is_collapsed else '▾'} {text}")

    def _set_collapsed(self, collapsed: bool) -> None:
        self._is_collapsed = collapsed
        self._set_text(self._text)
        self.contentsCollapsed.emit(collapsed)

    def fold(self) -> None:
        """Hide the contents of a collapsed one."""
        if self._is_collapsed:
            for child in self.findChildren(QtWidgets.QWidget):
                child.setVisible(False)
            self.layout().setContentsMargins(0, 0, 0, 0)

    text = QtCore.Property(str, lambda self: self._text, _set_text)
    collapsed = QtCore.Property(bool, lambda self: self._is_collapsed, _set_collapsed)


class _PathLineEdit(QtWidgets.QLineEdit):
    currentPathChanged = QtCore.Signal(str)  # noqa: N815

    def _set_path(self, path: str) -> None:
        if path != QtWidgets.QLineEdit.text(self):
            self.setText(path)
            self.currentPathChanged.emit(path)

    currentPath = QtCore.Property(  # noqa: N815
        str, lambda self: QtWidgets.QLineEdit.text(self), _set_path
    )


class _NodeComboBox(QtWidgets.QComboBox):
    currentNodeChanged = QtCore.Signal(object)  # noqa: N815
    _node: Any = None

    def currentNode(self) -> Any:  # noqa: N802
        return self._node

    def setCurrentNode(self, node: Any) -> None:  # noqa: N802
        if node is not self._node:
            self._node = node
            self.clear()
            self.addItem(node.GetName() if node else "None")
            self.currentNodeChanged.emit(node)


class _MrmlWidget(QtWidgets.QWidget):
    def setMRMLScene(self, scene: Any) -> None:  # noqa: N802
        for box in self.findChildren(_NodeComboBox):
            if box.count == 0:
                box.addItem("None")


_OWN = {
    "ctkCollapsibleButton": _Collapsible,
    "ctkPathLineEdit": _PathLineEdit,
    "qMRMLNodeComboBox": _NodeComboBox,
    "qMRMLWidget": _MrmlWidget,
}


@functools.cache
def _class_of(name: str) -> type:
    base = _OWN.get(name) or getattr(QtWidgets, name)
    base = type(name, (base,), {}) if name in _OWN else base
    return pythonqt(base)


class _Loader(QtUiTools.QUiLoader):
    def createWidget(self, name: str, parent: Any = None, object_name: str = "") -> Any:  # noqa: N802
        widget = _class_of(name)(parent)
        widget.setObjectName(object_name)
        return widget


class ModuleParent:
    """What the application gives a panel to live in."""

    isEntered = True  # noqa: N815

    def __init__(self) -> None:
        self.widget = QtWidgets.QWidget()
        self._layout = QtWidgets.QVBoxLayout(self.widget)

    def layout(self) -> Any:
        return self._layout


class Application(_Application):
    """`slicer.app`, which gives Qt its time."""

    def processEvents(self) -> None:  # noqa: N802
        QtWidgets.QApplication.processEvents()


def qt_module() -> Any:
    """The module `qt`."""
    if QtWidgets.QApplication.instance() is None:
        QtWidgets.QApplication([])
    module: Any = types.ModuleType("qt")
    for source in (QtCore, QtGui, QtWidgets):
        for name in dir(source):
            if name.startswith("Q"):
                setattr(module, name, getattr(source, name))
    for name in ("QTimer", "QShortcut"):
        setattr(module, name, pythonqt(getattr(module, name)))
    return module


def ctk_module() -> Any:
    """The module `ctk`."""
    return types.ModuleType("ctk")


def mrml_widgets() -> dict[str, type]:
    """Widgets that are attributes of `slicer`."""
    return {name: _class_of(name) for name in _OWN if name.startswith("qMRML")}


def load_ui(path: str) -> Any:
    """The widgets of a .ui file."""
    return _Loader().load(path)


def child_widget_variables(root: Any) -> types.SimpleNamespace:
    """Each named widget as an attribute."""
    found = [root, *root.findChildren(QtWidgets.QWidget)]
    names = {QtCore.QObject.objectName(widget): widget for widget in found}
    return types.SimpleNamespace(
        **{name: widget for name, widget in names.items() if name and not name.startswith("qt_")}
    )


def picture(parent: ModuleParent, path: str, error: str = "", width_px: int = 460) -> None:
    """A PNG of a panel at its natural height; below it the dialog of an error, if there was one."""
    for button in parent.widget.findChildren(_Collapsible):
        button.fold()
    parent.widget.setFixedWidth(width_px)
    layout = parent.widget.layout()
    for _ in range(2):  # wrapped texts know their height once they have been shown
        layout.activate()
        parent.widget.setFixedHeight(max(layout.totalHeightForWidth(width_px), 1))
        parent.widget.show()
        QtWidgets.QApplication.processEvents()
    shown = parent.widget.grab()
    if error:
        dialog = QtWidgets.QMessageBox(QtWidgets.QMessageBox.Icon.Critical, "Slicer", error)
        dialog.addButton(QtWidgets.QMessageBox.StandardButton.Ok)
        dialog.show()
        QtWidgets.QApplication.processEvents()
        shown = _below(shown, dialog.grab())
    shown.save(path)


def _below(first: Any, second: Any) -> Any:
    """Two pictures, one below the other."""
    size = QtCore.QSize(max(first.width(), second.width()), first.height() + second.height())
    both = QtGui.QPixmap(size)
    both.fill(QtCore.Qt.GlobalColor.white)
    painter = QtGui.QPainter(both)
    painter.drawPixmap(0, 0, first)
    painter.drawPixmap(0, first.height(), second)
    painter.end()
    return both
