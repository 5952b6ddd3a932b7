"""Training in several processes of one thread each, which put their weights together every few steps.

Two threads in one process are many times slower when something else keeps the cores busy, for they wait for each
other at every layer. Processes that average their gradients wait at every step; with the mean of their weights after
every eighth they wait less, and learn as well (https://arxiv.org/abs/1808.07217).
"""

# mypy: allow-untyped-calls

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.distributed as dist
from torch import multiprocessing
from torch.nn.attention import SDPBackend, sdpa_kernel

APART = 8  # steps that each process makes alone
# For glibc in the processes to come: a step's memory stays for the next one, instead of being zeroed each time.
KEEP_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(32 << 20), "MALLOC_TRIM_THRESHOLD_": str(8 << 30)}


@dataclass(frozen=True)
class Team:
    """Which of how many processes this one is, and what it computes on."""

    rank: int = 0
    size: int = 1
    device: str = "cpu"

    @property
    def leads(self) -> bool:
        return self.rank == 0

    def meets(self, step: int) -> bool:
        return step % APART == 0

    @torch.no_grad()
    def average(self, weights: list[torch.nn.Parameter]) -> None:
        """Put the mean of all processes' weights in the place of one's own."""
        if self.size == 1:
            return
        flat = torch.cat([one.reshape(-1) for one in weights])
        dist.all_reduce(flat)
        parts = flat.div_(self.size).split([one.numel() for one in weights])
        for mine, mean in zip(weights, parts, strict=True):
            mine.copy_(mean.view_as(mine))

    def agree(self, value: float) -> float:
        """The leading process's value, in all."""
        if self.size == 1:
            return value
        shared = torch.tensor([value], dtype=torch.float64)
        dist.broadcast(shared, 0)
        return float(shared.item())

    def mixed(self) -> torch.autocast:
        """bf16 where it is safe: on a CPU with AMX two to four times as fast."""
        return torch.autocast(self.device, dtype=torch.bfloat16)

    def attention(self) -> AbstractContextManager[None]:
        """The fastest way: for so few tokens a CPU is slower with PyTorch's choice than with plain products."""
        return sdpa_kernel(SDPBackend.MATH) if self.device == "cpu" else nullcontext()


def run(work: Path, processes: int, device: str, job: Callable[..., None], *arguments: object) -> None:
    """Call `job(team, *arguments)` in so many processes and wait for all; one process stays this one."""
    if processes == 1:
        job(Team(device=device), *arguments)
        return
    os.environ.update(KEEP_MEMORY)
    meeting = work / "meeting"
    meeting.unlink(missing_ok=True)
    multiprocessing.spawn(  # type: ignore[attr-defined]
        member, (processes, device, meeting, job, arguments), processes
    )


def member(
    rank: int, processes: int, device: str, meeting: Path, job: Callable[..., None], arguments: tuple[object, ...]
) -> None:
    # torch tells children to stop by SIGINT when their parent is gone, which a shell's background jobs ignore.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{meeting.resolve()}", rank=rank, world_size=processes)
    job(Team(rank, processes, device), *arguments)
    dist.destroy_process_group()
