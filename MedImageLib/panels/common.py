"""The sections that every panel has: packages, models, training, and the way to the editor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from slicer.i18n import tr as _

from MedImageLib import in_slicer
from MedImageLib.panels.buttons import connect_tried
from MedImageLib.panels.models import ModelsSection
from MedImageLib.panels.training import TrainingSection


class CommonSections:
    """requester: name of the module. edit(): opens the Segment Editor on what the panel shows.
    models_changed(): called when a model was imported or removed."""

    def __init__(
        self,
        ui: Any,
        requester: str,
        edit: Callable[[], None],
        models_changed: Callable[[], None] = lambda: None,
    ) -> None:
        self.packages = in_slicer.PackagesSection(ui, _("Cancel"))
        self.models = ModelsSection(ui, (_("Model"), _("Version"), _("Size")), models_changed)
        self.training = TrainingSection(ui, lambda: in_slicer.ensure_packages(requester))
        connect_tried(
            (
                (
                    ui.installButton,
                    _("The packages could not be installed."),
                    self.packages.install,
                ),
                (ui.editButton, _("The Segment Editor could not be opened."), edit),
                (
                    ui.importModelButton,
                    _("The model was not imported."),
                    self.models.import_folder,
                ),
                (ui.removeModelButton, _("The model was not removed."), self.models.remove),
                (
                    ui.trainButton,
                    _("The training could not be started."),
                    self.training.train_or_cancel,
                ),
            )
        )

    def cancel(self) -> None:
        """End an installation and a training, if there are any."""
        self.packages.cancel()
        self.training.stop()
