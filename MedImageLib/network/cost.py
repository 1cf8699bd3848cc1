"""What a network costs: parameters, multiply–accumulates, latency, peak memory.

Works for any torch module, so that peers are measured by the same ruler.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class NetworkCost:
    """parameters; multiply–accumulates of convolutions in 10⁹ for one input of the shape."""

    parameters: int
    gmac: float


def parameter_count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def network_cost(module: nn.Module, run: Callable[[], object]) -> NetworkCost:
    """Cost of what `run` computes with the module; run takes no argument and calls it once."""
    macs = 0

    def count(layer: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        nonlocal macs
        transposed = isinstance(layer, nn.ConvTranspose2d | nn.ConvTranspose3d)
        maps = inputs[0] if transposed else output
        weights = layer.get_parameter("weight").numel()
        macs += maps.numel() // maps.shape[1] * weights

    kinds = (nn.Conv2d, nn.Conv3d, nn.ConvTranspose2d, nn.ConvTranspose3d)
    hooks = [m.register_forward_hook(count) for m in module.modules() if isinstance(m, kinds)]
    try:
        with torch.inference_mode():
            run()
    finally:
        for hook in hooks:
            hook.remove()
    return NetworkCost(parameter_count(module), macs / 1e9)


def median_seconds(run: Callable[[], object], repeats: int = 5) -> float:
    """Median time of `run` after one warm-up."""
    times = []
    with torch.inference_mode():
        for _ in range(repeats + 1):
            started = time.perf_counter()
            run()
            times.append(time.perf_counter() - started)
    return statistics.median(times[1:])


def peak_memory_mib() -> float:
    """Largest resident memory that this process has had."""
    try:
        # Not getrusage: a new process starts there with the peak of the one that started it.
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024
    except (OSError, StopIteration):  # Windows, macOS
        import psutil

        memory = psutil.Process().memory_info()
        return getattr(memory, "peak_wset", memory.rss) / 2**20
