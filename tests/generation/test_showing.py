"""What a worker shows and learns while it works, and pictures made again."""

import base64
from io import BytesIO

import pytest
from PIL import Image as Pillow

from generation import queue, tasks
from generation.models import Job, Pace
from generation.senders import Sender
from generation.worker import WorkerProcess
from library.models import Batch
from tests.generation.test_tasks import images_of, meanwhile, pixels_of, submit

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_worker_shows_how_the_group_being_made_looks(process: WorkerProcess) -> None:
    job = submit(num_images=30, steps=30)
    seen: list[dict[int, str]] = []

    def look() -> None:
        seen.append(Job.objects.select_related("worker").get(pk=job.pk).preview)
        job.cancel()

    with meanwhile(look, once=lambda: Job.objects.select_related("worker").get(pk=job.pk).preview):
        tasks.generate_next()
    [preview] = seen
    assert len(preview) == 3
    with Pillow.open(BytesIO(base64.b64decode(next(iter(preview.values()))))) as picture:
        assert (picture.format, picture.size) == ("WEBP", (96, 96))


def test_what_another_job_looked_like_is_not_shown(process: WorkerProcess) -> None:
    job = submit()
    Job.objects.filter(pk=job.pk).update(state="running", worker=process.row, group_size=3, first=1)
    process.set(preview={"job": str(job.uuid), "first": 4, "pictures": ["aaaa"]})
    assert Job.objects.get(pk=job.pk).preview == {}
    process.set(preview={"job": "another", "first": 1, "pictures": ["aaaa"]})
    assert Job.objects.get(pk=job.pk).preview == {}
    process.set(preview={"job": str(job.uuid), "first": 1, "pictures": ["aaaa", "bbbb"]})
    assert Job.objects.get(pk=job.pk).preview == {1: "aaaa", 2: "bbbb"}
    Job.objects.filter(pk=job.pk).update(state="cancelled", worker=None)


def test_every_group_teaches_how_long_its_kind_takes(process: WorkerProcess) -> None:
    job = submit(num_images=7)
    tasks.generate_next()
    learned = {pace.kind[:5]: pace for pace in Pace.objects.exclude(kind__startswith="start")}
    assert {kind: pace.count for kind, pace in learned.items()} == {"3 x 6": 2, "1 x 6": 1}
    job.refresh_from_db()
    made = Batch.objects.get(uuid=job.uuid).seconds
    assert 2 * learned["3 x 6"].seconds + learned["1 x 6"].seconds == pytest.approx(made)
    assert made <= (job.took or 0)


def test_a_picture_is_made_again_with_its_group_and_its_pixels_are_the_same(process: WorkerProcess) -> None:
    job = submit(num_images=7)
    tasks.generate_next()
    fifth = images_of(job)[4]
    again = queue.submit_again(fifth, sender=Sender("me"))
    assert (again.recipe.seed, again.recipe.num_images, again.group_size) == (10, 3, 3)
    process.set(group_size=1)  # whatever the worker would make together now
    tasks.generate_next()
    assert pixels_of(again) == pixels_of(job)[3:6]
    assert Batch.objects.get(uuid=again.uuid).remake_of == fifth
