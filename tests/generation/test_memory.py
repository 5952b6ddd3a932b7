"""How large a picture may be, told from what two sizes took."""

import json
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

from generation.engine import cgroups
from generation.engine.memory import SHARE, HostMemory, Need, available, fitting
from tests.site import ROOT

MIB = 2**20


@pytest.mark.parametrize("fixed", [0, 700])
@pytest.mark.parametrize("pixels", [300, 1_000, 16_000])
def test_what_grows_with_the_pixels_beside_a_fixed_part_is_told_exactly(fixed: int, pixels: int) -> None:
    def need(count: int) -> Need:
        return Need(count, fixed + 9 * count)

    assert fitting(need(100), need(400), need(pixels).bytes) == pytest.approx(pixels)


@pytest.mark.parametrize("each", [0, 9])
@pytest.mark.parametrize("pixels", [300, 1_000, 16_000])
def test_what_grows_with_the_square_is_told_exactly(each: int, pixels: int) -> None:
    def need(count: int) -> Need:
        return Need(count, each * count + 2 * count**2)

    assert fitting(need(100), need(400), need(pixels).bytes) == pytest.approx(pixels)


def test_what_grows_faster_than_the_square_is_taken_for_the_square_of_the_larger_one() -> None:
    assert fitting(Need(100, 1), Need(400, 1600), 160_000) == pytest.approx(4000)


def test_where_no_growth_is_seen_all_of_it_counts_as_growing() -> None:
    assert fitting(Need(100, 500), Need(400, 400), 1000) == 1000
    assert fitting(Need(100, 0), Need(400, 0), 1000) == float("inf")


def test_no_memory_at_all_holds_less_than_was_made() -> None:
    for small, large in (((100, 1500), (400, 3000)), ((100, 2000), (400, 20_000)), ((100, 500), (400, 400))):
        assert fitting(Need(*small), Need(*large), 0) < 400


def test_the_more_there_is_the_more_fits() -> None:
    found = [fitting(Need(100, 1500), Need(400, 3000), room) for room in range(0, 10_000, 500)]
    assert all(less < more for less, more in pairwise(found))


def test_what_is_used_for_a_moment_is_seen() -> None:
    memory = HostMemory(torch.device("cpu"))
    assert 0 < memory.room <= available() + 50 * MIB
    with memory.watch(100) as need:
        np.ones(100 * MIB, np.uint8)
        np.ones(10 * MIB, np.uint8)
    assert need.pixels == 100
    assert 60 * MIB < need.bytes < 200 * MIB


GROWTH = """
import json, sys
from dataclasses import replace
from pathlib import Path
from generation.engine.checkpoints import Checkpoint
from generation.engine.diffusion import DiffusionEngine
from generation.engine.memory import HostMemory, fitting
from generation.engine.recipe import Recipe

engine = DiffusionEngine("cpu")
engine.load(Checkpoint("demo", Path("demo_model/model")))
memory, needs = HostMemory(engine.device), []
for side in (64, 128, 384):
    recipe = Recipe(prompt="a fox", seed=1, width=side, height=side, steps=1, sampler="DDIM")
    with memory.watch(recipe.pixels) as need:
        engine.generate(recipe, first=1, size=1, on_step=lambda *_: None)
    needs.append(need)
small, large, largest = needs
print(json.dumps([fitting(small, large, largest.bytes), largest.pixels]))
"""


def test_two_sizes_foretell_a_third_one_nine_times_as_large() -> None:
    """Never by so much too little that the share which is left free would not cover it."""
    done = subprocess.run([sys.executable, "-c", GROWTH], cwd=ROOT, capture_output=True, text=True, check=True)
    foretold, real = json.loads(done.stdout)
    assert real / 4 < foretold < real / SHARE


# A container's limit, or a service's

NO_LIMIT_1 = str(2**63 - 4096)


def a_group(folder: Path, version: int, limit: str, used: int, files: int = 0) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    limit_file, usage_file, start = cgroups.V1 if version == 1 else cgroups.V2
    (folder / limit_file).write_text(f"{limit}\n")
    (folder / usage_file).write_text(f"{used}\n")
    (folder / "memory.stat").write_text(f"anon 1\n{start}inactive_file {files // 2}\n{start}active_file {files // 2}\n")


def member_of(root: Path, *lines: str) -> None:
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/cgroup").write_text("".join(f"{line}\n" for line in lines))


def test_every_group_above_the_process_counts(tmp_path: Path) -> None:
    member_of(tmp_path, "0::/system.slice/playground.service")
    top = tmp_path / "sys/fs/cgroup"
    a_group(top / "system.slice/playground.service", 2, "max", 50)
    a_group(top / "system.slice", 2, "1000", 300, files=200)
    assert cgroups.left(tmp_path) == [900]  # the root has no files of this kind
    a_group(top / "system.slice/playground.service", 2, "400", 50)
    assert sorted(cgroups.left(tmp_path)) == [350, 900]


def test_in_a_container_the_limit_stands_at_the_mount(tmp_path: Path) -> None:
    member_of(tmp_path, "12:cpuset:/docker/1f", "4:cpu,memory:/docker/1f", "0::/docker/1f")
    a_group(tmp_path / "sys/fs/cgroup/memory", 1, "1000", 100)
    assert cgroups.left(tmp_path) == [900]


def test_a_group_of_the_first_version_without_a_limit_limits_nothing(tmp_path: Path) -> None:
    member_of(tmp_path, "4:memory:/")
    a_group(tmp_path / "sys/fs/cgroup/memory", 1, NO_LIMIT_1, 100)
    assert cgroups.left(tmp_path)[0] > 2**62


def test_systems_without_groups_have_no_limit(tmp_path: Path) -> None:
    assert cgroups.left(tmp_path) == []


def test_the_groups_of_this_machine_can_be_read() -> None:
    assert all(isinstance(left, int) for left in cgroups.left())


def test_the_least_that_holds_is_what_there_is(tmp_path: Path) -> None:
    member_of(tmp_path, "0::/")
    a_group(tmp_path / "sys/fs/cgroup", 2, "3000", 1000)
    assert available(tmp_path) == 2000
    a_group(tmp_path / "sys/fs/cgroup", 2, str(2**60), 1000)
    assert 2000 < available(tmp_path) < 2**50
