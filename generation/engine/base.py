"""What every engine promises, so that the queue need not know which one it has."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from PIL import Image

from generation.engine.checkpoints import Checkpoint
from generation.engine.recipe import Recipe

if TYPE_CHECKING:
    import torch

OnStep = Callable[[int, int, Callable[[], list[Image.Image]]], None]
"""Called after each denoising step with (step, steps, preview); it may raise Cancelled.

`preview()` gives a small RGB picture, a pixel per latent cell, of each picture of the group as the model has it in mind
now; none where it cannot be told.
"""


class Cancelled(Exception):
    """Raised by an OnStep to stop at this step; the engine stays usable."""


class OutOfMemory(Exception):
    """The device has too little memory for these pictures; the engine stays usable."""


class Unreadable(Exception):
    """A checkpoint cannot be used; the text says why in words a person understands."""


@dataclass(frozen=True)
class Measured:
    """What the warm-up found out.

    Attributes:
        group_size: pictures worth denoising together on this device, at most.
        seconds: s per picture, step and megapixel in groups of three, as most jobs have, or of `group_size` if that is
            less.
        max_pixels: px that fit into the device's memory at once, in one picture or in several made together.
    """

    group_size: int
    seconds: float
    max_pixels: int


class Engine(Protocol):
    device: "torch.device"
    slot: str
    """The device by a name that is the same for every process that would use it (a GPU's UUID, mps, cpu)."""

    @property
    def loaded(self) -> list[Checkpoint]:
        """The models that are kept, the last used first."""

    def load(self, checkpoint: Checkpoint) -> None:
        """Make `checkpoint` the model; at once if it is kept.

        Raises Unreadable or OutOfMemory, whose text is a sentence: then another has to be loaded.
        """

    def warm_up(self, recipe: Recipe) -> Measured:
        """Make two steps at the recipe's size, so that the first request finds everything warm, and measure meanwhile.

        Raises Unreadable: the model was loaded, but makes no pictures; or OutOfMemory. The text is a sentence.
        """

    def generate(
        self, recipe: Recipe, *, first: int, size: int, on_step: OnStep, source: Image.Image | None = None
    ) -> list[Image.Image]:
        """Make the pictures at positions `first` to `first + size - 1` (1 is the first) together.

        Args:
            source: the RGB picture of `recipe.output_size` to paint over; there is one where the recipe has a strength.

        Returns RGB pictures of `recipe.output_size`. Raises OutOfMemory, or what `on_step` raises.
        """
