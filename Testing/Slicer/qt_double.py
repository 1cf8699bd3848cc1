"""Stand-ins for the parts of the application that PyPI has not: qt, ctk and their like.

Widgets are made from the real .ui files; each remembers its properties, keeps its value, emits
the signals that the application's parameter binding listens to, and does nothing else. With them,
module files run unchanged on the real MRML scene of slicer-core.
"""

from __future__ import annotations

import inspect
import sys
import types
import xml.etree.ElementTree as ET
from collections.abc import Callable
from typing import Any


class Signal:
    """What is connected to a widget's signal; each slot gets the values that it has room for."""

    def __init__(self) -> None:
        self._slots: list[Callable[..., Any]] = []

    def connect(self, slot: Callable[..., Any]) -> None:
        self._slots.append(slot)

    def disconnect(self, slot: Callable[..., Any]) -> None:
        self._slots.remove(slot)

    def emit(self, *values: Any) -> None:
        for slot in list(self._slots):
            # PythonQt, too, leaves out what a slot does not take.
            room = len(inspect.signature(slot).parameters)
            slot(*values[:room])


class Widget:
    """Any widget: values are plain attributes, their changes are signals."""

    # Attribute that a change of it tells, and the name of the signal.
    _TOLD = {  # noqa: RUF012
        "checked": ("toggled", "stateChanged"),
        "value": ("valueChanged",),
        "plainText": ("textChanged",),
        "collapsed": ("contentsCollapsed",),
        "currentIndex": ("currentIndexChanged",),
        "currentPath": ("currentPathChanged",),
    }

    def __init__(self, *_: Any) -> None:
        self._signals: dict[str, Signal] = {}
        object.__setattr__(self, "_blocked", False)
        self._properties: dict[str, Any] = {}
        self._node: Any = None
        self.children: list[Widget] = []
        self.name = ""
        self.scene: Any = None
        for key, value in {
            "enabled": True,
            "text": "",
            "toolTip": "",
            "checked": False,
            "value": 0,
            "plainText": "",
            "visible": True,
            "currentPath": "",
            "collapsed": False,
            "currentIndex": 0,
            "styleSheet": "",
            "pixmap": None,
        }.items():
            object.__setattr__(self, key, value)

    def __setattr__(self, key: str, value: Any) -> None:
        changed = key in self._TOLD and getattr(self, key) != value
        object.__setattr__(self, key, value)
        for name in self._TOLD.get(key, ()) if changed else ():
            if not self._blocked:
                self.signal(name).emit(value)

    def signal(self, name: str) -> Signal:
        return self._signals.setdefault(name.split("(")[0], Signal())

    def __getattr__(self, key: str) -> Signal:
        # PythonQt offers signals as attributes.
        if key.startswith("_") or not key.endswith(("Changed", "clicked", "toggled")):
            raise AttributeError(f"{type(self).__name__} of the double has no {key}")
        return self.signal(key)

    def connect(self, signature: str, slot: Callable[..., Any]) -> None:
        self.signal(signature).connect(slot)

    def click(self) -> None:
        """What a person does; a disabled button does nothing."""
        if self.enabled:
            self.signal("clicked").emit()

    def itself(self) -> Widget:
        return self

    def blockSignals(self, blocked: bool) -> bool:  # noqa: N802
        before, self._blocked = self._blocked, blocked
        return before

    def setFormat(self, text: str) -> None:  # noqa: N802
        self.format = text

    def setPixmap(self, pixmap: Any) -> None:  # noqa: N802
        self.pixmap = pixmap

    def clear(self) -> None:
        self.text, self.pixmap = "", None

    def property(self, name: str) -> Any:
        return self._properties.get(name)

    def isWidgetType(self) -> bool:  # noqa: N802
        return True

    def setRange(self, minimum: float, maximum: float) -> None:  # noqa: N802
        self.minimum, self.maximum = minimum, maximum

    def setPlainText(self, text: str) -> None:  # noqa: N802
        self.plainText = text

    def toPlainText(self) -> str:  # noqa: N802
        return self.plainText

    def setMRMLScene(self, scene: Any) -> None:  # noqa: N802
        for widget in (self, *self.descendants()):
            widget.scene = scene

    def currentNode(self) -> Any:  # noqa: N802
        return self._node

    def setCurrentNode(self, node: Any) -> None:  # noqa: N802
        if node is not self._node:
            self._node = node
            self.signal("currentNodeChanged").emit(node)

    def addWidget(self, widget: Widget) -> None:  # noqa: N802
        self.children.append(widget)

    def descendants(self) -> list[Widget]:
        return [w for child in self.children for w in (child, *child.descendants())]


class Table(Widget):
    """A QTableWidget: cells of text, one of which is the current one."""

    def __init__(self, *_: Any) -> None:
        super().__init__()
        self.headers: list[str] = []
        self.rows: list[list[Any]] = []
        self._current = -1

    def setColumnCount(self, count: int) -> None:  # noqa: N802
        self.headers = [""] * count

    def setHorizontalHeaderLabels(self, labels: list[str]) -> None:  # noqa: N802
        assert len(labels) == len(self.headers)
        self.headers = labels

    def setRowCount(self, count: int) -> None:  # noqa: N802
        self.rows = [
            self.rows[n] if n < len(self.rows) else [None] * len(self.headers) for n in range(count)
        ]

    def setItem(self, row: int, column: int, item: Any) -> None:  # noqa: N802
        self.rows[row][column] = item

    def texts(self) -> list[list[str]]:
        return [[item.text for item in row] for row in self.rows]

    def currentRow(self) -> int:  # noqa: N802
        return self._current

    def setCurrentCell(self, row: int, column: int) -> None:  # noqa: N802
        before, self._current = self._current, row
        if row != before and not self._blocked:
            self.signal("currentCellChanged").emit(row, column, before, 0)

    def verticalHeader(self) -> Any:  # noqa: N802
        return types.SimpleNamespace(hide=lambda: None, setDefaultSectionSize=lambda _: None)

    def horizontalHeader(self) -> Any:  # noqa: N802
        return types.SimpleNamespace(setStretchLastSection=lambda _: None)

    def setEditTriggers(self, triggers: Any) -> None:  # noqa: N802
        pass

    def setSelectionBehavior(self, behavior: Any) -> None:  # noqa: N802
        pass

    def setSelectionMode(self, mode: Any) -> None:  # noqa: N802
        pass

    def resizeColumnsToContents(self) -> None:  # noqa: N802
        pass


class TableItem:
    """A QTableWidgetItem."""

    def __init__(self, text: str) -> None:
        self.text, self.tip = text, ""

    def setToolTip(self, text: str) -> None:  # noqa: N802
        self.tip = text


class Pixmap:
    """A QPixmap: the bytes of a picture."""

    def __init__(self) -> None:
        self.png = b""

    def loadFromData(self, data: bytes) -> bool:  # noqa: N802
        self.png = bytes(data)
        return self.png.startswith(b"\x89PNG")

    def scaledToWidth(self, width: int, mode: Any) -> Pixmap:  # noqa: N802
        return self


class FileDialog:
    """A QFileDialog: answers the path that a test has put into `chosen`."""

    chosen = ""

    @classmethod
    def getOpenFileName(cls, parent: Any, title: str, path: str, kinds: str) -> str:  # noqa: N802
        return cls.chosen


class ComboBox(Widget):
    """A QComboBox: items of text, one of which is the current one."""

    def __init__(self, *_: Any) -> None:
        super().__init__()
        self.items: list[str] = []

    def addItems(self, items: list[str]) -> None:  # noqa: N802
        self.items += items

    @property
    def currentText(self) -> str:  # noqa: N802
        return self.items[self.currentIndex]

    def setCurrentText(self, text: str) -> None:  # noqa: N802
        self.currentIndex = self.items.index(text)


class Timer(Widget):
    """A QTimer that a test lets run out by emitting `timeout`."""

    def setInterval(self, milliseconds: int) -> None:  # noqa: N802
        self.interval = milliseconds

    def start(self) -> None:
        self.active = True

    def stop(self) -> None:
        self.active = False


class Shortcut(Widget):
    """A QShortcut; `pressed` holds those that are there, by their keys."""

    there: dict[str, Widget] = {}  # noqa: RUF012

    def setKey(self, key: str) -> None:  # noqa: N802
        self.there[key] = self

    def setParent(self, parent: Any) -> None:  # noqa: N802
        pass

    def deleteLater(self) -> None:  # noqa: N802
        for key in [key for key, one in self.there.items() if one is self]:
            del self.there[key]


class Constants:
    """Enumerations: any name."""

    def __getattr__(self, name: str) -> str:
        return name


class ModuleParent(Widget):
    """What the application gives a panel to live in, while its module is the one shown."""

    isEntered = True  # noqa: N815

    def __init__(self) -> None:
        super().__init__()
        self._layout = Widget()

    def layout(self) -> Widget:
        return self._layout


class MadeOnDemand(types.ModuleType):
    """A module whose classes are made, once each, when they are asked for."""

    def __init__(self, name: str, **known: Any) -> None:
        super().__init__(name)
        for key, value in known.items():
            setattr(self, key, value)

    def __getattr__(self, name: str) -> type[Widget]:
        if name.startswith("__"):
            raise AttributeError(name)
        made = type(name, (Widget,), {})
        setattr(self, name, made)
        return made


def qt_module() -> MadeOnDemand:
    """The module `qt`."""
    return MadeOnDemand(
        "qt",
        QTableWidget=type("QTableWidget", (Table,), {}),
        QTableWidgetItem=TableItem,
        QPixmap=Pixmap,
        QByteArray=bytes,
        QFileDialog=type("QFileDialog", (FileDialog,), {}),
        QComboBox=type("QComboBox", (ComboBox,), {}),
        QTimer=Timer,
        QShortcut=type("QShortcut", (Shortcut,), {"there": {}}),
        QKeySequence=str,
        QAbstractItemView=Constants(),
        Qt=Constants(),
    )


class Application:
    """`slicer.app`: remembers who waits for its start; has nothing else to do."""

    def __init__(self, application_logic: Any = None) -> None:
        self.started = Signal()
        self._application_logic = application_logic
        plot = types.SimpleNamespace(plotView=Widget().itself)
        self._layout_manager = types.SimpleNamespace(
            plotViewCount=1, plotWidget=lambda _: plot, threeDViewCount=0
        )

    def layoutManager(self) -> Any:  # noqa: N802
        return self._layout_manager

    def applicationLogic(self) -> Any:  # noqa: N802
        return self._application_logic

    def connect(self, signature: str, slot: Callable[..., Any]) -> None:
        if signature != "startupCompleted()":
            raise ValueError(f"the application has no signal {signature}")
        self.started.connect(slot)

    def moduleManager(self) -> Widget:  # noqa: N802
        return Widget()

    def processEvents(self) -> None:  # noqa: N802
        pass

    def testingEnabled(self) -> bool:  # noqa: N802
        return True


_MRML_WIDGETS = {
    name: type(name, (Widget,), {})
    for name in (
        "qMRMLNodeComboBox",
        "qMRMLWidget",
        "qMRMLSliderWidget",
        "qMRMLSpinBox",
        "qMRMLRangeWidget",
        "qMRMLCheckableNodeComboBox",
    )
}


def ctk_module() -> MadeOnDemand:
    """The module `ctk`."""
    return MadeOnDemand("ctk")


def mrml_widgets() -> dict[str, type[Widget]]:
    """Widgets that are attributes of `slicer`."""
    return dict(_MRML_WIDGETS)


def load_ui(path: str) -> Widget:
    """The tree of widgets of a .ui file, of the classes of the modules that are in place."""

    def class_of(name: str) -> type[Widget]:
        if name in _MRML_WIDGETS:
            return _MRML_WIDGETS[name]
        module = sys.modules["ctk" if name.startswith("ctk") else "qt"]
        made: type[Widget] = getattr(module, name)
        return made

    return _built(ET.parse(path).getroot().find("widget"), class_of)


def child_widget_variables(root: Widget) -> types.SimpleNamespace:
    """Each named widget as an attribute, as `slicer.util.childWidgetVariables` gives them."""
    widgets = {w.name: w for w in (root, *root.descendants()) if w.name}
    return types.SimpleNamespace(**widgets)


def _built(element: ET.Element | None, class_of: Callable[[str], type[Widget]]) -> Widget:
    assert element is not None, "the .ui file has no widget"
    widget = class_of(element.get("class", ""))()
    widget.name = element.get("name", "")
    for item in element.findall("property"):
        value: Any = "".join(item.itertext()).strip()
        if item.find("bool") is not None:
            value = value == "true"
        if item.get("stdset") == "0":
            widget._properties[item.get("name", "")] = value
        elif item.get("name") in ("text", "toolTip", "enabled", "collapsed", "checked"):
            setattr(widget, item.get("name", ""), value)
    if isinstance(widget, ComboBox):
        widget.items = ["".join(item.itertext()).strip() for item in element.findall("item")]
    for child in _child_widgets(element):
        widget.addWidget(_built(child, class_of))
    return widget


def _child_widgets(element: ET.Element) -> list[ET.Element]:
    found = []
    for child in element:
        if child.tag == "widget":
            found.append(child)
        elif child.tag in ("layout", "item"):
            found += _child_widgets(child)
    return found
