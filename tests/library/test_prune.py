"""Out of the trash for good: by the command, by the clock, and what a crash or a restore in between leaves."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from django.utils.module_loading import import_string
from django_q.models import OrmQ, Schedule
from django_q.scheduler import scheduler

from generation import cluster
from library.models import Batch, Image
from library.pruning import delete_for_good, prune
from tests.library.make import a_batch, an_image, some, trashed

pytestmark = pytest.mark.django_db

Captured = pytest.CaptureFixture[str]


def settled() -> None:
    Batch.objects.update(created=timezone.now() - timedelta(days=2))


def files(image: Image) -> list[Path]:
    return [image.path, image.thumbnail_path, image.batch.folder]


def test_what_has_been_in_the_trash_for_thirty_days_goes_with_its_files(client: Client) -> None:
    old, young, kept = (an_image(a_batch(words)) for words in ("an owl", "a fox", "a ship"))
    client.get(old.thumbnail_url)
    gone = files(old)
    assert all(path.exists() for path in gone)
    settled()
    trashed(old, days=30.01)
    trashed(young, days=29.99)
    assert prune() == 1
    assert not any(path.exists() for path in gone)
    assert set(Image.objects.all()) == {young, kept}
    assert set(Batch.objects.all()) == {young.batch, kept.batch}
    assert young.path.exists()


def test_the_others_of_a_batch_keep_their_files_and_their_places(client: Client) -> None:
    first, second, third = some(3)
    trashed(second, days=31)
    settled()
    assert prune() == 1
    assert [image.path.exists() for image in (first, second, third)] == [True, False, True]
    assert Batch.objects.get().kept_images == [first, third]
    assert client.get(third.page_url).status_code == 200


def test_a_batch_whose_pictures_may_still_be_made_keeps_its_row() -> None:
    batch = trashed(an_image(), days=31).batch
    Batch.objects.update(error="Two could not be made.")
    assert prune() == 1
    assert list(Batch.objects.all()) == [batch]
    assert not Batch.objects.worth_showing().exists()
    settled()
    prune()
    assert not Batch.objects.exists()


def test_what_was_restored_meanwhile_stays() -> None:
    image = trashed(an_image(), days=31)
    Image.objects.filter(pk=image.pk).restore()
    assert not delete_for_good(image)
    assert image.path.exists()
    assert Image.objects.kept().get() == image


def test_a_file_that_is_gone_and_a_folder_with_something_else_in_it_are_no_trouble() -> None:
    lost, beside = an_image(), an_image()
    lost.path.unlink()
    (beside.batch.folder / "notes.txt").touch()
    trashed(lost, days=31)
    trashed(beside, days=31)
    assert prune() == 2
    assert [path.name for path in beside.batch.folder.iterdir()] == ["notes.txt"]


def test_what_was_painted_over_a_pruned_picture_stays() -> None:
    source = an_image()
    child = an_image(a_batch("a painting", source_image=str(source.uuid)))
    trashed(source, days=31)
    prune()
    child.batch.refresh_from_db()
    assert child.batch.source is None
    assert child.path.exists()


# The command


def test_the_command_tells_how_far_it_is_and_what_it_did(capsys: Captured) -> None:
    for days in (31, 40, 3):
        trashed(an_image(), days=days)
    call_command("prune")
    told = capsys.readouterr()
    assert told.out == "2 pictures deleted for good (0.0 MiB).\n"
    assert told.err == ""  # for a pipe the line that counts would be noise
    assert Image.objects.count() == 1


def test_younger_ones_and_all_of_it_go_on_request() -> None:
    trashed(an_image(), days=8)
    trashed(an_image())
    kept = an_image()
    call_command("prune", "--older-than", "7")
    assert Image.objects.count() == 2
    call_command("prune", "--all")
    assert Image.objects.get() == kept


def test_a_dry_run_names_the_files_and_leaves_them(capsys: Captured) -> None:
    image = trashed(an_image())
    call_command("prune", "--all", "--dry-run")
    assert capsys.readouterr().out.splitlines() == [str(image.path), "1 picture (0.0 MiB) would be deleted for good."]
    assert image.path.exists()
    assert Image.objects.trashed().exists()


@pytest.mark.parametrize("days", ["-1", "soon", "", "٣", "9" * 20])
def test_nonsense_is_no_age(days: str) -> None:
    trashed(an_image(), days=31)
    with pytest.raises(CommandError, match="is no number of days"):
        call_command("prune", "--older-than", days)
    assert Image.objects.exists()


# The clock


@pytest.mark.django_db(transaction=True)
def test_the_worker_s_start_puts_it_on_the_clock_once() -> None:
    for _ in range(2):
        cluster.schedule()
    schedule = Schedule.objects.get()
    assert (schedule.func, schedule.schedule_type) == ("library.tasks.prune", Schedule.DAILY)
    scheduler()
    assert [task.func() for task in OrmQ.objects.all()] == ["library.tasks.prune"]
    schedule.refresh_from_db()
    assert schedule.next_run > timezone.now() + timedelta(hours=23)


def test_what_the_clock_calls_empties_the_trash() -> None:
    path = trashed(an_image(), days=31).path
    import_string("library.tasks.prune")()
    assert not path.exists()
