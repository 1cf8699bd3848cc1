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
REPOSITORY = HERE.parents[1]
MODULES = ("MedImageMetric", "CardiacLV", "AutoContour")
SLICER_PYTHON = os.environ.get("MEDIMAGE_SLICER_PYTHON", "")


@pytest.fixture(params=["double", "slicer"] if SLICER_PYTHON else ["double"])
def application(request, monkeypatch) -> Any:
    """The scene and what module files import; `.scene`, `.logics`, `.module(name)`, `.errors`.

    Panels put into `.panels` are cleaned up at the end.
    """
    slicer = pytest.importorskip("slicer")
    monkeypatch.syspath_prepend(str(HERE))
    import qt_double

    from MedImageLib.headless import HeadlessApplication

    qt, ctk = qt_double.MadeOnDemand("qt"), qt_double.MadeOnDemand("ctk")
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
    monkeypatch.setattr(slicer, "app", qt_double.Application(), raising=False)
    monkeypatch.setattr(util, "loadUI", lambda path: qt_double.load_ui(path, class_of))
    monkeypatch.setattr(util, "childWidgetVariables", qt_double.child_widget_variables)
    monkeypatch.setattr(util, "tryWithErrorDisplay", errors)
    monkeypatch.setattr(util, "settingsValue", lambda key, default, **_: default)
    monkeypatch.setattr(util, "modulePath", lambda name: str(REPOSITORY / name / f"{name}.py"))
    for name in ("parameterNodeWrapper", "ScriptedLoadableModule", "i18n"):
        _provide(request.param, name, monkeypatch)

    with HeadlessApplication() as headless:
        running = types.SimpleNamespace(
            scene=headless.scene,
            logics=headless.module_logics,
            errors=errors.shown,
            module=lambda name: _loaded(name, monkeypatch),
            new_parent=qt_double.ModuleParent,
            panels=[],
        )
        yield running
        for widget in running.panels:
            widget.cleanup()


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
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, name, module)
    spec.loader.exec_module(module)
    return module
