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
MR and gives eleven indices of each, the phases of the beat, volumes, ejection fraction and mass.
Click on the curve to go to a frame. Correct a contour in the Segment Editor, come back, and all
numbers follow. Papillary muscles belong to the cavity unless Advanced says otherwise.
<p>For research use. Not a medical device.</p>
""")
        self.parent.acknowledgementText = _("""
Implements methods of CN 109003270 A, "Image processing method and electronic device" (SenseTime).
""")
        slicer.app.connect("startupCompleted()", registerSampleData)


def registerSampleData() -> None:
    """Offer scans in the Sample Data module."""
    from MedImageLib.panels.sample_data import add_generated_cine, register_generated

    register_generated(_("Generated short-axis cine"), "sample_cine.png", add_generated_cine)


#
# CardiacLVParameterNode
#


@parameterNodeWrapper
class CardiacLVParameterNode:
    """
    The parameters needed by the module.

    inputSequence - The cine: a sequence of volumes.
    outputTable - Where volumes and phases by frame are put; a new node when none is chosen.
    indicesTable - Where the indices of every frame and slice are put; likewise.
    contours - The sequence of segmentations: put there by Apply, read by Recompute.
    level - Level of the networks at which to stop; 0 means the last one.
    stopBelow - Stop at a level that changes less than this share.
    consistent - Let neighboring frames and slices support one another.
    papillaryAsWall - Count papillary muscles as myocardium in areas, volumes and mass.
    automaticInsertion - Find the anterior insertion of the right ventricle in the images.
    insertionDeg - Direction to it otherwise; holds what was found.
    heartRateBpm - For the cardiac output; 0 means as the file says.
    resultText - What was found, in words.
    """

    inputSequence: vtkMRMLSequenceNode
    outputTable: vtkMRMLTableNode
    indicesTable: vtkMRMLTableNode
    contours: vtkMRMLSequenceNode
    level: Annotated[int, WithinRange(0, 32)] = 0
    stopBelow: Annotated[float, WithinRange(0.0, 1.0)] = 0.0
    consistent: bool = True
    papillaryAsWall: bool = False
    automaticInsertion: bool = True
    insertionDeg: Annotated[float, WithinRange(-360.0, 360.0)] = 0.0
    heartRateBpm: Annotated[float, WithinRange(0.0, 300.0)] = 0.0
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
        self.sections = None
        self.run = None
        self._browser = None
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

        from CardiacLVPanel.sections import Sections
        from MedImageLib.in_slicer import PanelRun

        ui = self.ui
        self.run = PanelRun(ui.applyButton, ui.statusLabel, ui.progressBar, _("Cancel"))
        self.sections = Sections(
            ui, self.logic, self.run, lambda: self._parameterNode, self.onRecomputeButton
        )
        ui.progressBar.visible = False

        # Connections
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.StartCloseEvent, self.onSceneStartClose)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.EndCloseEvent, self.onSceneEndClose)

        # Buttons
        self.ui.applyButton.connect("clicked(bool)", self.onApplyButton)
        self.ui.recomputeButton.connect("clicked(bool)", self.onRecomputeButton)

        self.initializeParameterNode()

    def cleanup(self) -> None:
        """Called when the application closes and the module widget is destroyed."""
        self.sections.cancel()
        self.removeObservers()

    def enter(self) -> None:
        """Called each time the user opens this module."""
        self.initializeParameterNode()
        self.sections.enter()

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
        self.run.cancel()
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
        parameters = self._parameterNode
        canApply = bool(parameters and parameters.inputSequence)
        self.ui.applyButton.enabled = canApply
        self.ui.applyButton.toolTip = (
            _("Segment and measure the left ventricle")
            if canApply
            else _("Select a short-axis cine")
        )
        self.ui.recomputeButton.enabled = bool(canApply and parameters.contours)
        self.ui.insertionSpinBox.enabled = bool(parameters and not parameters.automaticInsertion)
        self._followBrowser()

    def onApplyButton(self) -> None:
        """Run processing when user clicks "Apply" button; a click while it runs cancels."""
        if self.run.running:
            self.run.cancel()
        else:
            self._apply(self.logic.process)

    def _apply(self, action) -> None:
        """Do what a button says and show how it ended."""
        from MedImageLib.background.job import JobCancelledError
        from MedImageLib.in_slicer import ensure_packages
        from MedImageLib.panels.buttons import in_words

        self.ui.statusLabel.text = _("Working...")
        self.ui.recomputeButton.enabled = False
        with slicer.util.tryWithErrorDisplay(_("The cine could not be processed.")), in_words():
            try:
                ensure_packages("CardiacLV")
                action(self._parameterNode, self.run.call)
                self._checkCanApply()
                self.sections.frame.show_curve()
                self.sections.guess.ask()
                self.ui.statusLabel.text = _("Done.")
            except JobCancelledError:
                self.ui.statusLabel.text = _("Cancelled. Nothing was computed.")
            except Exception:
                self.ui.statusLabel.text = _("Nothing was computed.")
                raise
            finally:
                self._checkCanApply()

    def _followBrowser(self) -> None:
        """Show the numbers of the frame that the player of the cine shows, from now on."""
        from MedImageLib.nodes import browser_of

        sequence = self._parameterNode and self._parameterNode.inputSequence
        browser = browser_of(slicer.mrmlScene, sequence) if sequence else None
        changed = vtk.vtkCommand.ModifiedEvent
        if browser != self._browser:
            if self._browser:
                self.removeObserver(self._browser, changed, self.onFrameChanged)
            self._browser = browser
            if browser:
                self.addObserver(browser, changed, self.onFrameChanged)
        self.sections.show()

    def onFrameChanged(self, caller=None, event=None) -> None:
        """Called when the player goes to another frame."""
        self.sections.frame.follow()

    def onRecomputeButton(self) -> None:
        """Measure again when user clicks "Recompute from edited contours" button."""
        self._apply(self.logic.recompute)


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

    def process(self, parameters: CardiacLVParameterNode, run=None) -> str:
        """
        Segment and measure the left ventricle on a cine; results go where the parameters say.
        Can be used without GUI widget.
        :param parameters: see CardiacLVParameterNode; what is not chosen is made
        :param run: calls a function by its name; the panel's does so in another process
        :return: what was found, in words
        """
        if not parameters.inputSequence:
            raise ValueError("Input sequence is invalid")

        from CardiacLVPanel.contour_nodes import add_contours
        from CardiacLVPanel.result_nodes import show_result
        from MedImageLib.in_slicer import run_here
        from MedImageLib.nodes import volume_sequence_of

        cine = volume_sequence_of(parameters.inputSequence)
        analyze = "CardiacLVLib.analysis:analyze_cine"
        found = (run or run_here)(analyze, cine, self.settingsOf(parameters))
        parameters.contours = add_contours(slicer.mrmlScene, parameters.inputSequence, found)
        return show_result(slicer.mrmlScene, parameters, found)

    def recompute(self, parameters: CardiacLVParameterNode, run=None) -> str:
        """
        Measure again on the contours of the scene, edited or not; no contour is changed.
        :param parameters: with inputSequence and contours
        :param run: as in process
        :return: what was found, in words
        """
        if not parameters.inputSequence or not parameters.contours:
            raise ValueError("Input sequence or contours are invalid")

        from CardiacLVPanel.contour_nodes import contoured
        from CardiacLVPanel.result_nodes import show_result
        from MedImageLib.in_slicer import run_here

        cine, labels = contoured(slicer.mrmlScene, parameters)
        analyze = "CardiacLVLib.analysis:analyze_labels"
        found = (run or run_here)(analyze, cine, labels, self.settingsOf(parameters))
        return show_result(slicer.mrmlScene, parameters, found)

    def export(self, parameters: CardiacLVParameterNode, folder: str, run=None) -> None:
        """
        Write report, tables, contours and scene of what the scene holds into a new folder.
        :param parameters: with inputSequence and contours
        :param folder: its path
        :param run: as in process
        """
        from CardiacLVPanel.contour_nodes import contoured
        from MedImageLib.errors import InputError
        from MedImageLib.in_slicer import run_here

        if not folder:
            raise InputError("No folder is chosen; choose a new one for the files.")
        write = "CardiacLVLib.processing:export_cine"
        settings = self.settingsOf(parameters, scene=True)
        (run or run_here)(write, *contoured(slicer.mrmlScene, parameters), Path(folder), settings)

    def settingsOf(self, parameters: CardiacLVParameterNode, scene: bool = False):
        """The package's settings of the parameters."""
        from CardiacLVLib.settings import LeftVentricleSettings

        return LeftVentricleSettings(
            level=parameters.level,
            stop_below=parameters.stopBelow,
            scene=scene,
            consistent=parameters.consistent,
            papillary="myocardium" if parameters.papillaryAsWall else "cavity",
            insertion_deg=None if parameters.automaticInsertion else parameters.insertionDeg,
            heart_rate_bpm=parameters.heartRateBpm or None,
        )


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
        logic = CardiacLVLogic()
        parameters = logic.getParameterNode()
        parameters.inputSequence = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSequenceNode")
        with self.assertRaises(InputError):
            logic.process(parameters)
        self.assertIsNone(parameters.outputTable)
        self.delayDisplay("Test passed")
