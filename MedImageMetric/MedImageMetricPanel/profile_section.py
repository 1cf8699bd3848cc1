"""The site profile in use, and its calibration from labeled samples."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from slicer.i18n import tr as _

from MedImageLib.panels.words import told

CALIBRATE = "MedImageMetricLib.radiograph.calibrating:calibrate"


class ProfileSection:
    """Says what the chosen profile holds; makes a new one.

    choose(path): takes a profile into use.
    """

    def __init__(self, ui: Any, choose: Callable[[str], None]) -> None:
        self._ui, self._choose = ui, choose
        self._shown: str | None = None
        ui.profileButton.connect("clicked(bool)", self._ask)

    def show(self, path: str) -> None:
        """Say what a profile holds; an empty path means the defaults."""
        if path == self._shown:
            return
        self._shown = path
        self._ui.profileLabel.text = self._words(path)

    def calibrate(self, rules: str, run: Callable[..., Any]) -> None:
        """Calibrate as the section says and take the profile into use.

        Raises InputError and SettingsError in words; then the profile in use stays.
        """
        from MedImageLib.errors import InputError
        from MedImageMetricLib.radiograph.calibration_report import PROFILE_FILE
        from MedImageMetricLib.radiograph.calibration_settings import CalibrationSettings

        ui = self._ui
        samples, folder = ui.samplesPathLineEdit.currentPath, ui.calibrationPathLineEdit.currentPath
        if not samples or not folder:
            raise InputError(
                "A calibration needs a file of labeled samples and a new folder for the profile; "
                "choose both."
            )
        author = ui.authorLineEdit.text
        previous = Path(self._shown) if self._shown else None
        run(
            CALIBRATE,
            Path(samples),
            Path(folder),
            CalibrationSettings(),
            rules,
            ui.siteLineEdit.text,
            author,
            previous,
        )
        self._choose(str(Path(folder) / PROFILE_FILE))

    def _ask(self) -> None:
        import qt

        title, kind = _("Site profile"), "*.json *.toml"
        path = qt.QFileDialog.getOpenFileName(None, title, self._shown or "", kind)
        if path:
            self._choose(path)

    def _words(self, path: str) -> str:
        if not path:
            return _("The default thresholds are in use.")
        from MedImageLib.errors import MedImageError
        from MedImageMetricLib.radiograph.calibrating import profile_words
        from MedImageMetricLib.radiograph.site_profile import read_profile

        try:
            return told(profile_words(read_profile(path)))
        except (MedImageError, OSError) as error:
            return told(str(error))
