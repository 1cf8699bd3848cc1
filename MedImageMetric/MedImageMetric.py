"""Chest radiographs: organs, conditions of the picture, level and findings.

Thin: what is computed lies in `MedImageMetricLib` and `MedImageLib`, which know no application.
"""

import importlib.util
import sys
from pathlib import Path
from typing import Annotated

import slicer
import vtk
from slicer import vtkMRMLScalarVolumeNode, vtkMRMLSegmentationNode
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.parameterNodeWrapper import WithinRange, parameterNodeWrapper
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
# MedImageMetric
#


class MedImageMetric(ScriptedLoadableModule):
    """Grades a frontal chest radiograph and says what is on it."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        self.parent.title = _("Image Metric")
        self.parent.categories = [translate("qSlicerAbstractCoreModule", "Quantification")]
        self.parent.dependencies = []
        self.parent.contributors = ["MedImage contributors"]
        self.parent.helpText = _("""
Grades a frontal chest radiograph: first level (good enough for a finding), intermediate level
(usable) or second level (repeat the exposure), with the reasons and the nearest change that would
lift the level; then measures the cardiothoracic ratio. Turned and inverted pictures are put right.
What does not look like a frontal chest radiograph is said to be so, and nothing is measured on it.
Choose a condition to see on the radiograph what was measured. Radiographs, CT and MR can be
compared with normal scans of their kind; what is unusual is shown on a map.
<p>For research use. Not a medical device.</p>
""")
        self.parent.acknowledgementText = _("""
Implements methods of US 2020/0211186 A1, "Systems and methods for generating image metric", and of
US 11,545,255 B2, "Classifying an anomaly medical image using variational autoencoder" (both United
Imaging Intelligence).
""")
        slicer.app.connect("startupCompleted()", registerSampleData)


def registerSampleData() -> None:
    """Offer scans in the Sample Data module."""
    from MedImageLib.panels.sample_data import add_generated_radiograph, register_generated

    register_generated(
        _("Generated chest radiograph"), "sample_radiograph.png", add_generated_radiograph
    )


#
# MedImageMetricParameterNode
#


@parameterNodeWrapper
class MedImageMetricParameterNode:
    """
    The parameters needed by the module.

    inputVolume - The radiograph: a volume of one slice.
    outputSegmentation - Where lungs and heart are put; a new node when none is chosen.
    drawMeasurement - If true, the measured widths are drawn as lines.
    level - Level of the network at which to stop; 0 means the last one.
    stopBelow - Stop at a level that changes less than this share.
    rules - Rule set: extended, source, or the path of a file.
    profile - Path of a site profile with calibrated thresholds; empty means defaults.
    research - If true, findings are shown, marked, also where the level does not allow them.
    resultText - What was found, in words.
    """

    inputVolume: vtkMRMLScalarVolumeNode
    outputSegmentation: vtkMRMLSegmentationNode
    drawMeasurement: bool = True
    level: Annotated[int, WithinRange(0, 32)] = 0
    stopBelow: Annotated[float, WithinRange(0.0, 1.0)] = 0.0
    rules: str = "extended"
    profile: str = ""
    research: bool = False
    resultText: str = ""


#
# MedImageMetricWidget
#


class MedImageMetricWidget(ScriptedLoadableModuleWidget, VTKObservationMixin):
    """The panel: select, press Apply, read what was found."""

    def __init__(self, parent=None) -> None:
        """Called when the user opens the module the first time."""
        ScriptedLoadableModuleWidget.__init__(self, parent)
        VTKObservationMixin.__init__(self)
        self.logic = None
        self.sections = None
        self.run = None
        self._parameterNode = None
        self._parameterNodeGuiTag = None

    def setup(self) -> None:
        """Called when the user opens the module the first time and the widget is initialized."""
        ScriptedLoadableModuleWidget.setup(self)

        uiWidget = slicer.util.loadUI(self.resourcePath("UI/MedImageMetric.ui"))
        self.layout.addWidget(uiWidget)
        self.ui = slicer.util.childWidgetVariables(uiWidget)
        uiWidget.setMRMLScene(slicer.mrmlScene)

        self.logic = MedImageMetricLogic()

        from MedImageLib.in_slicer import PanelRun
        from MedImageMetricPanel.sections import Sections

        ui = self.ui
        bar, cancel = ui.progressBar, _("Cancel")
        # Pictures are read one after the other: the networks stay loaded between them.
        self.run = PanelRun(ui.applyButton, ui.statusLabel, bar, cancel, keep=True)
        self.sections = Sections(ui, self.logic, self.run, lambda: self._parameterNode)
        ui.progressBar.visible = False

        # Connections
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.StartCloseEvent, self.onSceneStartClose)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.EndCloseEvent, self.onSceneEndClose)

        # Buttons
        ui.applyButton.connect("clicked(bool)", self.onApplyButton)
        ui.screenButton.connect("clicked(bool)", self.onScreenButton)

        self.initializeParameterNode()

    def cleanup(self) -> None:
        """Called when the application closes and the module widget is destroyed."""
        self.sections.cancel()
        self.removeObservers()

    def enter(self) -> None:
        """Called each time the user opens this module."""
        self.initializeParameterNode()

    def exit(self) -> None:
        """Called each time the user opens a different module."""
        self.run.rest()
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

    def setParameterNode(self, inputParameterNode: MedImageMetricParameterNode | None) -> None:
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
        parameters = self._parameterNode
        canApply = bool(parameters and parameters.inputVolume)
        # While one computes, its own button cancels and the other one waits.
        self.ui.applyButton.enabled = canApply and not self.sections.screen_run.running
        self.ui.screenButton.enabled = canApply and not self.run.running
        self.ui.applyButton.toolTip = (
            _("Grade and measure the radiograph") if canApply else _("Select a chest radiograph")
        )
        self.sections.show()

    def onApplyButton(self) -> None:
        """Run processing when user clicks "Apply" button; a click while it runs cancels."""
        if self.run.running:
            self.run.cancel()
        else:
            self._apply(self._grade, _("The radiograph could not be processed."))

    def _apply(self, action, message: str) -> None:
        """Do what a button says and show how it ended."""
        from MedImageLib.background.job import JobCancelledError
        from MedImageLib.in_slicer import ensure_packages
        from MedImageLib.panels.buttons import in_words

        ui = self.ui
        ui.statusLabel.text = _("Working...")
        ui.applyButton.enabled = ui.screenButton.enabled = False
        with slicer.util.tryWithErrorDisplay(message), in_words():
            try:
                ensure_packages("MedImageMetric")
                action(self._parameterNode)
                ui.statusLabel.text = _("Done.")
            except JobCancelledError:
                ui.statusLabel.text = _("Cancelled. Nothing was computed.")
            except Exception:
                ui.statusLabel.text = _("Nothing was computed.")
                raise
            finally:
                self._checkCanApply()

    def onScreenButton(self) -> None:
        """Screen the scan when user clicks "Is this scan normal?"; a click meanwhile cancels."""
        if self.sections.screen_run.running:
            self.sections.screen_run.cancel()
        else:
            self._apply(self._screen, _("The scan could not be screened."))

    def _grade(self, parameters: MedImageMetricParameterNode) -> None:
        from MedImageLib.panels.views import show_layout, show_volume

        self.logic.process(parameters, self.run.call)
        self._checkCanApply()
        show_volume(slicer.mrmlScene, parameters.inputVolume)
        show_layout(slicer.mrmlScene, slicer.vtkMRMLLayoutNode.SlicerLayoutOneUpRedSliceView)
        self.sections.guess.ask()

    def _screen(self, parameters: MedImageMetricParameterNode) -> None:
        self.logic.screen(parameters.inputVolume, self.sections.screen_run.call)


#
# MedImageMetricLogic
#


class MedImageMetricLogic(ScriptedLoadableModuleLogic):
    """From nodes to the package and back; nothing is computed here."""

    def __init__(self) -> None:
        """Called when the logic class is instantiated."""
        ScriptedLoadableModuleLogic.__init__(self)
        from MedImageLib.nodes import SegmentationUndo

        self.undo = SegmentationUndo()

    def getParameterNode(self):
        return MedImageMetricParameterNode(super().getParameterNode())

    def process(self, parameters: MedImageMetricParameterNode, run=None) -> str:
        """
        Grade and measure a chest radiograph; results go where the parameters say.
        Can be used without GUI widget.
        :param parameters: see MedImageMetricParameterNode; a segmentation is made when none is
            chosen
        :param run: calls a function by its name; the panel's does so in another process
        :return: level, reasons and findings, in words
        """
        if not parameters.inputVolume:
            raise ValueError("Input volume is invalid")

        from MedImageLib.in_slicer import run_here
        from MedImageLib.nodes import volume_of
        from MedImageMetricPanel.result_nodes import show_radiograph

        measure = "MedImageMetricLib.processing:measure_radiograph"
        volume = volume_of(parameters.inputVolume)
        found = (run or run_here)(measure, volume, self.settingsOf(parameters))
        if not parameters.outputSegmentation:
            parameters.outputSegmentation = slicer.mrmlScene.AddNewNodeByClass(
                "vtkMRMLSegmentationNode",
                slicer.mrmlScene.GenerateUniqueName(_("Radiograph segmentation")),
            )
        with self.undo.kept(parameters.outputSegmentation):
            parameters.resultText = show_radiograph(
                slicer.mrmlScene,
                parameters.inputVolume,
                parameters.outputSegmentation,
                *found,
                drawing=parameters.drawMeasurement,
            )
        return parameters.resultText

    def screen(self, inputVolume: vtkMRMLScalarVolumeNode, run=None) -> str:
        """
        Ask whether a scan is normal, by the model of its kind; the verdict stays on the node.
        :param inputVolume: radiograph, CT or MR
        :param run: as in process
        :return: verdict, score and guidance, in words
        """
        if not inputVolume:
            raise ValueError("Input volume is invalid")

        from MedImageLib.in_slicer import run_here
        from MedImageLib.nodes import set_scan_verdict, volume_of
        from MedImageLib.result_text import result_text
        from MedImageLib.scan_verdict import verdict_of_result
        from MedImageMetricLib.normality.settings import AnomalySettings
        from MedImageMetricPanel.normality_section import add_normality_nodes

        set_scan_verdict(inputVolume, None)
        screen = "MedImageMetricLib.normality.processing:screen_image"
        settings = AnomalySettings(report=False)
        scan = volume_of(inputVolume)
        result, screening = (run or run_here)(screen, scan, Path(), settings)
        set_scan_verdict(inputVolume, verdict_of_result(result))
        add_normality_nodes(slicer.mrmlScene, inputVolume, scan, result, screening)
        return result_text(result)

    def export(self, parameters: MedImageMetricParameterNode, folder: str, run=None) -> None:
        """
        Write report, label map, table and scene of the radiograph into a new folder.
        :param parameters: see MedImageMetricParameterNode
        :param folder: its path
        :param run: as in process
        """
        from MedImageLib.errors import InputError
        from MedImageLib.in_slicer import run_here
        from MedImageLib.nodes import volume_of

        if not folder:
            raise InputError("No folder is chosen; choose a new one for the files.")
        write = "MedImageMetricLib.processing:export_radiograph"
        volume = volume_of(parameters.inputVolume)
        (run or run_here)(write, volume, Path(folder), self.settingsOf(parameters))

    def settingsOf(self, parameters: MedImageMetricParameterNode):
        """The package's settings of the parameters."""
        from MedImageMetricLib.radiograph.settings import MetricSettings

        return MetricSettings(
            level=parameters.level,
            stop_below=parameters.stopBelow,
            rules=parameters.rules,
            profile=parameters.profile,
            research=parameters.research,
        )


#
# MedImageMetricTest
#


class MedImageMetricTest(ScriptedLoadableModuleTest):
    """Runs in the application; the package's own tests run outside of it."""

    def setUp(self):
        """Do whatever is needed to reset the state - typically a scene clear will be enough."""
        slicer.mrmlScene.Clear()

    def runTest(self):
        """Run as few or as many tests as needed here."""
        self.setUp()
        self.test_NotARadiograph()

    def test_NotARadiograph(self):
        """A stack of slices is refused in words, and nothing is left half done."""
        import numpy as np

        from MedImageLib.errors import InputError

        self.delayDisplay("Starting the test")
        logic = MedImageMetricLogic()
        parameters = logic.getParameterNode()
        parameters.inputVolume = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode")
        slicer.util.updateVolumeFromArray(parameters.inputVolume, np.zeros((4, 70, 70), np.int16))
        with self.assertRaises(InputError):
            logic.process(parameters)
        self.assertIsNone(parameters.outputSegmentation)
        self.delayDisplay("Test passed")
