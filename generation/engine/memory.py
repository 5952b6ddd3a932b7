"""How large a picture may be: what two sizes took of a device's memory, and what that says of all others."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from typing import TYPE_CHECKING

from generation.engine import cgroups

if TYPE_CHECKING:
    import torch

SHARE = 0.7
"""Of the memory there is. The rest is for other programs, and because two sizes do not tell all: with a Stable
Diffusion 1 on a CPU, what 256 and 512 px foretold for 1024 and 1536 px was 14 % too little to 18 % too much."""

LOOK_EVERY = 0.002  # s


@dataclass
class Need:
    """The bytes beyond the weights that making `pixels` px took at its highest."""

    pixels: int
    bytes: int = 0


def fitting(small: Need, large: Need, room: float) -> float:
    """How many px fit into `room` bytes: infinity where they seem to take none.

    What grows less than in proportion has a fixed part beside the one that grows with the px; what grows more has one
    that grows with their square, as attention has where it is not fused. Either way two sizes are enough to tell both.

    >>> fitting(Need(100, 1500), Need(400, 3000), 8000)
    1400.0
    >>> fitting(Need(100, 2000), Need(400, 20000), 110000)
    1000.0
    """
    each, each_of_small = large.bytes / large.pixels, small.bytes / small.pixels
    if each > each_of_small:
        square = (each - each_of_small) / (large.pixels - small.pixels)
        plain = max(0.0, each_of_small - square * small.pixels)
        square = (each - plain) / large.pixels
        return (sqrt(plain**2 + 4 * square * room) - plain) / (2 * square)
    if large.bytes > small.bytes:
        slope = (large.bytes - small.bytes) / (large.pixels - small.pixels)
        return large.pixels + (room - large.bytes) / slope
    return room / each if each else float("inf")


class HostMemory:
    """The machine's memory, as a CPU uses it. Made once the weights are loaded: what counts is what comes on top."""

    def __init__(self, device: "torch.device") -> None:
        self._device = device
        self._forget()
        self._weights, self.room = self._used(), self._free()
        """`room`: bytes that there are for making pictures."""

    @contextmanager
    def watch(self, pixels: int) -> Iterator[Need]:
        """What is made inside is `pixels` px in all; afterwards the Need tells what it took."""
        need, ended = Need(pixels), threading.Event()
        self._forget()

        def look() -> None:
            while not ended.wait(LOOK_EVERY):
                need.bytes = max(need.bytes, self._used() - self._weights)

        looking = threading.Thread(target=look, name="memory", daemon=True)
        looking.start()
        try:
            yield need
        finally:
            ended.set()
            looking.join()
            need.bytes = max(need.bytes, self._highest() - self._weights)

    def _used(self) -> int:
        return on_device(self._device) or resident()

    def _free(self) -> int:
        return available()

    def _forget(self) -> None:
        """What was freed goes back to the system, so that it is seen when it is needed again (glibc keeps it)."""
        import ctypes

        if trim := getattr(ctypes.CDLL(None), "malloc_trim", None):
            trim(0)

    def _highest(self) -> int:
        return self._used()


class CudaMemory(HostMemory):
    """A GPU's own, which torch counts byte by byte."""

    def _free(self) -> int:
        import torch

        free, _ = torch.cuda.mem_get_info(self._device)
        return free + torch.cuda.memory_reserved(self._device) - torch.cuda.memory_allocated(self._device)

    def _forget(self) -> None:
        import torch

        torch.cuda.reset_peak_memory_stats(self._device)

    def _highest(self) -> int:
        import torch

        return torch.cuda.max_memory_allocated(self._device)


class MpsMemory(HostMemory):
    """Apple's GPUs use the machine's memory, up to a share that the system names."""

    def _free(self) -> int:
        import torch

        return min(torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory(), available())

    def _forget(self) -> None:
        import torch

        torch.mps.empty_cache()


def resident() -> int:
    """Bytes of the machine's memory that this process has."""
    import psutil

    return int(psutil.Process().memory_info().rss)


def on_device(device: "torch.device") -> int:
    """Bytes of a GPU's memory that this process has; 0 for a CPU, which has none of its own."""
    import torch

    if device.type == "cuda":
        return torch.cuda.memory_allocated(device)
    if device.type == "mps":
        return torch.mps.driver_allocated_memory()  # what was freed and is kept for later counts, so it is the highest
    return 0


def available(root: Path = Path("/")) -> int:
    """Bytes that this process can still have without swapping: of the machine, and of the groups it is in."""
    import psutil

    return min([int(psutil.virtual_memory().available), *cgroups.left(root)])


def memory_of(device: "torch.device") -> HostMemory:
    return {"cuda": CudaMemory, "mps": MpsMemory}.get(device.type, HostMemory)(device)
