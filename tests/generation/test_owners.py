"""Whose a job is: the account's that sent it, else the browser's; and what follows from it."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from generation import queue, status
from generation.engine.recipe import Recipe
from generation.models import Job
from generation.senders import Sender
from library.askers import NOBODY, Asker
from library.models import Batch
from tests.library.make import an_image
from tests.pages import browser
from tests.program import Program
from tests.site import until

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def fresh(settings: Settings, tmp_path: Any) -> None:
    settings.PLAYGROUND_LIBRARY = tmp_path / "library"
    status.current()  # forgets the workers of other tests


@pytest.fixture
def ada() -> User:
    return User.objects.create_user("ada")


def send(client: Client, prompt: str) -> Job:
    assert client.post("/jobs/", {"prompt": prompt, "num_images": 3}).status_code == 302
    return Job.objects.latest("pk")


def mine(client: Client) -> bytes:
    """The part of the home page that shows one's own jobs."""
    return bytes(client.get("/").content.partition(b'id="queue"')[0])


def test_what_is_sent_while_signed_in_is_the_accounts_in_every_browser(ada: User) -> None:
    client, elsewhere = browser(), browser()
    client.force_login(ada)
    job = send(client, "a fox in the snow")
    assert (job.person, bool(job.visitor)) == (ada, True)
    elsewhere.force_login(ada)
    assert b"a fox in the snow" in mine(elsewhere)
    assert elsewhere.post(f"/jobs/{job.uuid}/cancel/").status_code == 302
    assert Job.objects.get().state == "cancelled"


def test_whoever_signs_in_keeps_what_the_browser_has_sent(ada: User) -> None:
    client = browser()
    before = send(client, "a fox in the snow")
    client.force_login(ada)
    assert b"a fox in the snow" in mine(client)
    assert client.post(f"/jobs/{before.uuid}/cancel/").status_code == 302


def test_the_next_who_uses_the_browser_does_not_get_what_an_account_has_sent(ada: User) -> None:
    client = browser()
    client.force_login(ada)
    job = send(client, "a fox in the snow")
    for following in (None, User.objects.create_user("bob")):
        client.post("/sign-out/")
        if following:
            client.force_login(following)
        assert b"a fox in the snow" not in mine(client)
        assert client.post(f"/jobs/{job.uuid}/cancel/").status_code == 403


def test_a_batch_is_its_jobs_owners(ada: User) -> None:
    job = queue.submit(Recipe(prompt="a fox", seed=1), sender=Sender("me", ada))
    batch = Batch.objects.start(job.uuid, recipe=job.recipe_data, **job.origin)
    assert (batch.person, batch.visitor) == (ada, "me")


@pytest.mark.parametrize(
    ("asker", "owns"),
    [
        (("me", None), (True, False, False, False)),
        (("me", "ada"), (True, False, True, False)),
        (("", "ada"), (False, False, True, False)),
        (("", None), (False, False, False, False)),
    ],
)
def test_who_owns_what_is_the_same_for_one_and_for_all(asker: tuple[str, str | None], owns: tuple[bool, ...]) -> None:
    people = {name: User.objects.create_user(name) for name in ("ada", "bob")}
    asks = Asker(asker[0], people.get(asker[1] or ""))
    senders = [Sender("me"), Sender("you"), Sender("me", people["ada"]), Sender("me", people["bob"])]
    jobs = [queue.submit(Recipe(prompt="a fox", seed=1), sender=sender) for sender in senders]
    nobodys = queue.submit(Recipe(prompt="a fox", seed=1))
    assert tuple(asks.made(job) for job in jobs) == owns
    assert list(Job.objects.of(asks)) == [job for job, is_own in zip(jobs, owns, strict=True) if is_own]
    assert not asks.made(nobodys)
    assert not Job.objects.of(NOBODY).exists()


def test_an_account_that_is_gone_leaves_its_jobs_to_a_visitor(ada: User) -> None:
    queue.submit(Recipe(prompt="a fox", seed=1), sender=Sender("me", ada))
    ada.delete()
    assert Asker("me").made(Job.objects.get())
    assert "by <bdi>a visitor</bdi>" in browser().get("/queue/").content.decode()


def test_the_limit_of_a_visitor_is_that_of_the_account(settings: Settings, ada: User) -> None:
    settings.PLAYGROUND_MAX_WAITING = 2
    for _ in range(2):
        client = browser()
        client.force_login(ada)
        send(client, "a fox")
    client = browser()
    client.force_login(ada)
    assert client.post("/jobs/", {"prompt": "a fox"}).status_code == 429
    assert browser().post("/jobs/", {"prompt": "a fox"}).status_code == 302


# Who made it is shown


@pytest.mark.parametrize("path", ["/queue/", "/library/", "{batch}", "{image}", "/jobs/{job}/"])
def test_everybody_reads_whose_it_is(ada: User, path: str) -> None:
    job = queue.submit(Recipe(prompt="a fox", seed=1), sender=Sender("me", ada))
    image = an_image(Batch.objects.start(job.uuid, recipe=job.recipe_data, **job.origin))
    path = path.format(batch=image.batch.page_url, image=image.page_url, job=job.uuid)

    def told(client: Client) -> bytes:
        return bytes(client.get(path).content.partition(b'id="main"')[2] or client.get(path).content)

    stranger, herself = browser(), browser()
    herself.force_login(ada)
    assert b"<bdi>ada</bdi>" in told(stranger)
    assert b"<bdi>ada</bdi>" not in told(herself)
    assert (b"<bdi>you</bdi>" in told(herself)) == (path != "/queue/")  # there one's own are marked
    Job.objects.update(person=None)
    Batch.objects.update(person=None)
    assert until(lambda: b"<bdi>a visitor</bdi>" in told(stranger), seconds=3)  # the panel is kept for two seconds


def test_programs_read_it_too(ada: User) -> None:
    job = queue.submit(Recipe(prompt="a fox", seed=1), sender=Sender("me", ada))
    image = an_image(Batch.objects.start(job.uuid, recipe=job.recipe_data, **job.origin))
    program = Program()
    [told] = program.get("/api/v1/queue")["jobs"]
    assert (told["by"], told["mine"], told["images"][0]["by"]) == ("ada", False, "ada")
    assert program.get(f"/api/v1/images/{image.uuid}")["by"] == "ada"
    Batch.objects.update(person=None)
    assert program.get("/api/v1/images")["images"][0]["by"] == "a visitor"
