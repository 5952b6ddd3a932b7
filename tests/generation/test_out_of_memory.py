"""Memory runs out while pictures are made: a real limit on the running worker, so its allocations really fail."""

import json
import os
import re
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import pytest
from diffusers import AutoencoderTiny

from demo_model import tiny
from library import png
from tests.site import Site, until

MIB = 2**20
SIDE = 768  # px

# MiB; measured: three pictures take about 900, one 290, one in tiles 150
ENOUGH_FOR_ONE = 500
ENOUGH_FOR_A_TILE = 210
ENOUGH_FOR_NOTHING = 4


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model with a wider decoder, which takes most of the memory, as in the real ones."""
    pipeline = tiny.random_pipeline()
    pipeline.vae = AutoencoderTiny(
        encoder_block_out_channels=(8, 8, 8, 8), decoder_block_out_channels=(64, 64, 64, 64),
        num_encoder_blocks=(0, 1, 1, 1), num_decoder_blocks=(1, 0, 0, 0),
    )  # fmt: skip
    folder = tmp_path_factory.mktemp("models") / "wide"
    pipeline.save_pretrained(folder)
    (folder / "playground.json").write_text(json.dumps({"width": 64, "height": 64, "steps": 2, "sampler": "DDIM"}))
    for path in (folder, *folder.rglob("*")):
        os.utime(path, (0, 0))
    return folder


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, model: Path) -> Iterator[Site]:
    # Freed memory goes back to the system at once, so that what is in use now is what counts against the limit.
    at_once = {"MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "65536"}
    site = Site(tmp_path_factory.mktemp("memory") / "data", PLAYGROUND_MODEL=str(model), **at_once)
    site.start().wait_ready()
    site.wait_for(submit_together(site))  # threads, and what the libraries keep, are there now
    yield site
    site.stop()


def used(site: Site) -> int:
    """Bytes that the worker has; while it idles, what it needs in any case."""
    [kib] = re.findall(r"VmData:\s+(\d+) kB", Path(f"/proc/{site.worker_pid()}/status").read_text())
    return int(kib) * 1024


@contextmanager
def only(mib: int, site: Site, beyond: int = 0) -> Iterator[None]:
    """The worker can have `mib` more than it has, or than `beyond`."""
    pid = site.worker_pid()
    before = resource.prlimit(pid, resource.RLIMIT_DATA)
    resource.prlimit(pid, resource.RLIMIT_DATA, ((beyond or used(site)) + mib * MIB, before[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_DATA, before)


def submit_together(site: Site, **fields: object) -> str:
    """A job whose pictures are made in threes, whatever was measured."""
    change(site, "INSERT INTO generation_pause (reason, created) VALUES ('', '2026-01-01')")
    uuid = site.submit("a fox", **{"num_images": 3, "seed": 7, "width": SIDE, "height": SIDE, **fields})
    change(site, "UPDATE generation_job SET group_size = 3 WHERE state = 'waiting'")
    change(site, "DELETE FROM generation_pause")
    return uuid


def change(site: Site, statement: str) -> None:
    with site.database() as connection:
        connection.execute(statement)
        connection.commit()


def images_of(site: Site, uuid: str) -> list[tuple[int, int, int]]:
    query = """SELECT group_first, group_size, tiled FROM library_image
               JOIN library_batch ON library_batch.id = batch_id WHERE library_batch.uuid = ? ORDER BY position"""
    return [tuple(row) for row in site.rows(query, uuid.replace("-", ""))]


def remade(site: Site, uuid: str, position: int) -> str:
    """The hash of a picture that is made again, with all the memory there is."""
    [row] = site.rows(
        """SELECT library_image.uuid, group_first FROM library_image JOIN library_batch ON library_batch.id = batch_id
           WHERE library_batch.uuid = ? AND position = ?""", uuid.replace("-", ""), position,
    )  # fmt: skip
    status, content, headers = site.post(f"/images/{UUID(row['uuid'])}/again/")
    assert status == 302, content.decode()
    again = headers["Location"].strip("/").rpartition("/")[2]
    site.wait_for(again)
    return site.pixels(again)[position - row["group_first"]]


def test_a_group_that_does_not_fit_is_made_one_by_one_and_says_so(site: Site) -> None:
    with only(ENOUGH_FOR_ONE, site):
        uuid = submit_together(site)
        row = site.wait_for(uuid)
    assert (row["group_size"], images_of(site, uuid)) == (1, [(1, 1, 0), (2, 1, 0), (3, 1, 0)])
    assert "made one at a time" in row["note"]
    assert row["note"] in site.get(f"/jobs/{uuid}/")[1].decode()
    assert remade(site, uuid, 2) == site.pixels(uuid)[1]
    until(lambda: site.health()["worker"] == "ready")


def test_a_picture_that_does_not_fit_is_decoded_in_tiles_and_its_recipe_says_so(site: Site) -> None:
    with only(ENOUGH_FOR_A_TILE, site):
        uuid = submit_together(site)
        row = site.wait_for(uuid)
    assert images_of(site, uuid) == [(1, 1, 1), (2, 1, 1), (3, 1, 1)]
    assert "made one at a time" in row["note"]
    assert "in tiles" in row["note"]
    own = png.read_recipe(site.data / "library" / uuid / "03.png")
    assert own
    assert own["recipe"]["decoding"] == "in tiles"
    assert b"in tiles, because memory was short" in site.get(f"/library/{uuid}/3/")[1]
    assert remade(site, uuid, 3) == site.pixels(uuid)[2]


def test_where_nothing_helps_the_job_fails_with_a_sentence_and_the_next_one_runs(site: Site) -> None:
    worker = site.worker_pid()
    with only(ENOUGH_FOR_NOTHING, site):
        uuid = submit_together(site)
        row = site.wait_for(uuid, "failed")
    assert row["error"].startswith("The device ran out of memory, even with one picture at a time and in tiles.")
    assert row["error"] in site.get(f"/jobs/{uuid}/")[1].decode()
    assert row["error"] in site.get("/library/")[1].decode()
    site.wait_for(submit_together(site))
    assert site.worker_pid() == worker, "it was not killed, and its model stayed loaded"


def test_what_was_finished_before_memory_ran_out_keeps_its_group(site: Site) -> None:
    idle = used(site)
    uuid = submit_together(site, num_images=6)
    until(lambda: len(images_of(site, uuid)) == 3)
    finished = site.pixels(uuid)
    with only(ENOUGH_FOR_ONE, site, beyond=idle):
        site.wait_for(uuid)
    assert images_of(site, uuid) == [(1, 3, 0)] * 3 + [(4, 1, 0), (5, 1, 0), (6, 1, 0)]
    assert site.pixels(uuid)[:3] == finished
    assert remade(site, uuid, 2) == finished[1]
