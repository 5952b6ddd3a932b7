"""Latents to train on: some are new at every step, most have been used before, the oldest make room.

Drawing a picture and encoding it takes about half as long as a step of training with it, so each is used several
times. They lie in files, which are still there when the training goes on another day.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from demo_model.tokenizer import LENGTH

Encode = Callable[[list[int]], tuple[torch.Tensor, torch.Tensor]]  # numbers of samples -> their latents, token ids
ROOM = 30_000


class Pool:
    """A ring of latents and token ids in two files.

    Args:
        folder: where the files are; made if it is not there.
        shape: of one sample's latents.
        encode: draws samples by their numbers.
        first: the number of this pool's first sample.
        stride: from one of its numbers to the next, so that several processes draw different ones.
        room: how many samples it holds.
    """

    def __init__(
        self, folder: Path, shape: tuple[int, ...], encode: Encode, first: int, stride: int, room: int = ROOM
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.latents = opened(folder / f"latents-{first}.npy", (room, *shape), np.float16)
        self.tokens = opened(folder / f"tokens-{first}.npy", (room, LENGTH), np.int32)
        self.encode, self.first, self.stride, self.room = encode, first, stride, room
        self.counter = folder / f"count-{first}.txt"
        self.count = int(self.counter.read_text()) if self.counter.exists() else 0  # samples drawn so far

    def draw(self, count: int) -> None:
        """Add so many new samples."""
        numbers = [self.first + (self.count + step) * self.stride for step in range(count)]
        latents, tokens = self.encode(numbers)
        places = [(self.count + step) % self.room for step in range(count)]
        self.latents[places] = latents.numpy().astype(np.float16)
        self.tokens[places] = tokens.numpy()
        self.count += count

    def some(self, count: int, chance: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        """Any of the samples: latents as float32, and token ids."""
        places = torch.randint(min(self.count, self.room), (count,), generator=chance).numpy()
        return torch.from_numpy(self.latents[places].astype(np.float32)), torch.from_numpy(self.tokens[places]).long()

    def save(self) -> None:
        """Remember how far it is: what is drawn after this is drawn again."""
        self.latents.flush()
        self.tokens.flush()
        self.counter.write_text(str(self.count))


def opened(path: Path, shape: tuple[int, ...], kind: type[np.generic]) -> np.memmap:
    mode = "r+" if path.exists() else "w+"
    return np.lib.format.open_memmap(path, mode, kind, shape)
