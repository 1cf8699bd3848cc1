"""The application's stage for module files: a real scene, and a double of all that is Qt.

The double is `qt_double` in tests, `pyside_double` for pictures. On top of it stand the stand-ins
of `module_double`, or, where Slicer's sources are, Slicer's own base classes: the environment
variable MEDIMAGE_SLICER_PYTHON names the folder `Base/Python` of Slicer's sources.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
import types
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from error_display import ErrorDisplay

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
SLICER_PYTHON = os.environ.get("MEDIMAGE_SLICER_PYTHON", "")


@contextmanager
def staged(monkeypatch: Any, double: Any, base: str = "double") -> Iterator[Any]:
    """What module files import, within: `.scene`, `.logics`, `.module(name)`, `.errors`,
    `.opened` (modules and scenes that panels went to), `.qt`, `.panels` (cleaned up at the end).

    double: the module that stands for Qt. base: `double` or `slicer`.
    """
    import slicer

    from MedImageLib.headless import HeadlessApplication

    qt = double.qt_module()
    monkeypatch.setitem(sys.modules, "qt", qt)
    monkeypatch.setitem(sys.modules, "ctk", double.ctk_module())
    for name, made in double.mrml_widgets().items():
        monkeypatch.setattr(slicer, name, made, raising=False)
    errors = ErrorDisplay()
    opened: list[str] = []
    util = slicer.util
    for name, stand_in in (
        ("selectModule", opened.append),
        ("mainWindow", lambda: None),
        ("loadScene", lambda path, properties: opened.append(path)),
        ("loadUI", double.load_ui),
        ("childWidgetVariables", double.child_widget_variables),
        ("tryWithErrorDisplay", errors),
        ("settingsValue", lambda key, default, **_: default),
        ("modulePath", lambda name: str(REPOSITORY / name / f"{name}.py")),
    ):
        monkeypatch.setattr(util, name, stand_in)
    for name in ("parameterNodeWrapper", "ScriptedLoadableModule", "i18n"):
        _provide(base, name, monkeypatch)
    with HeadlessApplication() as headless:
        app = double.Application(headless.application_logic)
        monkeypatch.setattr(slicer, "app", app, raising=False)
        running = types.SimpleNamespace(
            scene=headless.scene,
            logics=headless.module_logics,
            errors=errors.shown,
            opened=opened,
            qt=qt,
            module=lambda name: _loaded(name, monkeypatch),
            new_parent=double.ModuleParent,
            panels=[],
        )
        try:
            yield running
        finally:
            for widget in running.panels:
                widget.cleanup()


def _provide(base: str, name: str, monkeypatch: Any) -> None:
    import module_double
    import slicer

    for known in [key for key in sys.modules if key.startswith(f"slicer.{name}")]:
        monkeypatch.delitem(sys.modules, known)
    if base == "slicer":
        folder = Path(SLICER_PYTHON) / "slicer"
        monkeypatch.setattr(slicer, "__path__", [*slicer.__path__, str(folder)])
        if name == "i18n":
            double: Any = types.ModuleType("slicer.i18n")
            double.tr, double.translate = module_double.tr, module_double.translate
            monkeypatch.setitem(sys.modules, "slicer.i18n", double)
            monkeypatch.setattr(slicer, "i18n", double, raising=False)
        return
    monkeypatch.setitem(sys.modules, f"slicer.{name}", module_double)
    monkeypatch.setattr(slicer, name, module_double, raising=False)


def _loaded(name: str, monkeypatch: Any) -> types.ModuleType:
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
