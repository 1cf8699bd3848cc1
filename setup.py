"""Wheels carry the product's own files (models, terminology, templates) beside the library."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class BuildWithResources(build_py):
    """Copies `Resources` to where `MedImageLib.resources` looks in an installed package."""

    def run(self) -> None:
        super().run()
        if not self.editable_mode:
            target = Path(self.build_lib, "MedImageLib", "Resources")
            shutil.copytree(Path(__file__).parent / "Resources", target, dirs_exist_ok=True)


setup(cmdclass={"build_py": BuildWithResources})
