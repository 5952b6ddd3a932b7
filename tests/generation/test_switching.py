"""A real site with several models: jobs that name them, and what happens when the worker dies while it loads one."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.generation.models_folder import put_folder
from tests.site import Site, until

LARGE = {"width": 1024, "height": 1024}  # px: its speed takes a while to measure, time enough to be hit


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Iterator[Site]:
    site = Site(tmp_path_factory.mktemp("switching") / "data")
    models = site.data / "models"
    put_folder(tiny_model, "a", into=models)
    put_folder(tiny_model, "b", into=models, louder=1.5)
    put_folder(tiny_model, "slow", into=models, **LARGE)
    site.start().wait_ready()
    yield site
    site.stop()


def model_of(site: Site, uuid: str) -> str:
    [row] = site.rows("SELECT model FROM library_batch WHERE uuid = ?", uuid.replace("-", ""))
    return str(row["model"])


def test_jobs_of_different_models_are_made_first_in_first_out(site: Site) -> None:
    uuids = [site.submit("a fox", model=model, seed=7, num_images=3) for model in ("b", "", "b", "a")]
    finished = [site.wait_for(uuid)["finished"] for uuid in uuids]
    assert finished == sorted(finished)
    assert [model_of(site, uuid) for uuid in uuids] == ["b", "a", "b", "a"]
    assert site.pixels(uuids[0]) == site.pixels(uuids[2]) != site.pixels(uuids[1])
    assert site.pixels(uuids[1]) == site.pixels(uuids[3])
    assert site.health()["status"] == "ok"


def test_a_name_that_is_not_there_is_refused_before_anything_is_queued(site: Site) -> None:
    status, content, _ = site.post("/jobs/", prompt="a fox", model="../../etc/passwd")
    assert status == 422
    assert "There is no model ../../etc/passwd. There are a, b, slow, demo model." in content.decode()


def loading(site: Site) -> str:
    rows = site.rows("SELECT loading FROM generation_worker WHERE slot != ''")
    return str(rows[0]["loading"]) if rows else ""


def test_while_a_model_is_loaded_every_page_says_so_and_the_site_is_well(site: Site) -> None:
    uuid = site.submit("a fox", model="slow", num_images=3, width=64, height=64)
    until(lambda: loading(site) == "slow", what="loading")
    assert "Loading slow" in site.get("/status/")[1].decode()
    assert site.health()["status"] == "ok"
    site.wait_for(uuid)
    with site.database() as connection:
        connection.execute("UPDATE generation_knownmodel SET group_size = 0 WHERE name = 'slow'")
        connection.commit()


def test_a_model_that_kills_its_worker_while_it_is_loaded_sets_its_job_aside_and_the_next_one_runs(site: Site) -> None:
    for model in ("a", "b"):  # `slow` is not kept
        site.wait_for(site.submit("a fox", model=model))
    poison = site.submit("a fox", model="slow", width=64, height=64)
    after = site.submit("an owl", model="b")
    for life in range(1, 4):
        until(lambda life=life: loading(site) == "slow" and site.job(poison)["attempts"] == life)  # type: ignore[misc]
        os.kill(site.worker_pid(), signal.SIGKILL)
    row = site.wait_for(poison, "failed")
    assert "died 3 times" in row["error"]
    site.wait_for(after)
    assert model_of(site, after) == "b"


def test_a_model_that_is_taken_away_while_its_job_waits_fails_it_and_what_comes_instead_is_offered(
    site: Site, tiny_model: Path
) -> None:
    site.wait_ready()
    folder = put_folder(tiny_model, "c", into=site.data / "models")
    until(lambda: b'<option value="c"' in site.get("/advanced/")[1], seconds=20, what="c is offered")
    first = site.submit("a fox", num_images=30, steps=50)
    uuid = site.submit("a fox", model="c")
    until(lambda: site.job(first)["step"] > 0)
    folder.rename(site.data / "elsewhere")
    row = site.wait_for(uuid, "failed")
    assert row["error"].startswith("The model c is not there any more.")
    until(lambda: b'<option value="c"' not in site.get("/advanced/")[1], seconds=20, what="c is offered no longer")
