"""Reports that a person reads: one self-contained page, and the pictures in it.

page.py writes the page, overlay.py draws findings on images (with canvas.py), slices.py cuts them
out of volumes in the usual orientation, curves.py plots values along an index.
"""

from MedImageLib.report.page import Badge, Link, Picture, Report, Table, report_of, write_report

__all__ = ["Badge", "Link", "Picture", "Report", "Table", "report_of", "write_report"]
