"""What a GPU makes of full-size models: the engine against the library's defaults and against the device's floor.

    python -m bench.gpu [--family 1] [--size 512] [--steps 50] [--rounds 3] [--queue 20]

Random weights, DDIM with guidance, all sides in turns. It needs torch, diffusers, transformers, Pillow and psutil, no
site, so that it runs in the Python of any machine that has a GPU. The floor is what a picture's multiplications take at
the speed at which the device multiplies two large matrices. To try it on a CPU: --size 64 --steps 2 --queue 2.
"""

# mypy: allow-untyped-calls

import argparse
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from bench import random_model
from bench.engine import Loop, Task
from bench.loop import PROMPT, Tuning
from generation.engine import devices, families
from generation.engine.checkpoints import Checkpoint
from generation.engine.diffusion import DiffusionEngine
from generation.engine.recipe import Recipe
from library import png

FAMILIES = {"1": families.STABLE_DIFFUSION_1, "xl": families.STABLE_DIFFUSION_XL}
DEFAULTS, COMPILED = "the library's defaults", "compiled, "
WANTED = {f"{COMPILED}one by one": 0.75, f"{COMPILED}in threes": 0.28}
"""s a picture on an H200, with Stable Diffusion 1 at 512 px and 50 steps."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--family", choices=FAMILIES, default="1", help="of Stable Diffusion")
    parser.add_argument("--size", type=int, help="px a side; else the family's own")
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--queue", type=int, default=20, help="pictures over which the GPU's load is looked at")
    asked = parser.parse_args()
    family = FAMILIES[asked.family]
    size = asked.size or family.side
    recipe = Recipe(prompt=PROMPT, seed=0, width=size, height=size, steps=asked.steps, sampler="DDIM")
    with tempfile.TemporaryDirectory(prefix="playground-bench-") as temporary:
        folder = Path(temporary) / "model"
        engine = DiffusionEngine()  # the first to import torch, which reads once how its threads are to wait
        random_model.write(family, folder, sampler="DDIMScheduler", size=size, steps=asked.steps)
        engine.load(Checkpoint(family.name, folder))
        measured = engine.warm_up(recipe)
        print(f"{family.name}, {size} px, {asked.steps} steps, {_name(engine)}: {measured}\n")
        defaults = Loop(Task(folder, size, asked.steps), Path(temporary) / "out", Tuning())
        try:
            compare({DEFAULTS: lambda: defaults.seconds(1), **_sides(engine, recipe)}, asked.rounds)
        finally:
            defaults.stop()
        print(f"{'floor':26}{floor(engine, recipe):12.3f}\n")
        watch_a_queue(engine, recipe, asked.queue, measured.group_size, Path(temporary))


def compare(sides: dict[str, Callable[[], float]], rounds: int) -> None:
    """Print the seconds a picture of each, the median of the rounds, and how they stand to the library's defaults."""
    for name, seconds in sides.items():
        began = time.perf_counter()
        seconds()
        print(f"warming up: {name}, {time.perf_counter() - began:.0f} s", flush=True)
    taken = [{name: seconds() for name, seconds in sides.items()} for _ in range(rounds)]
    print(f"\n{'':26}{'s a picture':>12}{'times as fast':>15}{'wanted, H200':>14}")
    for name in sides:
        median = statistics.median(times[name] for times in taken)
        ratio = statistics.median(times[DEFAULTS] / times[name] for times in taken)
        print(f"{name:26}{median:12.3f}{ratio:15.2f}{WANTED.get(name, ''):>14}")


def _sides(engine: DiffusionEngine, recipe: Recipe) -> dict[str, Callable[[], float]]:
    """The engine as it is, and with the blocks that its UNet repeats compiled. All else here runs as it is."""
    import torch

    engine._pipeline.unet.compile_repeated_blocks()
    torch.compiler.set_stance("force_eager")

    def side(size: int, stance: str) -> Callable[[], float]:
        def seconds() -> float:
            began = time.perf_counter()
            with torch.compiler.set_stance(stance):
                engine.generate(recipe, first=1, size=size, on_step=lambda *_: None)
            return (time.perf_counter() - began) / size

        return seconds

    groups, stances = {"one by one": 1, "in threes": 3}, {"": "force_eager", COMPILED: "default"}
    return {stance + group: side(size, stances[stance]) for stance in stances for group, size in groups.items()}


def floor(engine: DiffusionEngine, recipe: Recipe) -> float:
    """s that one picture's multiplications take at the very least."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    def counted(steps: int) -> int:
        with FlopCounterMode(display=False) as counter:
            engine.generate(replace(recipe, steps=steps), first=1, size=1, on_step=lambda *_: None)
        return int(counter.get_total_flops())

    one = counted(1)
    all_steps = one + (counted(2) - one) * (recipe.steps - 1)
    side = 8192 if engine.device.type == "cuda" else 2048
    matrix = torch.randn(side, side, device=engine.device).to(engine.dtype)
    best = min(_seconds(lambda: matrix @ matrix, engine) for _ in range(10))
    speed = 2 * side**3 / best
    print(f"{all_steps / 1e12:.1f} TFLOP a picture, {speed / 1e12:.1f} TFLOP/s in a product of matrices")
    return all_steps / speed


def _seconds(work: Callable[[], object], engine: DiffusionEngine) -> float:
    devices.wait_for(engine.device)
    began = time.perf_counter()
    work()
    devices.wait_for(engine.device)
    return time.perf_counter() - began


def watch_a_queue(engine: DiffusionEngine, recipe: Recipe, images: int, group: int, folder: Path) -> None:
    """Make the pictures in groups and write each as the site does; print how busy the GPU was, and its memory."""
    began = time.perf_counter()
    with _load(engine) as seen:
        for first in range(1, images + 1, group):
            size = min(group, images - first + 1)
            pictures = engine.generate(recipe, first=first, size=size, on_step=lambda *_: None)
            for position, picture in enumerate(pictures, first):
                encoded = png.encode(picture, recipe.to_dict(), seed=recipe.seed_of(position), position=position)
                (folder / f"{position:02}.png").write_bytes(encoded.data)
    took = (time.perf_counter() - began) / images
    print(f"A queue of {images} pictures, groups of {group}: {took:.3f} s a picture with PNG")
    if seen:
        load, memory = zip(*seen, strict=True)
        print(f"GPU busy {statistics.mean(load):.0f} % (wanted: 90 %), memory {max(memory)} MiB at the highest")


@contextmanager
def _load(engine: DiffusionEngine) -> Iterator[list[tuple[int, int]]]:
    """(% of the time in which the GPU did something, MiB used), ten times a second; nothing where none is NVIDIA's."""
    seen: list[tuple[int, int]] = []
    if engine.device.type != "cuda":
        yield seen
        return
    query = ["nvidia-smi", "-i", f"GPU-{engine.slot}", "--query-gpu=utilization.gpu,memory.used", "-lms", "100"]
    watching = subprocess.Popen([*query, "--format=csv,noheader,nounits"], stdout=subprocess.PIPE, text=True)
    try:
        yield seen
    finally:
        watching.terminate()
        lines = watching.communicate()[0].splitlines()
        seen += [(int(load), int(memory)) for load, memory in (line.split(",") for line in lines if "," in line)]


def _name(engine: DiffusionEngine) -> str:
    import torch

    return torch.cuda.get_device_name(engine.device) if engine.device.type == "cuda" else engine.device.type


if __name__ == "__main__":
    main()
