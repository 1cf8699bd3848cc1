"""Ground shared by MedImageMetric, CardiacLV and AutoContour.

Knows no Qt and no `slicer`; `MedImageLib.nodes` and `MedImageLib.headless` alone know MRML.
Inside, everything is LPS millimeters and arrays are ordered (k, j, i).
"""

__version__ = "0.1.0"
