import slicer
from DICOMLib import DICOMLoadable, DICOMPlugin
from slicer.i18n import tr as _
from slicer.i18n import translate

#
# CardiacLVDICOMPluginClass
#


class CardiacLVDICOMPluginClass(DICOMPlugin):
    """Offers cine MR whose planes and phases are complete; the decision is the package's."""

    def __init__(self):
        super().__init__()
        self.loadType = _("Cine MR as sequence")

    def examineForImport(self, fileLists):
        """Returns a list of DICOMLoadable instances, one for each complete cine."""
        from CardiacLVLib.cine.dicom_grid import offered_cines

        return [self.loadableOf(offer) for offer in offered_cines(fileLists)]

    def loadableOf(self, offer):
        loadable = DICOMLoadable()
        loadable.files = [str(path) for path in offer.files]
        loadable.name = offer.name
        loadable.tooltip = _("Phases told apart by {tag}").format(tag=offer.tag)
        loadable.warning = ""
        loadable.selected = True
        loadable.confidence = 0.9 if offer.planes > 1 else 0.6
        return loadable

    def load(self, loadable):
        """Adds a sequence of volumes with its browser; returns the sequence node."""
        from pathlib import Path

        from CardiacLVLib.cine.cine_input import load_listed_cine
        from MedImageLib.nodes import add_volume_sequence

        with slicer.util.tryWithErrorDisplay(_("The cine could not be loaded."), waitCursor=True):
            cine = load_listed_cine([Path(name) for name in loadable.files])
            sequence, browser, proxy = add_volume_sequence(slicer.mrmlScene, cine, loadable.name)
            self.addSeriesInSubjectHierarchy(loadable, proxy)
            if hasattr(slicer.modules, "sequences"):
                slicer.modules.sequences.setToolBarActiveBrowserNode(browser)
            return sequence
        return False


#
# CardiacLVDICOMPlugin
#


class CardiacLVDICOMPlugin:
    """Registers the plugin with the DICOM module; it has no panel."""

    def __init__(self, parent):
        parent.title = _("Cardiac LV DICOM Plugin")
        parent.categories = [
            translate("qSlicerAbstractCoreModule", "Developer Tools.DICOM Plugins")
        ]
        parent.contributors = ["MedImage contributors"]
        parent.helpText = _(
            "Loads cine MR from the DICOM browser as a sequence. Not a medical device."
        )
        parent.acknowledgementText = ""
        parent.hidden = True

        # The DICOM module may be loaded later than this one: then it finds the list made here.
        if not hasattr(slicer.modules, "dicomPlugins"):
            slicer.modules.dicomPlugins = {}
        slicer.modules.dicomPlugins["CardiacLVDICOMPlugin"] = CardiacLVDICOMPluginClass
