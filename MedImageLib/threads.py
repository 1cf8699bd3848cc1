"""How threads of numerical libraries wait for one another, so that they leave the cores to others.

Threads of OpenMP spin while they wait unless they are told to sleep. Where another process wants
their cores, a network of small layers then takes several times its work in processor time.
"""

from __future__ import annotations

import os

_WAITING = {"OMP_WAIT_POLICY": "PASSIVE"}


def wait_asleep() -> None:
    """Tell this process and those that it starts, unless the user told them something else.

    The libraries read it when they are loaded, so that it comes first.
    """
    for name, value in _WAITING.items():
        os.environ.setdefault(name, value)
