"""Downloads that a worker makes: what PLAYGROUND_MODEL names, and what staff asked for on the page."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from generation import defaults, tasks, worker
from generation.models import Download, Pace, Worker
from generation.worker import WorkerProcess
from tests.generation.test_tasks import submit
from tests.hub import Hub
from tests.pages import browser
from tests.site import Site, until

NAME = "somebody/tiny"
OpenWorker = Callable[..., WorkerProcess]
MakeSite = Callable[..., Site]


@pytest.fixture
def own_cache(settings: Settings, tmp_path: Path) -> Path:
    settings.PLAYGROUND_CACHE = tmp_path / "cache"
    return tmp_path / "cache" / "hub"


# What PLAYGROUND_MODEL names


@pytest.mark.django_db(transaction=True)
def test_a_worker_fetches_its_model_and_the_next_one_needs_no_network(
    remote: Hub, own_cache: Path, settings: Settings, open_worker: OpenWorker
) -> None:
    settings.PLAYGROUND_MODEL = NAME
    first = open_worker()
    assert (first.row.state, first.row.model, first.row.notice) == ("ready", NAME, "")
    assert first._models == defaults.choice()  # or it would start anew
    first.close()
    remote.status = 500
    remote.asked.clear()
    second = open_worker()
    assert (second.row.state, second.row.model, remote.asked) == ("ready", NAME, [])


@pytest.mark.django_db(transaction=True)
def test_the_time_of_a_download_is_not_learned_as_that_of_a_start(
    remote: Hub, own_cache: Path, settings: Settings, open_worker: OpenWorker
) -> None:
    settings.PLAYGROUND_MODEL = NAME
    remote.pace = 2.0
    open_worker()
    assert Pace.objects.get(kind=f"start with {NAME}").seconds < 8  # the download alone took 10


@pytest.mark.django_db(transaction=True)
def test_a_model_that_cannot_be_had_is_told_by_the_worker(
    remote: Hub, own_cache: Path, settings: Settings, open_worker: OpenWorker
) -> None:
    settings.PLAYGROUND_MODEL = "nobody/nothing"
    row = open_worker().row
    assert (row.state, row.notice) == ("failed", "There is no nobody/nothing on the hub, or it is private.")


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_is_asked_to_stop_leaves_its_download(
    remote: Hub, own_cache: Path, settings: Settings, open_worker: OpenWorker
) -> None:
    settings.PLAYGROUND_MODEL = NAME
    remote.pace = 0.3
    process = open_worker(stopping=lambda: bool(list(own_cache.rglob("*.half"))))
    assert (process.engine, process.row.state) == (None, "loading")
    [half] = own_cache.rglob("*.half")
    assert half.stat().st_size < len(remote.files["unet/diffusion_pytorch_model.safetensors"])


def test_pages_tell_how_far_it_is_and_it_goes_on_when_the_hub_comes_back(new_site: MakeSite, remote: Hub) -> None:
    remote.pace, remote.status = 0.4, 503
    site = new_site(PLAYGROUND_MODEL=NAME, HF_ENDPOINT=remote.url, HF_HUB_OFFLINE="").start()

    def told(words: str) -> bool:
        try:
            return re.search(words, site.get("/")[1].decode()) is not None
        except OSError:
            return False

    until(lambda: told(rf"{NAME} is being downloaded. The hub answers with status 503"), log=site.log)
    remote.status = 200
    until(lambda: told(rf"{NAME} is being downloaded: [1-9]\d? % of 614.1 kB"), log=site.log)
    until(lambda: told(r"Loading the model.*, about"), log=site.log)
    site.wait_ready()
    assert not told("is being downloaded")
    assert f"Ready · {NAME}" in site.get("/")[1].decode()


# What staff asked for


def staff() -> Client:
    client = browser()
    client.force_login(User.objects.create_user("somebody", is_staff=True))
    return client


def state_of(download: Download) -> str:
    return Download.objects.get(pk=download.pk).state


@pytest.fixture
def looking(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, tiny_model: Path, own_cache: Path, open_worker: OpenWorker
) -> WorkerProcess:
    """A worker whose heartbeat looks for downloads at every beat, and which stays with its model."""
    settings.PLAYGROUND_MODEL = str(tiny_model)
    monkeypatch.setattr(worker, "LOOK_EVERY", 0.0)
    return open_worker()


def wait_for(download: Download, *states: str) -> Download:
    until(lambda: state_of(download) in (states or ("done", "failed")), what=f"{download} becomes {states}")
    return Download.objects.get(pk=download.pk)


@pytest.mark.django_db(transaction=True)
def test_what_staff_asks_for_can_be_used_once_it_is_here(
    remote: Hub, looking: WorkerProcess, settings: Settings
) -> None:
    assert staff().post("/downloads/", {"name": NAME}).status_code == 302
    download = wait_for(Download.objects.get())
    assert (download.state, download.came, download.size, download.note) == ("done", 614_090, 614_090, "")
    wanted = settings.PLAYGROUND_MODEL
    with looking.working:  # or the worker would start anew with it
        settings.PLAYGROUND_MODEL = ""
        assert [checkpoint.name for checkpoint in defaults.choice().checkpoints] == [NAME, "tiny random model"]
        settings.PLAYGROUND_MODEL = wanted


@pytest.mark.django_db(transaction=True)
def test_pictures_are_made_meanwhile(remote: Hub, looking: WorkerProcess) -> None:
    remote.pace = 0.5
    download = wait_for(Download.objects.start(NAME), "running")
    job = submit()
    tasks.generate_next()
    job.refresh_from_db()
    assert (job.state, state_of(download)) == ("done", "running")
    assert wait_for(download).state == "done"


@pytest.mark.django_db(transaction=True)
def test_a_download_can_be_cancelled_and_goes_on_later(remote: Hub, looking: WorkerProcess) -> None:
    remote.pace = 1.0
    download = Download.objects.start(NAME)
    until(lambda: Download.objects.get().came)
    assert staff().post(f"/downloads/{download.uuid}/cancel/").status_code == 302
    again = Download.objects.start(NAME)
    assert again != download
    until(lambda: state_of(again) == "running", what="the first gives way")
    remote.pace = 0
    assert (wait_for(again).state, state_of(download)) == ("done", "cancelled")
    assert [given for _, _, given in remote.asked if given]


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_went_leaves_its_download_to_the_next(remote: Hub, looking: WorkerProcess) -> None:
    gone = Worker.objects.create(host="elsewhere", pid=1)
    download = Download.objects.create(name=NAME, state="running", worker=gone)
    other = Download.objects.start(f"{NAME}@v1")
    wait_for(other)
    assert state_of(download) == "running"  # that worker lives, as far as is known
    gone.delete()
    assert wait_for(download).state == "done"


@pytest.mark.django_db(transaction=True)
def test_a_download_that_is_refused_says_why(remote: Hub, looking: WorkerProcess) -> None:
    download = wait_for(Download.objects.start("nobody/nothing"))
    assert (download.state, download.note) == ("failed", "There is no nobody/nothing on the hub, or it is private.")
    assert download.note in staff().get("/downloads/").content.decode()


@pytest.mark.django_db(transaction=True)
def test_a_hub_that_is_away_is_told_and_asked_again(remote: Hub, looking: WorkerProcess) -> None:
    remote.status = 502
    download = Download.objects.start(NAME)
    until(lambda: "The hub answers with status 502. What has come is kept; trying" in Download.objects.get().note)
    remote.status = 200
    download = wait_for(download)
    assert (download.state, download.note) == ("done", "")


@pytest.mark.django_db
def test_the_same_is_not_fetched_twice_at_once() -> None:
    assert Download.objects.start(NAME) == Download.objects.start(NAME)
    assert Download.objects.start(f"{NAME}@v1") != Download.objects.start(NAME)


@pytest.mark.django_db
@pytest.mark.parametrize("who", ["visitor", "member"])
def test_only_staff_downloads(who: str) -> None:
    client = browser()
    if who == "member":
        client.force_login(User.objects.create_user("member"))
    download = Download.objects.start(NAME)
    asked = [
        client.get("/downloads/"),
        client.post("/downloads/", {"name": "a/b"}),
        client.post(f"/downloads/{download.uuid}/cancel/"),
    ]
    assert {answer.status_code for answer in asked} == {403}
    assert "Only staff can download models." in asked[0].content.decode()
    assert [(row.name, row.state) for row in Download.objects.all()] == [(NAME, "waiting")]


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["", "tiny", "../../etc/passwd", "a/b/c", "https://elsewhere.org/a/b", "a/b" * 200])
def test_what_is_no_name_is_refused_with_a_sentence(name: str) -> None:
    for headers in ({}, {"HX-Request": "true"}):
        answer = staff_once().post("/downloads/", {"name": name}, headers=headers)
        assert answer.status_code == 422
        assert 'id="download-errors"' in answer.content.decode()
    assert not Download.objects.exists()


def staff_once() -> Client:
    client = browser()
    client.force_login(User.objects.get_or_create(username="somebody", is_staff=True)[0])
    return client


@pytest.mark.django_db
@pytest.mark.parametrize("name", [NAME, f"https://huggingface.co/{NAME}/", f"{NAME}@main"])
def test_a_name_may_be_copied_from_the_address(name: str) -> None:
    assert staff().post("/downloads/", {"name": name}).status_code == 302
    assert Download.objects.get().name == NAME


@pytest.mark.django_db
def test_the_list_is_asked_again_while_something_comes_and_answers_when_it_has_changed() -> None:
    client, download = staff(), Download.objects.start(NAME)
    page = client.get("/downloads/").content.decode()
    [again] = re.findall(r'hx-get="(/downloads/\?v=\w+)"', page)
    with_htmx: dict[str, Any] = {"headers": {"HX-Request": "true"}}
    assert client.get(again, **with_htmx).status_code == 204
    Download.objects.update(state="running", came=40, size=100)
    changed = client.get(again, **with_htmx)
    assert changed.status_code == 200
    assert changed.content.decode().startswith('<ul id="downloads"')
    assert "40 % of 100 bytes" in changed.content.decode()
    ended = client.post(f"/downloads/{download.uuid}/cancel/", **with_htmx).content.decode()
    assert "cancelled at 40 %" in ended
    assert "hx-get" not in ended


@pytest.mark.django_db
def test_an_unchanged_list_costs_one_query_beside_those_of_the_session(django_assert_num_queries: Any) -> None:
    client = staff()
    for number in range(3):
        Download.objects.start(f"{NAME}{number}")
    [again] = re.findall(r'hx-get="(/downloads/\?v=\w+)"', client.get("/downloads/").content.decode())
    with django_assert_num_queries(3):
        assert client.get(again, headers={"HX-Request": "true"}).status_code == 204


@pytest.mark.django_db
def test_cancelling_what_has_ended_changes_nothing() -> None:
    client = staff()
    download = Download.objects.create(name=NAME, state="done")
    assert client.post(f"/downloads/{download.uuid}/cancel/").status_code == 302
    assert state_of(download) == "done"
    assert client.post(f"/downloads/{uuid4()}/cancel/").status_code == 404
    assert client.get(f"/downloads/{download.uuid}/cancel/").status_code == 405
