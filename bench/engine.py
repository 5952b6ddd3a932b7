"""The whole app against a bare diffusers loop: pictures a second, all sides in turns on this machine.

    python -m bench.engine [--full] [--rounds 3] [--images 9]

The app is a real site: queue, worker, PNG with its recipe, thumbnail, row; its time is that from a job's start to its
end. The loop (bench/loop.py) has the same weights, size, steps, sampler and device, once with the library's defaults,
once tuned as the engine is. --full takes Stable Diffusion 1.5 at full size with random weights, as fast as real
ones (2 GB in a temporary folder; 256 px and 4 steps on a CPU, 512 px and 50 steps on a GPU); else the demo model.
"""

# mypy: allow-untyped-calls

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from bench import random_model
from bench.loop import PROMPT, Tuning
from generation.engine.families import STABLE_DIFFUSION_1
from tests.site import NO_LIMITS, ROOT, Site

DEMO = ROOT / "demo_model" / "model"
TUNED = Tuning(best_dtype=True, channels_last=True, group=3, fast_png=True, waiting="PASSIVE")
"""As the app's engine is, with the groups of most jobs."""
GOALS = {"tuned the same way": 0.95, "the library's defaults": 1.3}


@dataclass(frozen=True)
class Task:
    folder: Path
    size: int
    steps: int


class Loop:
    """bench.loop in a process of its own, which keeps its model loaded."""

    def __init__(self, task: Task, out: Path, tuning: Tuning) -> None:
        out.mkdir()
        arguments = [str(task.folder), str(task.steps), str(task.size), str(out), json.dumps(asdict(tuning))]
        command = [sys.executable, "-m", "bench.loop", *arguments]
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def seconds(self, images: int) -> float:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{images}\n")
        self._process.stdin.flush()
        return float(self._process.stdout.readline())

    def stop(self) -> None:
        self._process.communicate()


class App:
    def __init__(self, task: Task, data: Path) -> None:
        self._task = task
        settings = {"PLAYGROUND_MODEL": str(task.folder), **NO_LIMITS}
        self.site = Site(data, **settings).start().wait_ready(600)

    @property
    def group(self) -> int:
        """Pictures that the engine makes together, as it measured when it loaded the model."""
        return int(self.site.rows("SELECT group_size FROM generation_worker")[0]["group_size"])

    def seconds(self, images: int) -> float:
        uuid = self.site.submit(PROMPT, num_images=images)
        self.site.wait_for(uuid, seconds=1200, every=0.25)  # looking takes time, too
        query = "SELECT (julianday(finished) - julianday(started)) * 86400 AS took FROM generation_job WHERE uuid = ?"
        return float(self.site.rows(query, uuid.replace("-", ""))[0]["took"])

    def stop(self) -> None:
        self.site.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--full", action="store_true", help="Stable Diffusion 1.5 at full size")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--images", type=int, default=9)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="playground-bench-") as folder:
        task = full(Path(folder) / "sd15") if asked.full else demo()
        with sides(task, Path(folder)) as running:
            for side in running.values():
                side.seconds(asked.images)  # warms up
            rounds = [{name: side.seconds(asked.images) for name, side in running.items()} for _ in range(asked.rounds)]
            group = running["the app"].group
    print(f"{task.folder.name}, {task.size} px, {task.steps} steps, jobs of {asked.images} images, groups of {group}\n")
    report(rounds, asked.images)


@contextmanager
def sides(task: Task, folder: Path) -> Iterator[dict[str, Any]]:
    app = App(task, folder / "data")
    running: dict[str, Any] = {"the app": app}
    try:
        for name, tuning in zip(GOALS, (replace(TUNED, group=app.group), Tuning()), strict=True):
            running[name] = Loop(task, folder / name, tuning)
        yield running
    finally:
        for side in running.values():
            side.stop()


def report(rounds: list[dict[str, float]], images: int) -> None:
    """Medians of the rounds; the ratio is that of the app's pictures a second to the loop's, within each round."""
    print(f"{'':26}{'images a second':>16}{'the app is':>12}{'wanted':>8}")
    for name in rounds[0]:
        speed = images / statistics.median(times[name] for times in rounds)
        ratio = statistics.median(times[name] / times["the app"] for times in rounds)
        wanted = GOALS.get(name)
        judged = f"{ratio:11.2f}x{wanted:8.2f}{'' if ratio >= wanted else '  !'}" if wanted else ""
        print(f"{name:26}{speed:16.2f}{judged}")


def demo() -> Task:
    defaults = json.loads((DEMO / "playground.json").read_text(encoding="utf-8"))
    return Task(DEMO, defaults["width"], defaults["steps"])


def full(folder: Path) -> Task:
    """Write the model."""
    from generation.engine import devices

    size, steps = (256, 4) if devices.best_device().type == "cpu" else (512, 50)
    random_model.write(STABLE_DIFFUSION_1, folder, sampler="PNDMScheduler", size=size, steps=steps)
    return Task(folder, size, steps)


if __name__ == "__main__":
    main()
