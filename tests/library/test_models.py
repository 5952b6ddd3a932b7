"""Batches and images: rows and files together."""

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import transaction
from django.utils import timezone
from PIL import Image as Pillow
from pytest_django import DjangoAssertNumQueries, Settings

from library import png
from library.models import Batch, Image

pytestmark = pytest.mark.django_db

RECIPE = {"prompt": "a fox", "seed": 41, "num_images": 3, "guidance_scale": 7.5, "sampler": "DDIM"}


@pytest.fixture(autouse=True)
def library(settings: Settings, tmp_path: Path) -> Path:
    folder = settings.PLAYGROUND_LIBRARY = tmp_path / "library"
    return folder


def a_batch(key: UUID | None = None, **recipe: Any) -> Batch:
    return Batch.objects.start(key or uuid4(), recipe={**RECIPE, **recipe}, visitor="me")


def encoded(seed: int = 41) -> png.Encoded:
    return png.encode(Pillow.effect_noise((32, 16), 90), RECIPE, seed=seed)


def store(batch: Batch, position: int = 1) -> Image:
    return Image.objects.store(encoded(40 + position), batch=batch, position=position)


def test_a_batch_is_started_once_and_found_again() -> None:
    key = uuid4()
    first, again = a_batch(key), a_batch(key, prompt="something else")
    assert first == again
    assert (again.words, again.recipe, again.visitor) == ("a fox", RECIPE, "me")


def test_a_batch_keeps_beside_its_recipe_what_searches_look_at() -> None:
    batch = a_batch(width=512, height=256, downsampling_factor=16, steps=20, model="tiny")
    batch.refresh_from_db()
    facts = (batch.model, batch.sampler, batch.size, batch.seed, batch.steps, batch.guidance_scale)
    assert facts == ("tiny", "DDIM", "256x128", 41, 20, 7.5)


def test_a_batch_knows_what_it_was_made_from() -> None:
    image = store(a_batch())
    batch = Batch.objects.start(
        uuid4(), recipe={**RECIPE, "source_image": str(image.uuid)}, visitor="", remake_of=image.uuid
    )
    assert (batch.source, batch.remake_of) == (image, image)
    assert (image.made_from_it.get(), image.remakes.get()) == (batch, batch)
    image.delete()
    batch.refresh_from_db()
    assert (batch.source, batch.remake_of) == (None, None)


def test_a_picture_knows_which_group_it_was_denoised_with() -> None:
    group = {"first": 4, "size": 3}
    encoded = png.encode(Pillow.new("RGB", (8, 8)), RECIPE, seed=45, group=group)
    image = Image.objects.store(encoded, batch=a_batch(), position=5)
    image.refresh_from_db()
    assert (image.group_first, image.group_size) == (4, 3)
    assert (png.read_recipe(image.path) or {})["group"] == group
    assert store(a_batch()).group_size is None


def test_a_picture_knows_that_it_was_decoded_in_tiles_and_a_file_found_without_its_row_says_so() -> None:
    batch, recipe = a_batch(), {**RECIPE, "decoding": "in tiles"}
    tiled = png.encode(Pillow.new("RGB", (8, 8)), recipe, seed=41, group={"first": 1, "size": 1})
    assert Image.objects.store(tiled, batch=batch, position=1).tiled
    Image.objects.all().delete()
    whole = png.encode(Pillow.new("RGB", (8, 8)), RECIPE, seed=41, group={"first": 1, "size": 3})
    found = Image.objects.store(whole, batch=batch, position=1)
    assert (found.tiled, found.group_size) == (True, 1), "the file that was there is kept, and was made so"
    assert not store(a_batch()).tiled


@pytest.mark.parametrize(
    "own", [{"group": 3}, {"group": {"first": -1, "size": "3"}}, {"recipe": [], "withheld": 1}, {}]
)
def test_what_a_file_says_of_itself_may_be_anything(own: dict[str, Any]) -> None:
    image = Image()
    image.adopt_origin(own)
    assert (image.group_first, image.group_size, image.tiled, image.withheld) == (None, None, False, False)


def test_a_stored_picture_is_a_file_and_a_row_that_agree(library: Path) -> None:
    batch = a_batch()
    image = store(batch, 2)
    image.refresh_from_db()
    assert image.path == library / str(batch.uuid) / "02.png"
    assert (image.seed, image.width, image.height) == (42, 32, 16)
    with Pillow.open(image.path) as picture:
        assert png.pixels_of(picture) == image.pixels
    assert [path.name for path in batch.folder.iterdir()] == ["02.png"]


def test_a_finished_file_is_kept_and_its_pixels_go_into_the_row() -> None:
    batch = a_batch()
    finished = encoded()
    batch.folder.mkdir(parents=True)
    path = batch.folder / "01.png"
    png.write(path, finished.data)
    before = path.stat()
    image = store(batch)
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == (before.st_mtime_ns, before.st_ino)
    assert image.pixels == finished.pixels != encoded().pixels


def test_a_torn_file_gives_way_to_the_picture() -> None:
    batch = a_batch()
    batch.folder.mkdir(parents=True)
    (batch.folder / "01.png").write_bytes(encoded().data[:300])
    assert png.read_recipe(store(batch).path)


def test_a_position_is_taken_once() -> None:
    batch = a_batch()
    assert store(batch) == store(batch)
    assert Image.objects.count() == 1


def test_a_file_that_cannot_be_written_leaves_no_row(settings: Settings, tmp_path: Path) -> None:
    settings.PLAYGROUND_LIBRARY = tmp_path / "file"
    settings.PLAYGROUND_LIBRARY.touch()
    with pytest.raises(OSError, match="file"), transaction.atomic():
        store(a_batch())
    assert Image.objects.count() == 0


def test_a_deleted_image_is_not_given_out_and_keeps_its_file() -> None:
    image = store(a_batch())
    Image.objects.update(deleted=timezone.now())
    assert not Image.objects.kept().exists()
    assert image.path.exists()


def test_seconds_add_up_and_are_told_per_kept_image() -> None:
    batch = a_batch()
    for position in (1, 2, 3):
        store(batch, position)
    batch.add_seconds(3.5)
    batch.add_seconds(1.0)
    Image.objects.filter(position=3).update(deleted=timezone.now())
    [shown] = Batch.objects.portion(5)
    assert shown.seconds == 4.5
    assert shown.seconds_per_image == pytest.approx(2.25)


def test_a_batch_without_pictures_has_no_seconds_per_image() -> None:
    batch = a_batch()
    batch.add_seconds(3.5)
    batch.set_error("The device ran out of memory.")
    [shown] = Batch.objects.portion(5)
    assert shown.seconds_per_image is None


def test_only_batches_with_a_picture_or_an_error_are_shown() -> None:
    with_picture, with_error, _empty, emptied = a_batch(), a_batch(), a_batch(), a_batch()
    store(with_picture)
    with_error.set_error("The device ran out of memory.")
    store(emptied)
    Image.objects.filter(batch=emptied).update(deleted=timezone.now())
    assert set(Batch.objects.portion(9)) == {with_picture, with_error}


def test_portions_follow_each_other_newest_first_without_gap_or_overlap() -> None:
    moment = timezone.now()
    for number in range(10):  # pairs of the same moment
        Batch.objects.filter(pk=store(a_batch()).batch_id).update(created=moment + timedelta(seconds=number // 2))
    expected = list(Batch.objects.order_by("-created", "-pk"))
    found: list[Batch] = []
    while portion := Batch.objects.portion(3, after=found[-1] if found else None):
        found += portion
    assert found == expected
    assert len(found) == 10


def test_a_portion_takes_two_queries_however_many_there_are(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    for _ in range(4):
        batch = a_batch()
        store(batch, 2)
        store(batch, 1)
    with django_assert_num_queries(2):
        shown = [[image.position for image in batch.kept_images] for batch in Batch.objects.portion(9)]
    assert shown == [[1, 2]] * 4
