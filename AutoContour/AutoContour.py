"""Radiotherapy studies: registration, fusion, contours and their review.

Thin: what is computed lies in `AutoContourLib` and `MedImageLib`, which know no application.
"""

import importlib.util
import sys
from pathlib import Path

import slicer
import vtk
from slicer import (
    vtkMRMLLinearTransformNode,
    vtkMRMLScalarVolumeNode,
    vtkMRMLSegmentationNode,
    vtkMRMLTransformNode,
)
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.parameterNodeWrapper import parameterNodeWrapper
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleLogic,
    ScriptedLoadableModuleTest,
    ScriptedLoadableModuleWidget,
)
from slicer.util import VTKObservationMixin

if importlib.util.find_spec("MedImageLib") is None:
    # Loaded from the sources: the shared library lies beside this module's folder.
    sys.path.append(str(Path(__file__).resolve().parents[1]))

#
# AutoContour
#


class AutoContour(ScriptedLoadableModule):
    """Prepares a radiotherapy study before anybody asks."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        self.parent.title = _("Auto Contour")
        self.parent.categories = [translate("qSlicerAbstractCoreModule", "Radiotherapy")]
        self.parent.dependencies = []
        self.parent.contributors = ["MedImage contributors"]
        self.parent.helpText = _("""
Classifies, registers, fuses and contours the images of a radiotherapy study as soon as it arrives,
and collects them for review. Every contour is to be looked at by a person: A approves, R rejects
the chosen one. The offset of two images is six numbers that follow when it is moved by hand.
<p>For research use. Not a medical device.</p>
""")
        self.parent.acknowledgementText = _("""
Implements methods of US 12,394,057 B2, "Method, device, and system for processing medical image"
(Our United).
""")
        slicer.app.connect("startupCompleted()", registerSampleData)


def registerSampleData() -> None:
    """Offer scans in the Sample Data module."""
    from MedImageLib.panels.sample_data import (
        add_generated_patient,
        register_downloads,
        register_generated,
    )

    register_generated(
        _("Generated patient: two CT, one MR"), "sample_patient.png", add_generated_patient
    )
    register_downloads(("CTMRBrain/CT", "CTMRBrain/T1", "CTChest"), "sample_patient.png")


#
# AutoContourParameterNode
#


@parameterNodeWrapper
class AutoContourParameterNode:
    """
    The parameters needed by the module.

    inputVolume - The first image: the planning one.
    secondVolume - A further image of the patient.
    outputSegmentation - Where contours are put; a new node when none is chosen.
    secondSegmentation - Contours of the second image.
    targetSegmentation - The target contour, made of approved ones.
    offset - Rigid offset of the second image.
    field - Displacement field of the second image.
    fusedVolume - Both images as one.
    resultText - What was found, in words.
    """

    inputVolume: vtkMRMLScalarVolumeNode
    secondVolume: vtkMRMLScalarVolumeNode
    outputSegmentation: vtkMRMLSegmentationNode
    secondSegmentation: vtkMRMLSegmentationNode
    targetSegmentation: vtkMRMLSegmentationNode
    offset: vtkMRMLLinearTransformNode
    field: vtkMRMLTransformNode
    fusedVolume: vtkMRMLScalarVolumeNode
    resultText: str = ""


#
# AutoContourWidget
#


class AutoContourWidget(ScriptedLoadableModuleWidget, VTKObservationMixin):
    """The panel: select, press Apply, read what was found."""

    def __init__(self, parent=None) -> None:
        """Called when the user opens the module the first time."""
        ScriptedLoadableModuleWidget.__init__(self, parent)
        VTKObservationMixin.__init__(self)
        self.logic = None
        self.sections = None
        self.run = None
        self._offset = None
        self._parameterNode = None
        self._parameterNodeGuiTag = None

    def setup(self) -> None:
        """Called when the user opens the module the first time and the widget is initialized."""
        ScriptedLoadableModuleWidget.setup(self)

        uiWidget = slicer.util.loadUI(self.resourcePath("UI/AutoContour.ui"))
        self.layout.addWidget(uiWidget)
        self.ui = slicer.util.childWidgetVariables(uiWidget)
        uiWidget.setMRMLScene(slicer.mrmlScene)

        self.logic = AutoContourLogic()

        from AutoContourPanel.sections import Sections
        from MedImageLib.in_slicer import PanelRun

        ui = self.ui
        self.run = PanelRun(ui.applyButton, ui.statusLabel, ui.progressBar, _("Cancel"))
        self.sections = Sections(ui, self.logic, self.run, lambda: self._parameterNode)
        ui.progressBar.visible = False

        # Connections
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.StartCloseEvent, self.onSceneStartClose)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.EndCloseEvent, self.onSceneEndClose)

        # Buttons
        ui.applyButton.connect("clicked(bool)", self.onApplyButton)
        ui.registerButton.connect("clicked(bool)", self.onRegisterButton)

        self.initializeParameterNode()

    def cleanup(self) -> None:
        """Called when the application closes and the module widget is destroyed."""
        self.sections.cancel()
        self.removeObservers()

    def enter(self) -> None:
        """Called each time the user opens this module."""
        self.initializeParameterNode()
        self.sections.review.come_back()
        self.sections.keys.install()

    def exit(self) -> None:
        """Called each time the user opens a different module."""
        self.sections.keys.remove()
        if self._parameterNode:
            self._parameterNode.disconnectGui(self._parameterNodeGuiTag)
            self._parameterNodeGuiTag = None
            self.removeObserver(
                self._parameterNode, vtk.vtkCommand.ModifiedEvent, self._checkCanApply
            )

    def onSceneStartClose(self, caller, event) -> None:
        """Called just before the scene is closed."""
        self.sections.leave_scene()
        self.setParameterNode(None)

    def onSceneEndClose(self, caller, event) -> None:
        """Called just after the scene is closed."""
        if self.parent.isEntered:
            self.initializeParameterNode()

    def initializeParameterNode(self) -> None:
        """Ensure parameter node exists and observed."""
        self.setParameterNode(self.logic.getParameterNode())
        if not self._parameterNode.inputVolume:
            firstNode = slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLScalarVolumeNode")
            if firstNode:
                self._parameterNode.inputVolume = firstNode

    def setParameterNode(self, inputParameterNode: AutoContourParameterNode | None) -> None:
        """Set and observe parameter node."""
        if self._parameterNode:
            self._parameterNode.disconnectGui(self._parameterNodeGuiTag)
            self.removeObserver(
                self._parameterNode, vtk.vtkCommand.ModifiedEvent, self._checkCanApply
            )
        self._parameterNode = inputParameterNode
        if self._parameterNode:
            # Widgets are matched by their dynamic property SlicerParameterName in the .ui file.
            self._parameterNodeGuiTag = self._parameterNode.connectGui(self.ui)
            self.addObserver(self._parameterNode, vtk.vtkCommand.ModifiedEvent, self._checkCanApply)
            self._checkCanApply()

    def _checkCanApply(self, caller=None, event=None) -> None:
        selected = bool(self._parameterNode and self._parameterNode.inputVolume)
        self.ui.applyButton.enabled = selected
        self.ui.applyButton.toolTip = (
            _("Contour the planning image") if selected else _("Select a planning image")
        )
        self.ui.registerButton.enabled = bool(selected and self._parameterNode.secondVolume)
        offset = self._parameterNode.offset if self._parameterNode else None
        if offset != self._offset:
            changed = slicer.vtkMRMLTransformNode.TransformModifiedEvent
            if self._offset:
                self.removeObserver(self._offset, changed, self.onOffsetChanged)
            self._offset = offset
            if offset:
                self.addObserver(offset, changed, self.onOffsetChanged)
        self.sections.show()

    def onApplyButton(self) -> None:
        """Run processing when user clicks "Contour" button; a click while it runs cancels."""
        if self.run.running:
            self.run.cancel()
        else:
            self._apply(self.logic.contour, _("Done. Look at every contour before you use it."))

    def _apply(self, action, done: str) -> None:
        """Do what a button says and show how it ended."""
        from MedImageLib.background.job import JobCancelledError
        from MedImageLib.in_slicer import ensure_packages
        from MedImageLib.panels.buttons import in_words

        self.ui.statusLabel.text = _("Working...")
        self.ui.registerButton.enabled = False
        with slicer.util.tryWithErrorDisplay(_("The study could not be processed.")), in_words():
            try:
                ensure_packages("AutoContour")
                action(self._parameterNode, self.run.call)
                self.ui.statusLabel.text = done
            except JobCancelledError:
                self.ui.statusLabel.text = _("Cancelled. Nothing was computed.")
            except Exception:
                self.ui.statusLabel.text = _("Nothing was computed.")
                raise
            finally:
                self._checkCanApply()

    def onRegisterButton(self) -> None:
        """Register the second image when user clicks "Register" button."""

        def register(parameters, run) -> None:
            self.sections.pair.take(self.logic.register(parameters, run))

        self._apply(register, _("Registered. Look at both images before you use the offset."))

    def onOffsetChanged(self, caller=None, event=None) -> None:
        """Called when the offset was moved by hand or by a script."""
        self.sections.pair.follow()


#
# AutoContourLogic
#


class AutoContourLogic(ScriptedLoadableModuleLogic):
    """From nodes to the package and back; nothing is computed here."""

    def __init__(self) -> None:
        """Called when the logic class is instantiated."""
        ScriptedLoadableModuleLogic.__init__(self)
        from MedImageLib.nodes import SegmentationUndo

        self.undo = SegmentationUndo()

    def getParameterNode(self):
        return AutoContourParameterNode(super().getParameterNode())

    def contour(self, parameters: AutoContourParameterNode, run=None) -> str:
        """
        Contour the planning image of the parameters into their segmentation.
        :param parameters: a segmentation is made when none is chosen
        :param run: calls a function by its name; the panel's does so in another process
        :return: what was found, in words
        """
        if not parameters.inputVolume:
            raise ValueError("Input volume is invalid")

        from AutoContourLib.contours.contour_settings import ContourSettings
        from AutoContourPanel.scene_content import show_contours
        from MedImageLib.in_slicer import run_here
        from MedImageLib.nodes import volume_of

        contour = "AutoContourLib.contours.contour_files:contour_image"
        scan = volume_of(parameters.inputVolume)
        contours, result = (run or run_here)(contour, scan, ContourSettings())
        if not parameters.outputSegmentation:
            parameters.outputSegmentation = slicer.mrmlScene.AddNewNodeByClass(
                "vtkMRMLSegmentationNode", slicer.mrmlScene.GenerateUniqueName(_("Contours"))
            )
        with self.undo.kept(parameters.outputSegmentation):
            parameters.resultText = show_contours(
                slicer.mrmlScene,
                parameters.inputVolume,
                parameters.outputSegmentation,
                *contours.label_map(),
                result,
            )
        return parameters.resultText

    def register(self, parameters: AutoContourParameterNode, run=None):
        """
        Register the second image of the parameters onto the first one; the scene stays.
        :param parameters: with inputVolume and secondVolume
        :param run: as in contour
        :return: RegisteredPair of AutoContourLib.registration.image_pair
        """
        if not parameters.inputVolume or not parameters.secondVolume:
            raise ValueError("Input volume or second volume is invalid")

        from AutoContourPanel.scene_content import stored_volume
        from MedImageLib.in_slicer import run_here

        # The offset is found from where the image was stored, not from where it was moved to.
        images = (stored_volume(one) for one in (parameters.inputVolume, parameters.secondVolume))
        register = "AutoContourLib.registration.image_pair:register_images"
        return (run or run_here)(register, *images)

    def export(
        self,
        parameters: AutoContourParameterNode,
        folder: str,
        firstSeries: str = "",
        secondSeries: str = "",
        run=None,
    ) -> None:
        """
        Write the contours and the registration as they are now into a new folder.
        :param parameters: with inputVolume and outputSegmentation
        :param folder: its path
        :param firstSeries: folder of the DICOM series of the first image, or empty
        :param secondSeries: likewise of the second one
        :param run: as in contour
        """
        if not folder:
            from MedImageLib.errors import InputError

            raise InputError("No folder is chosen; choose a new one for the files.")
        from AutoContourPanel.scene_content import contour_masks, registration_of
        from MedImageLib.in_slicer import run_here
        from MedImageLib.nodes import volume_of

        image = volume_of(parameters.inputVolume)
        (run or run_here)(
            "AutoContourLib.exporting:export_scene",
            Path(folder),
            image,
            contour_masks(parameters.outputSegmentation, image.geometry),
            Path(firstSeries) if firstSeries else None,
            Path(secondSeries) if secondSeries else None,
            registration_of(parameters.offset, parameters.field),
        )


#
# AutoContourTest
#


class AutoContourTest(ScriptedLoadableModuleTest):
    """Runs in the application; the package's own tests run outside of it."""

    def setUp(self):
        """Do whatever is needed to reset the state - typically a scene clear will be enough."""
        slicer.mrmlScene.Clear()

    def runTest(self):
        """Run as few or as many tests as needed here."""
        self.setUp()
        self.test_RefusesWhatIsNoCt()

    def test_RefusesWhatIsNoCt(self):
        """An image that is no CT is refused in words, and nothing is left half done."""
        import numpy as np

        from MedImageLib.errors import InputError

        self.delayDisplay("Starting the test")
        logic = AutoContourLogic()
        parameters = logic.getParameterNode()
        parameters.inputVolume = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode")
        slicer.util.updateVolumeFromArray(parameters.inputVolume, np.zeros((8, 8, 8), np.int16))
        with self.assertRaises(InputError):
            logic.contour(parameters)
        self.assertIsNone(parameters.outputSegmentation)
        self.delayDisplay("Test passed")
