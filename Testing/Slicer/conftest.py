"""Module files on the double, or, where Slicer's sources are, on Slicer's own base classes.

MEDIMAGE_SLICER_PYTHON names the folder `Base/Python` of Slicer's sources.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
import types
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))  # lets the tests of this folder share the double and the cases
REPOSITORY = HERE.parents[1]
MODULES = ("MedImageMetric", "CardiacLV", "AutoContour")
SLICER_PYTHON = os.environ.get("MEDIMAGE_SLICER_PYTHON", "")


@pytest.fixture(params=["double", "slicer"] if SLICER_PYTHON else ["double"])
def application(request, monkeypatch) -> Any:
    """The scene and what module files import; `.scene`, `.logics`, `.module(name)`, `.errors`,
    `.opened` (modules that panels went to), `.qt`.

    Panels put into `.panels` are cleaned up at the end.
    """
    slicer = pytest.importorskip("slicer")
    import qt_double

    from MedImageLib.headless import HeadlessApplication

    qt, ctk = qt_double.qt_module(), qt_double.MadeOnDemand("ctk")
    monkeypatch.setitem(sys.modules, "qt", qt)
    monkeypatch.setitem(sys.modules, "ctk", ctk)
    mrml_widgets = {}
    for name in ("qMRMLNodeComboBox", "qMRMLWidget", "qMRMLSliderWidget", "qMRMLSpinBox"):
        mrml_widgets[name] = type(name, (qt_double.Widget,), {})
    for name in ("qMRMLRangeWidget", "qMRMLCheckableNodeComboBox"):
        mrml_widgets[name] = type(name, (qt_double.Widget,), {})
    for name, made in mrml_widgets.items():
        monkeypatch.setattr(slicer, name, made, raising=False)

    def class_of(name: str) -> type[qt_double.Widget]:
        if name in mrml_widgets:
            return mrml_widgets[name]
        return getattr(ctk if name.startswith("ctk") else qt, name)

    errors = qt_double.ErrorDisplay()
    util = slicer.util
    opened: list[str] = []
    monkeypatch.setattr(util, "selectModule", opened.append)
    monkeypatch.setattr(util, "mainWindow", lambda: None)
    monkeypatch.setattr(util, "loadScene", lambda path, properties: opened.append(path))
    monkeypatch.setattr(util, "loadUI", lambda path: qt_double.load_ui(path, class_of))
    monkeypatch.setattr(util, "childWidgetVariables", qt_double.child_widget_variables)
    monkeypatch.setattr(util, "tryWithErrorDisplay", errors)
    monkeypatch.setattr(util, "settingsValue", lambda key, default, **_: default)
    monkeypatch.setattr(util, "modulePath", lambda name: str(REPOSITORY / name / f"{name}.py"))
    for name in ("parameterNodeWrapper", "ScriptedLoadableModule", "i18n"):
        _provide(request.param, name, monkeypatch)

    with HeadlessApplication() as headless:
        app = qt_double.Application(headless.application_logic)
        monkeypatch.setattr(slicer, "app", app, raising=False)
        running = types.SimpleNamespace(
            scene=headless.scene,
            logics=headless.module_logics,
            errors=errors.shown,
            opened=opened,
            qt=qt,
            module=lambda name: _loaded(name, monkeypatch),
            new_parent=qt_double.ModuleParent,
            panels=[],
        )
        yield running
        for widget in running.panels:
            widget.cleanup()


@pytest.fixture
def radiograph_network(monkeypatch):
    """Settings that the replaced network was called with."""
    import panel_cases

    return panel_cases.replace_radiograph_network(monkeypatch)


@pytest.fixture
def cine_network(monkeypatch):
    """Settings that the replaced network was called with."""
    import panel_cases

    return panel_cases.replace_cine_network(monkeypatch)


@pytest.fixture
def in_this_process(monkeypatch):
    """Nothing is installed, and what panels run in another process runs here: the networks that
    tests put in place are not known there."""
    from MedImageLib import in_slicer

    def call(run, function, *arguments):
        return in_slicer.run_here(function, *arguments)

    monkeypatch.setattr(in_slicer, "ensure_packages", lambda requester: None)
    monkeypatch.setattr(in_slicer.PanelRun, "call", call)


@pytest.fixture(autouse=True)
def own_folder(monkeypatch, tmp_path):
    """Nothing of the person who runs the tests is read or changed."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "own"))


def _provide(kind: str, name: str, monkeypatch) -> None:
    import slicer

    for known in [key for key in sys.modules if key.startswith(f"slicer.{name}")]:
        monkeypatch.delitem(sys.modules, known)
    if kind == "slicer":
        folder = Path(SLICER_PYTHON) / "slicer"
        monkeypatch.setattr(slicer, "__path__", [*slicer.__path__, str(folder)])
        if name == "i18n":
            double = types.ModuleType("slicer.i18n")
            import module_double

            double.tr, double.translate = module_double.tr, module_double.translate
            monkeypatch.setitem(sys.modules, "slicer.i18n", double)
            monkeypatch.setattr(slicer, "i18n", double, raising=False)
        return
    import module_double

    monkeypatch.setitem(sys.modules, f"slicer.{name}", module_double)
    monkeypatch.setattr(slicer, name, module_double, raising=False)


def _loaded(name: str, monkeypatch) -> types.ModuleType:
    """The module file, executed anew."""
    path = REPOSITORY / name / f"{name}.py"
    # The application puts a module's folder on the path.
    monkeypatch.syspath_prepend(str(path.parent))
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, name, module)
    spec.loader.exec_module(module)
    return module
