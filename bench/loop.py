"""A bare diffusers loop, the other side of bench.engine: reads how many pictures to make, says how many s they took.

    python -m bench.loop FOLDER STEPS SIZE GROUP OUT

With GROUP 0 as the library's own examples do it: its number type, one picture a call, PNG as Pillow writes it. Else
tuned as the app's engine is: the best number type of the device, channels last, threads that wait asleep, groups of so
many, fast PNG.
"""

# mypy: allow-untyped-calls

import os
import sys
import time
from pathlib import Path
from typing import Any

PROMPT = "a red apple on a blue background"


def pipeline(folder: Path, *, tuned: bool) -> Any:
    if tuned:
        os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
    import diffusers
    import torch
    import transformers

    from generation.engine import devices

    for library in (diffusers, transformers):
        library.utils.logging.set_verbosity_error()
        library.utils.logging.disable_progress_bar()
    device = devices.best_device()
    kind = devices.best_dtype(device) if tuned else torch.float32  # transformers would take the files' own
    made: Any = diffusers.StableDiffusionPipeline.from_pretrained(folder, dtype=kind, safety_checker=None)
    made.to(device)
    made.set_progress_bar_config(disable=True)
    if tuned:
        made.unet.to(memory_format=torch.channels_last)
    return made


def main() -> None:
    folder, steps, size, group, out = sys.argv[1:]
    tuned, each = int(group) > 0, max(1, int(group))
    made = pipeline(Path(folder), tuned=tuned)
    options = {"num_inference_steps": int(steps), "width": int(size), "height": int(size)}
    written = {"compress_level": 1} if tuned else {}
    for line in sys.stdin:
        began, left = time.perf_counter(), int(line)
        while left:
            for picture in made(PROMPT, num_images_per_prompt=min(left, each), **options).images:
                left -= 1
                picture.save(Path(out) / f"{left}.png", **written)
        print(time.perf_counter() - began, flush=True)


if __name__ == "__main__":
    main()
