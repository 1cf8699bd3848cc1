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
Finds the lung fields and the heart on a frontal chest radiograph and measures the cardiothoracic
ratio. A picture that does not look like a frontal chest radiograph is said to be one, and nothing
is measured on it.
<p>For research use. Not a medical device.</p>
""")
        self.parent.acknowledgementText = _("""
Implements methods of US 2020/0211186 A1, "Systems and methods for generating image metric", and of
US 11,545,255 B2, "Classifying an anomaly medical image using variational autoencoder" (both United
Imaging Intelligence).
""")


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
    resultText - What was found, in words.
    """

    inputVolume: vtkMRMLScalarVolumeNode
    outputSegmentation: vtkMRMLSegmentationNode
    drawMeasurement: bool = True
    level: Annotated[int, WithinRange(0, 32)] = 0
    stopBelow: Annotated[float, WithinRange(0.0, 1.0)] = 0.0
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

        # Connections
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.StartCloseEvent, self.onSceneStartClose)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.EndCloseEvent, self.onSceneEndClose)

        # Buttons
        self.ui.applyButton.connect("clicked(bool)", self.onApplyButton)

        self.initializeParameterNode()

    def cleanup(self) -> None:
        """Called when the application closes and the module widget is destroyed."""
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
        canApply = bool(self._parameterNode and self._parameterNode.inputVolume)
        self.ui.applyButton.enabled = canApply
        self.ui.applyButton.toolTip = (
            _("Segment and measure the radiograph") if canApply else _("Select a chest radiograph")
        )

    def onApplyButton(self) -> None:
        """Run processing when user clicks "Apply" button."""
        self.ui.statusLabel.text = _("Working...")
        slicer.app.processEvents()
        with slicer.util.tryWithErrorDisplay(
            _("The radiograph could not be processed."), waitCursor=True
        ):
            try:
                self.ui.statusLabel.text = self._apply()
            except Exception:
                self.ui.statusLabel.text = _("Nothing was computed.")
                raise

    def _apply(self) -> str:
        """Do what the button says and return what to show as status."""
        from MedImageLib.in_slicer import ensure_packages

        ensure_packages("MedImageMetric")
        parameters = self._parameterNode
        if not parameters.outputSegmentation:
            parameters.outputSegmentation = slicer.mrmlScene.AddNewNodeByClass(
                "vtkMRMLSegmentationNode",
                slicer.mrmlScene.GenerateUniqueName(_("Radiograph segmentation")),
            )
        parameters.resultText = self.logic.process(
            parameters.inputVolume,
            parameters.outputSegmentation,
            parameters.drawMeasurement,
            parameters.level,
            parameters.stopBelow,
        )
        return _("Done.")


#
# MedImageMetricLogic
#


class MedImageMetricLogic(ScriptedLoadableModuleLogic):
    """From nodes to the package and back; nothing is computed here."""

    def __init__(self) -> None:
        """Called when the logic class is instantiated."""
        ScriptedLoadableModuleLogic.__init__(self)

    def getParameterNode(self):
        return MedImageMetricParameterNode(super().getParameterNode())

    def process(
        self,
        inputVolume: vtkMRMLScalarVolumeNode,
        outputSegmentation: vtkMRMLSegmentationNode,
        drawMeasurement: bool = True,
        level: int = 0,
        stopBelow: float = 0.0,
    ) -> str:
        """
        Segment and measure a chest radiograph.
        Can be used without GUI widget.
        :param inputVolume: radiograph, one slice
        :param outputSegmentation: gets right lung, left lung and heart
        :param drawMeasurement: add lines of the measured widths to the scene
        :param level: level of the network, 0 for the last one
        :param stopBelow: stop at a level that changes less than this share
        :return: what was found, in words
        """
        if not inputVolume or not outputSegmentation:
            raise ValueError("Input volume or output segmentation is invalid")

        from MedImageLib.nodes import segment_of, update_segmentation, volume_of
        from MedImageLib.result_text import result_text
        from MedImageLib.terminology import structure

        found, result = self.measureRadiograph(volume_of(inputVolume), level, stopBelow)
        segments = [segment_of(structure(n), label) for label, n in found.model.structures.items()]
        update_segmentation(outputSegmentation, found.labels, segments, reference_node=inputVolume)
        if drawMeasurement:
            self.drawLines(result, found.labels.geometry)
        return result_text(result)

    def measureRadiograph(self, volume, level: int, stopBelow: float):
        """The package's segmentation and result of a radiograph."""
        from MedImageLib.processing_settings import ModelProcessing
        from MedImageMetricLib.radiograph import output, segmentation

        settings = ModelProcessing(level=level, stop_below=stopBelow, scene=False)
        found = segmentation.segment_radiograph(volume, settings.inference())
        return found, output.result_of(volume, found, settings)

    def drawLines(self, result, geometry) -> None:
        """Lines of the measured widths, in place of those of the run before."""
        import numpy as np

        from MedImageLib.nodes import add_line, remove_node

        role = "MedImageMetric.Measurement"
        for node in slicer.util.getNodesByClass("vtkMRMLMarkupsLineNode"):
            if node.GetAttribute(role):
                remove_node(slicer.mrmlScene, node)
        for value in result.values:
            for shape in value.geometry:
                points = geometry.points_mm(np.array(shape.points_ijk))
                name = f"{value.name} {shape.label}".replace("_", " ")
                add_line(slicer.mrmlScene, points, name).SetAttribute(role, value.name)


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
        inputVolume = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode")
        slicer.util.updateVolumeFromArray(inputVolume, np.zeros((4, 70, 70), np.int16))
        segmentation = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode")
        with self.assertRaises(InputError):
            MedImageMetricLogic().process(inputVolume, segmentation)
        self.assertEqual(segmentation.GetSegmentation().GetNumberOfSegments(), 0)
        self.delayDisplay("Test passed")
