"""Left ventricle from short-axis cine MR: cavity and myocardium, volumes and function.

Thin: what is computed lies in `CardiacLVLib` and `MedImageLib`, which know no application.
"""

import importlib.util
import sys
from pathlib import Path
from typing import Annotated

import slicer
import vtk
from slicer import vtkMRMLSequenceNode, vtkMRMLTableNode
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
# CardiacLV
#


class CardiacLV(ScriptedLoadableModule):
    """Measures the left ventricle on a short-axis cine."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        self.parent.title = _("Cardiac LV")
        self.parent.categories = [translate("qSlicerAbstractCoreModule", "Cardiac")]
        self.parent.dependencies = []
        self.parent.contributors = ["MedImage contributors"]
        self.parent.helpText = _("""
Segments cavity and myocardium of the left ventricle on every frame and slice of a short-axis cine
MR and gives volumes, ejection fraction and mass. Papillary muscles belong to the cavity.
<p>For research use. Not a medical device.</p>
""")
        self.parent.acknowledgementText = _("""
Implements methods of CN 109003270 A, "Image processing method and electronic device" (SenseTime).
""")


#
# CardiacLVParameterNode
#


@parameterNodeWrapper
class CardiacLVParameterNode:
    """
    The parameters needed by the module.

    inputSequence - The cine: a sequence of volumes.
    outputTable - Where volumes by frame are put; a new node when none is chosen.
    level - Level of the networks at which to stop; 0 means the last one.
    stopBelow - Stop at a level that changes less than this share.
    resultText - What was found, in words.
    """

    inputSequence: vtkMRMLSequenceNode
    outputTable: vtkMRMLTableNode
    level: Annotated[int, WithinRange(0, 32)] = 0
    stopBelow: Annotated[float, WithinRange(0.0, 1.0)] = 0.0
    resultText: str = ""


#
# CardiacLVWidget
#


class CardiacLVWidget(ScriptedLoadableModuleWidget, VTKObservationMixin):
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

        uiWidget = slicer.util.loadUI(self.resourcePath("UI/CardiacLV.ui"))
        self.layout.addWidget(uiWidget)
        self.ui = slicer.util.childWidgetVariables(uiWidget)
        uiWidget.setMRMLScene(slicer.mrmlScene)

        self.logic = CardiacLVLogic()

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
        if not self._parameterNode.inputSequence:
            firstNode = slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLSequenceNode")
            if firstNode:
                self._parameterNode.inputSequence = firstNode

    def setParameterNode(self, inputParameterNode: CardiacLVParameterNode | None) -> None:
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
        canApply = bool(self._parameterNode and self._parameterNode.inputSequence)
        self.ui.applyButton.enabled = canApply
        self.ui.applyButton.toolTip = (
            _("Segment and measure the left ventricle")
            if canApply
            else _("Select a short-axis cine")
        )

    def onApplyButton(self) -> None:
        """Run processing when user clicks "Apply" button."""
        self.ui.statusLabel.text = _("Working...")
        slicer.app.processEvents()
        with slicer.util.tryWithErrorDisplay(
            _("The cine could not be processed."), waitCursor=True
        ):
            try:
                self.ui.statusLabel.text = self._apply()
            except Exception:
                self.ui.statusLabel.text = _("Nothing was computed.")
                raise

    def _apply(self) -> str:
        """Do what the button says and return what to show as status."""
        from MedImageLib.in_slicer import ensure_packages

        ensure_packages("CardiacLV")
        parameters = self._parameterNode
        if not parameters.outputTable:
            parameters.outputTable = slicer.mrmlScene.AddNewNodeByClass(
                "vtkMRMLTableNode",
                slicer.mrmlScene.GenerateUniqueName(_("Left ventricle volumes")),
            )
        parameters.resultText = self.logic.process(
            parameters.inputSequence,
            parameters.outputTable,
            parameters.level,
            parameters.stopBelow,
        )
        return _("Done.")


#
# CardiacLVLogic
#


class CardiacLVLogic(ScriptedLoadableModuleLogic):
    """From nodes to the package and back; nothing is computed here."""

    def __init__(self) -> None:
        """Called when the logic class is instantiated."""
        ScriptedLoadableModuleLogic.__init__(self)

    def getParameterNode(self):
        return CardiacLVParameterNode(super().getParameterNode())

    def process(
        self,
        inputSequence: vtkMRMLSequenceNode,
        outputTable: vtkMRMLTableNode,
        level: int = 0,
        stopBelow: float = 0.0,
    ) -> str:
        """
        Segment and measure the left ventricle on a cine.
        Can be used without GUI widget.
        :param inputSequence: sequence of volumes, one a frame
        :param outputTable: gets the volumes by frame
        :param level: level of the networks, 0 for the last one
        :param stopBelow: stop at a level that changes less than this share
        :return: what was found, in words
        """
        if not inputSequence or not outputTable:
            raise ValueError("Input sequence or output table is invalid")

        from MedImageLib.nodes import update_table, volume_sequence_of
        from MedImageLib.result_text import result_text

        cine = volume_sequence_of(inputSequence)
        found, result = self.measureCine(cine, level, stopBelow)
        self.addSegmentations(inputSequence, found)
        rows = self.volumeRows(cine, found)
        units = {"index": cine.index_unit, "cavity_volume": "mL", "myocardium_volume": "mL"}
        update_table(outputTable, rows, units=units)
        return result_text(result)

    def measureCine(self, cine, level: int, stopBelow: float):
        """The package's segmentation and result of a cine."""
        from CardiacLVLib import output, segmentation
        from MedImageLib.processing_settings import ModelProcessing

        settings = ModelProcessing(level=level, stop_below=stopBelow, scene=False)
        found = segmentation.segment_cine(cine, settings.inference())
        return found, output.result_of(cine, found, settings)

    def addSegmentations(self, inputSequence: vtkMRMLSequenceNode, found) -> None:
        """A segmentation of every frame, shown along with the cine by its browser."""
        from MedImageLib.nodes import add_segmentation_sequence, segment_of
        from MedImageLib.terminology import structure

        structures = found.models[-1].structures
        segments = [segment_of(structure(name), label) for label, name in structures.items()]
        name = slicer.mrmlScene.GenerateUniqueName(_("Left ventricle"))
        browser = self.browserOf(inputSequence)
        add_segmentation_sequence(
            slicer.mrmlScene, found.labels, segments, inputSequence, browser, name
        )
        if found.ed_frame is not None:
            browser.SetSelectedItemNumber(found.ed_frame)

    def browserOf(self, inputSequence: vtkMRMLSequenceNode):
        """The browser that plays the sequence; a new one when there is none."""
        for browser in slicer.util.getNodesByClass("vtkMRMLSequenceBrowserNode"):
            if browser.GetMasterSequenceNode() == inputSequence:
                return browser
        browser = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSequenceBrowserNode")
        browser.SetAndObserveMasterSequenceNodeID(inputSequence.GetID())
        return browser

    def volumeRows(self, cine, found) -> list:
        """One row a frame: index, volumes in mL where they are known, and the phase."""
        phases = {found.ed_frame: "end diastole", found.es_frame: "end systole"}
        rows = []
        for frame, index in enumerate(cine.index_values):
            row = {"frame": frame, "index": float(index)}
            for name, volumes in (
                ("cavity_volume", found.cavity_volume_ml),
                ("myocardium_volume", found.myocardium_volume_ml),
            ):
                row[name] = None if volumes is None else float(volumes[frame])
            rows.append({**row, "phase": phases.get(frame, "")})
        return rows


#
# CardiacLVTest
#


class CardiacLVTest(ScriptedLoadableModuleTest):
    """Runs in the application; the package's own tests run outside of it."""

    def setUp(self):
        """Do whatever is needed to reset the state - typically a scene clear will be enough."""
        slicer.mrmlScene.Clear()

    def runTest(self):
        """Run as few or as many tests as needed here."""
        self.setUp()
        self.test_EmptySequence()

    def test_EmptySequence(self):
        """A sequence without frames is refused in words, and nothing is left half done."""
        from MedImageLib.errors import InputError

        self.delayDisplay("Starting the test")
        inputSequence = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSequenceNode")
        table = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTableNode")
        with self.assertRaises(InputError):
            CardiacLVLogic().process(inputSequence, table)
        self.assertEqual(table.GetNumberOfColumns(), 0)
        self.delayDisplay("Test passed")
