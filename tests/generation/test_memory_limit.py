"""A memory limit as a container has one: the kernel kills the worker, while it makes pictures or loads a model."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cgroups import Group, memory_group, needs_memory_groups
from tests.generation.models_folder import put_folder
from tests.site import Site, until

pytestmark = [needs_memory_groups, pytest.mark.timeout(400)]  # the worker starts three times more, with little memory

ROOM = 300  # MiB beyond what the site has when it idles


def put_huge(model: Path, name: str, site: Site) -> None:
    """A model whose own size is far more than there is memory for.

    Not one with large weights: these are read from a file that is mapped, and at the limit the kernel would rather
    drop and read its pages again, for a minute or more, than kill.
    """
    put_folder(model, name, into=site.data, width=2048, height=2048).rename(site.data / "models" / name)


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
