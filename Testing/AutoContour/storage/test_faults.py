"""Server, archive or line are cut, or all files deleted: nothing is lost, nothing is done twice.

One round of what `Testing/Benchmarks/server_faults.py` does many times.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from AutoContourLib.storage.orthanc import is_installed

sys.path.insert(0, str(Path(__file__).parents[2] / "Benchmarks"))

pytestmark = pytest.mark.skipif(
    not is_installed(), reason="needs Orthanc: apt-get install orthanc orthanc-dicomweb"
)


@pytest.mark.parametrize("kind", ["server", "web", "orthanc", "folder"])
def test_nothing_is_lost_twice_or_half(kind, tmp_path):
    from server_faults import row

    happened, lost = row(kind, tmp_path, studies=2, kills=1)
    assert happened >= 1
    assert lost.none, lost
