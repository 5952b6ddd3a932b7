"""A worker whose model's work is an equal pause, so that `bench.scale` measures everything else.

    python -m bench.pausing

It is `manage.py worker --unwatched`, and BENCH_PAUSE says how many s a picture takes.
"""

import os
import sys
import time

from PIL import Image

from generation.engine import diffusion
from generation.engine.base import Measured, OnStep
from generation.engine.checkpoints import Checkpoint
from generation.engine.recipe import Recipe

STEPS = 4
GROUP_SIZE, SECONDS, MAX_PIXELS = 3, 1.0, 2**24


class PausingEngine(diffusion.DiffusionEngine):
    """Loads nothing, and makes grey pictures."""

    @property
    def loaded(self) -> list[Checkpoint]:
        return [self._checkpoint] if self._checkpoint else []

    def load(self, checkpoint: Checkpoint) -> None:
        self._checkpoint = checkpoint

    def warm_up(self, recipe: Recipe) -> Measured:
        return Measured(GROUP_SIZE, SECONDS, MAX_PIXELS)

    def generate(
        self, recipe: Recipe, *, first: int, size: int, on_step: OnStep, source: Image.Image | None = None
    ) -> list[Image.Image]:
        for step in range(1, STEPS + 1):
            time.sleep(float(os.environ["BENCH_PAUSE"]) * size / STEPS)
            on_step(step, STEPS, list)
        return [Image.new("RGB", recipe.output_size, (first, place, 99)) for place in range(size)]


def main() -> None:
    diffusion.DiffusionEngine = PausingEngine  # type: ignore[misc]  # the worker takes it from there
    from django.core.management import execute_from_command_line

    execute_from_command_line([sys.argv[0], "worker", "--unwatched"])


if __name__ == "__main__":
    main()
