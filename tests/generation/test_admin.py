"""Jobs, prompts and workers in the admin, and a job that is put back into the queue from there."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from generation import queue, tasks
from generation.engine.recipe import Recipe
from generation.models import Job, Worker
from generation.worker import WorkerProcess
from library.models import Batch, Image
from tests.pages import EVIL, browser
from tests.site import until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def admin() -> Client:
    client = browser()
    client.force_login(User.objects.create_superuser("ada"))
    return client


def submit(prompt: str = "a fox", **fields: Any) -> Job:
    return queue.submit(Recipe(prompt=prompt, seed=7, num_images=3, width=64, height=64, steps=3), **fields)


def page(admin: Client, kind: str, **query: Any) -> str:
    answer = admin.get(f"/admin/generation/{kind}/", query)
    assert answer.status_code == 200
    return answer.content.decode()


def cells(html: str, name: str) -> list[str]:
    """The words in one column of a list."""
    found = re.findall(rf'<t[dh] class="field-{name}[^"]*">(.*?)</t[dh]>', html, re.DOTALL)
    return [re.sub(r"<[^>]*>", "", cell).strip() for cell in found]


def act(admin: Client, action: str, *jobs: Job) -> str:
    data = {"action": action, "_selected_action": [job.pk for job in jobs]}
    return admin.post("/admin/generation/job/", data, follow=True).content.decode()


def state_of(job: Job) -> str:
    job.refresh_from_db()
    return job.state


def test_jobs_tell_how_far_they_are_for_whom_and_what_became_of_the_promise(admin: Client) -> None:
    ada = User.objects.get()
    now = timezone.now()
    done = submit(promised=10.0, person=ada)
    Job.objects.filter(pk=done.pk).update(state="done", created=now - timedelta(seconds=15), finished=now)
    half = submit(EVIL)
    Job.objects.filter(pk=half.pk).update(state="running", first=1, group_size=3, step=2, steps=3)
    submit()
    html = page(admin, "job")
    assert cells(html, "progress") == ["0 of 3", "50 % of 3", "all 3"]
    assert cells(html, "made_for") == ["a visitor", "a visitor", "ada"]
    assert cells(html, "promised_seconds") == ["–", "–", "10.0 s"]
    assert cells(html, "took_seconds") == ["–", "–", "15.0 s (× 1.5)"]
    assert EVIL not in html
    assert cells(page(admin, "job", by=ada.pk), "progress") == ["all 3"]
    assert cells(page(admin, "job", by="visitor"), "progress") == ["0 of 3", "50 % of 3"]
    assert len(cells(page(admin, "job", by="x"), "progress")) == 3


def test_a_cancelled_job_is_put_back_with_the_pictures_it_has(admin: Client, process: WorkerProcess) -> None:
    job = submit()
    tasks.generate_next()
    pixels = list(Image.objects.values_list("pixels", flat=True))
    kept, *lost = Image.objects.order_by("position")
    when = kept.path.stat().st_mtime_ns
    for image in lost:
        image.path.unlink()
        image.delete()
    Job.objects.filter(pk=job.pk).update(state="cancelled", cancel_requested=True, promised=3.0)
    newer = submit("an owl")
    assert "1 of 1 jobs wait at their old place again" in act(admin, "retry", job)
    assert (state_of(job), job.promised) == ("waiting", None)
    tasks.generate_next()
    assert (state_of(job), state_of(newer)) == ("done", "waiting")
    assert list(Image.objects.order_by("position").values_list("pixels", flat=True)) == pixels
    assert kept.path.stat().st_mtime_ns == when


def test_a_failed_job_that_is_put_back_is_no_longer_shown_as_failed(admin: Client, process: WorkerProcess) -> None:
    job = submit()
    Job.objects.filter(pk=job.pk).update(state="failed", error="The disk is full.", attempts=3, finished=timezone.now())
    batch = Batch.objects.start(job.uuid, recipe=job.recipe_data, visitor="")
    batch.set_error("The disk is full.")
    act(admin, "retry", job)
    batch.refresh_from_db()
    assert (state_of(job), job.error, job.attempts, batch.error) == ("waiting", "", 0, "")


def test_what_waits_runs_or_is_done_is_not_put_back(admin: Client) -> None:
    jobs = [submit() for _ in range(3)]
    for job, state in zip(jobs, ("waiting", "running", "done"), strict=True):
        Job.objects.filter(pk=job.pk).update(state=state)
    assert "0 of 3 jobs wait at their old place again" in act(admin, "retry", *jobs)
    assert [state_of(job) for job in jobs] == ["waiting", "running", "done"]
    assert "2 of 3 jobs cancelled" in act(admin, "cancel", *jobs)


def test_prompts_tell_how_often_they_were_used_and_lead_to_the_jobs(
    admin: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for words in ("a fox", "an owl", "a fox"):
        submit(words)
    with django_assert_max_num_queries(8):
        html = page(admin, "prompt", o="2")
    assert cells(html, "words") == ["an owl", "a fox"]
    assert cells(html, "times_used") == ["1 job", "2 jobs"]
    found = re.search(r'/admin/generation/job/(\?prompt__id__exact=\d+)">2 jobs', html)
    assert found
    assert len(cells(admin.get(f"/admin/generation/job/{found[1]}").content.decode(), "state")) == 2


def test_workers_tell_their_last_heartbeat_and_their_memory(admin: Client, process: WorkerProcess) -> None:
    until(lambda: Worker.objects.get().memory)
    html = page(admin, "worker")
    [memory] = cells(html, "memory_used")
    size, unit = memory.split("\xa0")
    here = int(Path("/proc/self/statm").read_text().split()[1]) * 4096
    assert {"MB": 2**20, "GB": 2**30}[unit] * float(size) == pytest.approx(here, rel=0.3)
    assert cells(html, "beat")[0] in [f"{seconds} s ago" for seconds in range(10)]
