"""What each lever of the engine is worth: the bare loop as the engine is tuned, and with one lever let go at a time.

    python -m bench.levers [--rounds 3] [--images 12]

Demo model; all in turns, each in a process of its own that keeps it. Above 1: the engine would be slower without.
"""

import argparse
import statistics
import tempfile
from dataclasses import replace
from pathlib import Path

from bench.engine import TUNED, Loop, demo

BASE = "as the engine, in threes"

VARIANTS = {
    BASE: TUNED,
    "float32": replace(TUNED, best_dtype=False),
    "not channels last": replace(TUNED, channels_last=False),
    "groups of 1": replace(TUNED, group=1),
    "groups of 2": replace(TUNED, group=2),
    "groups of 6": replace(TUNED, group=6),
    "groups of 12": replace(TUNED, group=12),
    "PNG at Pillow's level": replace(TUNED, fast_png=False),
    "threads that spin a while": replace(TUNED, waiting=""),
    "compiled": replace(TUNED, compiled=True),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--images", type=int, default=12)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="playground-bench-") as folder:
        task = demo()
        loops: dict[str, Loop] = {}
        try:
            for name, tuning in VARIANTS.items():
                loops[name] = Loop(task, Path(folder) / name, tuning)
                loops[name].seconds(asked.images)  # warms up
            rounds = [{name: loop.seconds(asked.images) for name, loop in loops.items()} for _ in range(asked.rounds)]
        finally:
            for loop in loops.values():
                loop.stop()
    print(f"{task.folder.name}, {task.size} px, {task.steps} steps, {asked.images} images a round\n")
    print(f"{'':26}{'s a picture':>12}{'times the time':>16}")
    for name in loops:
        seconds = statistics.median(times[name] for times in rounds) / asked.images
        ratio = statistics.median(times[name] / times[BASE] for times in rounds)
        print(f"{name:26}{seconds:12.2f}{ratio:16.2f}")


if __name__ == "__main__":
    main()
