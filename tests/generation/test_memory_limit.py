"""A memory limit as a container has one: the kernel kills the worker, while it makes pictures or loads a model."""

import json
import math
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cgroups import Group, memory_group, needs_memory_groups
from tests.generation.models_folder import put_folder, settle
from tests.site import Site, until

pytestmark = [needs_memory_groups, pytest.mark.timeout(400)]  # the worker starts three times more, with little memory

ROOM = 300  # MiB beyond what the site has when it idles
HUGE = 24_000_000  # units of a layer: 1.5 GB of weights as bf16


def put_huge(model: Path, name: str, site: Site) -> None:
    """A model whose text encoder is blown up: with weights that are all zero, so that the disk holds none of them."""
    folder = put_folder(model, name, into=site.data)
    configuration = folder / "text_encoder" / "config.json"
    config = json.loads(configuration.read_text())
    small, config["intermediate_size"] = config["intermediate_size"], HUGE
    configuration.write_text(json.dumps(config))
    weights = folder / "text_encoder" / "model.safetensors"
    content = weights.read_bytes()
    [length] = struct.unpack("<Q", content[:8])
    header, end = json.loads(content[8 : 8 + length]), 0
    for key, tensor in header.items():
        if key != "__metadata__":
            tensor["shape"] = [HUGE if side == small else side for side in tensor["shape"]]
            begin, end = end, end + 4 * math.prod(tensor["shape"])
            tensor["data_offsets"] = [begin, end]
    text = json.dumps(header).encode()
    with weights.open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        file.truncate(8 + len(text) + end)
    settle(folder).rename(site.data / "models" / name)


@pytest.fixture
def group() -> Iterator[Group]:
    with memory_group() as group:
        yield group


@pytest.fixture
def site(new_site: Callable[..., Site], group: Group, tiny_model: Path) -> Iterator[Site]:
    """With the tiny model and no more memory than that takes."""
    site = new_site(PLAYGROUND_MODEL="")
    put_folder(tiny_model, "b tiny", into=site.data / "models")
    site.before = group.command
    site.start().wait_ready()
    site.wait_for(site.submit("a fox", num_images=3))
    group.limit(group.used + ROOM)
    yield site
    site.stop()


def died(site: Site, uuid: str) -> None:
    note = site.job(uuid)["note"]
    assert note.startswith("The worker died while it made this (SIGKILL: mostly that means that the machine ran out")
    assert "died 3 times at the same picture" in site.job(uuid)["error"]
    page = site.get(f"/jobs/{uuid}/")[1].decode()
    assert "The worker died while it made this (SIGKILL" in page
    assert "Mostly that is memory running out" in page


def test_a_job_that_has_the_worker_killed_is_set_aside_and_the_next_one_runs(site: Site, group: Group) -> None:
    poison = site.submit("a fox", num_images=30, width=2048, height=2048, steps=1)
    after = site.submit("a ship", num_images=3)
    site.wait_for(poison, "failed", seconds=180)
    died(site, poison)
    site.wait_for(after)


def test_a_default_model_that_has_the_worker_killed_at_every_start_is_left_alone_and_the_next_one_taken(
    site: Site, tiny_model: Path
) -> None:
    waiting = site.submit("a fox", num_images=30)
    put_huge(tiny_model, "a huge", site)
    killed = "SELECT deaths FROM generation_knownmodel WHERE name = 'a huge' AND deaths = 3"
    until(lambda: site.rows(killed), seconds=120, what="killed three times", log=site.log)
    site.wait_ready(seconds=120)
    for path in ("/", "/models/"):
        assert "a huge killed the worker 3 times while it was loaded" in site.get(path)[1].decode()
    site.wait_for(waiting)
    log = site.log.read_text()
    assert log.count("A process of the worker ended (-9)") == 3
    site.stop()
    assert not site.rows(killed), "whoever stops the site may have mended it"
    site.start()


def test_a_model_that_has_the_worker_killed_fails_the_job_that_names_it_and_then_every_other(
    site: Site, tiny_model: Path
) -> None:
    put_huge(tiny_model, "c huge", site)
    there = "SELECT 1 FROM generation_knownmodel WHERE name = 'c huge' AND looks != ''"
    until(lambda: site.rows(there), seconds=60, what="found", log=site.log)
    poison, again, after = (
        site.submit("a fox", num_images=3, model=model) for model in ("c huge", "c huge", "b tiny")
    )  # fmt: skip
    site.wait_for(poison, "failed", seconds=180)
    died(site, poison)
    row = site.wait_for(again, "failed", seconds=60)
    assert row["error"].startswith("c huge killed the worker 3 times while it was loaded")
    assert row["attempts"] == 1
    site.wait_for(after)
    assert "c huge killed the worker 3 times" in site.get("/models/")[1].decode()
