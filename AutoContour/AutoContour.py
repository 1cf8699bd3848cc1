"""Radiotherapy studies: registration, fusion, contours and their review.

Thin: what is computed lies in `AutoContourLib` and `MedImageLib`, which know no application.
"""

import importlib.util
import sys
from pathlib import Path

import slicer
import vtk
from slicer import vtkMRMLScalarVolumeNode, vtkMRMLSegmentationNode
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
Classifies, registers, fuses and contours the images of a radiotherapy study, and collects them for
review. Contouring is not part of this version yet; the panel says so.
<p>For research use. Not a medical device.</p>
""")
        self.parent.acknowledgementText = _("""
Implements methods of US 12,394,057 B2, "Method, device, and system for processing medical image"
(Our United).
""")


#
# AutoContourParameterNode
#


@parameterNodeWrapper
class AutoContourParameterNode:
    """
    The parameters needed by the module.

    inputVolume - The planning image.
    outputSegmentation - Where contours are put; a new node when none is chosen.
    resultText - What was found, in words.
    """

    inputVolume: vtkMRMLScalarVolumeNode
    outputSegmentation: vtkMRMLSegmentationNode
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
        self.packages = None
        self.run = None
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

        from MedImageLib.in_slicer import PackagesSection, PanelRun

        ui = self.ui
        self.packages = PackagesSection(ui, _("Cancel"))
        self.run = PanelRun(ui.applyButton, ui.statusLabel, ui.progressBar, _("Cancel"))
        ui.progressBar.visible = False

        # Connections
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.StartCloseEvent, self.onSceneStartClose)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.EndCloseEvent, self.onSceneEndClose)

        # Buttons
        self.ui.installButton.connect("clicked(bool)", self.onInstallButton)
        self.ui.applyButton.connect("clicked(bool)", self.onApplyButton)

        self.initializeParameterNode()

    def cleanup(self) -> None:
        """Called when the application closes and the module widget is destroyed."""
        self.packages.cancel()
        self.run.cancel()
        self.removeObservers()

    def enter(self) -> None:
        """Called each time the user opens this module."""
        self.initializeParameterNode()

    def exit(self) -> None:
        """Called each time the user opens a different module."""
        if self._parameterNode:
            self._parameterNode.disconnectGui(self._parameterNodeGuiTag)
            self._parameterNodeGuiTag = None
            self.removeObserver(
                self._parameterNode, vtk.vtkCommand.ModifiedEvent, self._checkCanApply
            )

    def onSceneStartClose(self, caller, event) -> None:
        """Called just before the scene is closed."""
        self.run.cancel()
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

    def onApplyButton(self) -> None:
        """Run processing when user clicks "Apply" button; a click while it runs cancels."""
        if self.run.running:
            self.run.cancel()
        else:
            self._apply()

    def _apply(self) -> None:
        """Do what the button says and show how it ended."""
        from MedImageLib.background.job import JobCancelledError
        from MedImageLib.in_slicer import ensure_packages

        self.ui.statusLabel.text = _("Working...")
        with slicer.util.tryWithErrorDisplay(_("The study could not be processed.")):
            try:
                ensure_packages("AutoContour")
                self.logic.contour(self._parameterNode, self.run.call)
                self.ui.statusLabel.text = _("Done. Look at every contour before you use it.")
            except JobCancelledError:
                self.ui.statusLabel.text = _("Cancelled. Nothing was computed.")
            except Exception:
                self.ui.statusLabel.text = _("Nothing was computed.")
                raise
            finally:
                self._checkCanApply()

    def onInstallButton(self) -> None:
        """Install missing packages when user clicks "Install"; a click meanwhile cancels."""
        with slicer.util.tryWithErrorDisplay(_("The packages could not be installed.")):
            self.packages.install()


#
# AutoContourLogic
#


class AutoContourLogic(ScriptedLoadableModuleLogic):
    """From nodes to the package and back; nothing is computed here."""

    def __init__(self) -> None:
        """Called when the logic class is instantiated."""
        ScriptedLoadableModuleLogic.__init__(self)

    def getParameterNode(self):
        return AutoContourParameterNode(super().getParameterNode())

    def contour(self, parameters: AutoContourParameterNode, run=None) -> str:
        """
        Contour the planning image of the parameters into their segmentation.
        Can be used without GUI widget.
        :param parameters: see AutoContourParameterNode; a segmentation is made when none is chosen
        :param run: calls a function by its name; the panel's does so in another process
        :return: what was found, in words
        """
        if not parameters.inputVolume:
            raise ValueError("Input volume is invalid")

        from AutoContourLib.contours.contour_settings import ContourSettings
        from MedImageLib.in_slicer import run_here
        from MedImageLib.nodes import segment_of, update_segmentation, volume_of
        from MedImageLib.result_text import result_text
        from MedImageLib.terminology import structure

        settings = ContourSettings()
        contour = "AutoContourLib.contours.contour_files:contour_image"
        scan = volume_of(parameters.inputVolume)
        contours, result = (run or run_here)(contour, scan, settings)
        labels, names = contours.label_map()
        if not parameters.outputSegmentation:
            parameters.outputSegmentation = slicer.mrmlScene.AddNewNodeByClass(
                "vtkMRMLSegmentationNode", slicer.mrmlScene.GenerateUniqueName(_("Contours"))
            )
        segments = [segment_of(structure(name), value) for value, name in names.items()]
        update_segmentation(
            parameters.outputSegmentation, labels, segments, reference_node=parameters.inputVolume
        )
        parameters.resultText = result_text(result)
        return parameters.resultText


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
