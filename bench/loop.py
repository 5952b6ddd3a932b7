"""A bare diffusers loop, the other side of bench.engine: reads how many pictures to make, says how many s they took.

    python -m bench.loop FOLDER STEPS SIZE OUT TUNING

TUNING is a Tuning as JSON; an empty one is what the library's own examples do.
"""

# mypy: allow-untyped-calls

import json
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROMPT = "a red apple on a blue background"


@dataclass(frozen=True)
class Tuning:
    """Each lever by itself; without arguments none is pulled."""

    best_dtype: bool = False
    """The device's best number type; else float32."""
    channels_last: bool = False
    group: int = 1
    """Pictures a call."""
    fast_png: bool = False
    """Compression level 1; else Pillow's own."""
    waiting: str = ""
    """OMP_WAIT_POLICY; empty: OpenMP's own, which is to spin for a while."""
    compiled: bool = False
    """The UNet's repeated blocks by torch.compile."""


def pipeline(folder: Path, tuning: Tuning) -> Any:
    if tuning.waiting:
        os.environ["OMP_WAIT_POLICY"] = tuning.waiting
    import diffusers
    import torch
    import transformers

    from generation.engine import devices

    for library in (diffusers, transformers):
        library.utils.logging.set_verbosity_error()
        library.utils.logging.disable_progress_bar()
    device = devices.best_device()
    kind = devices.best_dtype(device) if tuning.best_dtype else torch.float32  # transformers would take the files' own
    made: Any = diffusers.DiffusionPipeline.from_pretrained(folder, dtype=kind)
    made.to(device)
    made.set_progress_bar_config(disable=True)
    if tuning.channels_last:
        made.unet.to(memory_format=torch.channels_last)
    if tuning.compiled:
        made.unet.compile_repeated_blocks()
    return made


def main() -> None:
    folder, steps, size, out, tuned = sys.argv[1:]
    tuning = Tuning(**json.loads(tuned))
    made = pipeline(Path(folder), tuning)
    options = {"num_inference_steps": int(steps), "width": int(size), "height": int(size)}
    written = {"compress_level": 1} if tuning.fast_png else {}
    for line in sys.stdin:
        began, left = time.perf_counter(), int(line)
        while left:
            for picture in made(PROMPT, num_images_per_prompt=min(left, tuning.group), **options).images:
                left -= 1
                picture.save(Path(out) / f"{left}.png", **written)
        print(time.perf_counter() - began, flush=True)


if __name__ == "__main__":
    main()
