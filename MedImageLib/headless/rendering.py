"""Is there an OpenGL that renders off screen? Asked before VTK is, which crashes without one."""

from __future__ import annotations

import ctypes
import functools
import os
import subprocess
import sys

from MedImageLib.errors import MedImageError

_WINDOW_VARIABLE = "VTK_DEFAULT_OPENGL_WINDOW"
_PROBE = (
    "import vtkmodules.vtkRenderingOpenGL2\n"
    "from vtkmodules.vtkRenderingCore import vtkRenderWindow, vtkRenderer\n"
    "window = vtkRenderWindow()\n"
    "window.SetOffScreenRendering(1)\n"
    "window.AddRenderer(vtkRenderer())\n"
    "window.Render()\n"
)
# VTK's window class, and the libraries of which it needs one.
_OFF_SCREEN = (
    ("vtkEGLRenderWindow", ("libEGL.so.1", "libEGL.so")),
    ("vtkOSOpenGLRenderWindow", ("libOSMesa.so.8", "libOSMesa.so.6", "libOSMesa.so")),
)


class NoRendering(MedImageError):  # noqa: N818  (a name that says what happened)
    """Pictures of views cannot be made on this machine."""


@functools.cache
def require_rendering() -> None:
    """Make sure that VTK can render off screen in this process.

    Each candidate is tried in a process of its own, since a driver that is only half there ends
    the process that tries it. Raises NoRendering with what to install.
    """
    if not sys.platform.startswith("linux") or os.environ.get(_WINDOW_VARIABLE):
        return
    if os.environ.get("DISPLAY") and _has_library(("libX11.so.6",)) and _renders({}):
        return
    for window_class, libraries in _OFF_SCREEN:
        choice = {_WINDOW_VARIABLE: window_class}
        if _has_library(libraries) and _renders(choice):
            os.environ.update(choice)
            return
    raise NoRendering(
        "No OpenGL library that renders without a display was found, so no pictures of views can "
        "be made. Install one: 'apt-get install libegl1 libgl1-mesa-dri' (Debian, Ubuntu; "
        "'libosmesa6' does as well) or 'dnf install mesa-libEGL mesa-dri-drivers' (Fedora)."
    )


def _has_library(names: tuple[str, ...]) -> bool:
    for name in names:
        try:
            ctypes.CDLL(name)
        except OSError:
            continue
        return True
    return False


def _renders(environment: dict[str, str]) -> bool:
    try:
        probe = subprocess.run(
            [sys.executable, "-c", _PROBE],
            env={**os.environ, **environment},
            capture_output=True,
            timeout=60,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return False
    return probe.returncode == 0
