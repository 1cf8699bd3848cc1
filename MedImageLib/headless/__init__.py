"""The application without its window: a MRML scene, pictures of views and scene files.

Built on `slicer-core` from PyPI; not for use inside the application, which has all of this.
"""

from MedImageLib.headless.application import HeadlessApplication
from MedImageLib.headless.pictures import picture_of_3d, picture_of_slice
from MedImageLib.headless.rendering import NoRendering, require_rendering
from MedImageLib.headless.scene_files import load_scene, save_scene

__all__ = [
    "HeadlessApplication",
    "NoRendering",
    "load_scene",
    "picture_of_3d",
    "picture_of_slice",
    "require_rendering",
    "save_scene",
]
