"""The home page, jobs as people watch them, and the queue, as a browser asks for them."""

import re
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from PIL import Image as Pillow
from pytest_django import DjangoAssertNumQueries, Settings

from generation import queue, status
from generation.engine.recipe import Recipe
from generation.models import Job, Worker
from library import png
from library.models import Batch, Image, Shelf
from tests.pages import EVIL, browser, elements

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def fresh(settings: Settings, tmp_path: Path) -> None:
    settings.PLAYGROUND_LIBRARY = tmp_path / "library"
    status.current()  # forgets the workers of other tests


@pytest.fixture
def client() -> Client:
    """A visitor's browser."""
    return browser()


@pytest.fixture
def mine(client: Client) -> Job:
    """A job that the visitor has sent."""
    client.post("/jobs/", {"prompt": "a fox", "num_images": 6, "seed": 41})
    return Job.objects.get()


def a_job(**fields: Any) -> Job:
    return queue.submit(Recipe(prompt="a ship", seed=1, width=64, height=64), **fields)


def an_image(job: Job, position: int = 1) -> Image:
    batch = Batch.objects.start(job.uuid, recipe=job.recipe_data, visitor=job.visitor)
    picture = Pillow.effect_noise((16, 16), 90)
    return Image.objects.store(png.encode(picture, job.recipe_data, seed=41), batch=batch, position=position)


def change(job: Job, **fields: Any) -> None:
    Job.objects.filter(pk=job.pk).update(**fields)


def text(answer: Any) -> str:
    assert answer.status_code == 200
    return str(answer.content.decode())


def polls(html: str) -> list[str]:
    """The addresses that a page or fragment asks for again and again."""
    return [address.replace("&amp;", "&") for address in re.findall(r'hx-get="([^"]*\?v=[^"]*)"', html)]


# Sending a prompt


def test_a_sent_prompt_becomes_a_job_and_its_page(client: Client) -> None:
    answer = client.post("/jobs/", {"prompt": "a fox", "num_images": 6, "seed": 41})
    job = Job.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/jobs/{job.uuid}/")
    assert (job.recipe.prompt, job.recipe.num_images, job.recipe.seed) == ("a fox", 6, 41)
    assert "a fox" in text(client.get(answer["Location"]))


def test_to_htmx_it_is_a_card_and_word_to_the_queue(client: Client) -> None:
    answer = client.post("/jobs/", {"prompt": "a fox"}, headers=HTMX)
    html = text(answer)
    assert f'id="job-{Job.objects.get().uuid}"' in html
    assert "<html" not in html
    assert "queue-changed" in answer["HX-Trigger"]


@pytest.mark.parametrize("headers", [{}, HTMX])
@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"prompt": ""}, "Write what you want to see."),
        ({"seed": "many"}, "A seed is a whole number."),
        ({"seed": 2**32}, "The highest seed is 4294967295."),
        ({"num_images": 7}, "Choose 3 to 30 images, in threes."),
        ({"width": 2048, "height": 2048}, "2048 × 2048 px is more than can be asked for until a worker"),
    ],
)
def test_bad_input_gets_422_and_a_sentence(
    client: Client, headers: dict[str, str], fields: dict[str, Any], sentence: str
) -> None:
    answer = client.post("/jobs/", {"prompt": "a fox", **fields}, headers=headers)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert ("<html" in answer.content.decode()) == (not headers)
    assert not Job.objects.exists()


@pytest.mark.parametrize("fields", [{"width": "65"}, {"steps": "-1"}, {"sampler": "Magic"}, {"negative_prompt": "\0"}])
def test_what_the_page_has_no_box_for_is_refused_with_a_sentence_too(client: Client, fields: dict[str, str]) -> None:
    answer = client.post("/jobs/", {"prompt": "a fox", **fields})
    assert answer.status_code == 422
    assert 'class="errors"' in answer.content.decode()


def test_what_was_written_is_still_there_after_an_error(client: Client) -> None:
    answer = client.post("/jobs/", {"prompt": "a <b>fox</b>", "num_images": 9, "seed": "x1"})
    html = answer.content.decode()
    assert "a &lt;b&gt;fox&lt;/b&gt;" in html
    assert 'value="x1"' in html
    assert 'value="9"' in html


def test_without_javascript_the_die_rolls_a_seed_and_sends_nothing(client: Client) -> None:
    html = text(client.post("/jobs/", {"prompt": "a fox", "roll": "1"}))
    assert re.search(r'name="seed"[^>]* value="\d+"', html)
    assert "a fox" in html
    assert not Job.objects.exists()


def test_a_prompt_in_the_address_stands_in_the_box(client: Client) -> None:
    assert ">a red &amp; blue fox</textarea>" in text(client.get("/?prompt=a+red+%26+blue+fox"))


# Watching


def test_a_reload_shows_the_same_state_again(client: Client, mine: Job) -> None:
    image = an_image(mine)
    change(mine, state="running", group_size=3, first=4, step=31, steps=50)
    assert text(client.get("/")) != text(browser().get("/"))
    html = text(client.get("/"))
    assert image.thumbnail_url in html
    assert "images 4 to 6 of 6, step 31 of 50" in html
    change(mine, state="waiting", attempts=1)  # its worker died
    assert image.thumbnail_url in text(client.get("/"))


def test_the_queue_is_everybodys_and_mine_is_marked(client: Client, mine: Job) -> None:
    a_job(visitor="somebody else")
    html = text(client.get("/queue/"))
    assert ("a fox" in html, "a ship" in html) == (True, True)
    assert html.count('class="mine"') == 1


@pytest.mark.parametrize("state", ["done", "failed", "cancelled"])
def test_what_has_ended_is_polled_no_more_and_not_in_the_queue(client: Client, mine: Job, state: str) -> None:
    change(mine, state=state, error="It was too big.")
    card = text(client.get(f"/jobs/{mine.uuid}/card/"))
    assert polls(card) == []
    assert "It was too big." in card
    assert "a fox" not in text(client.get("/queue/"))


def test_the_page_of_an_active_job_refreshes_itself_without_javascript(client: Client, mine: Job) -> None:
    refresh = '<noscript><meta http-equiv="refresh" content="3"></noscript>'
    assert refresh in text(client.get(f"/jobs/{mine.uuid}/"))
    change(mine, state="done")
    assert refresh not in text(client.get(f"/jobs/{mine.uuid}/"))


@pytest.mark.parametrize("state", ["waiting", "running"])
def test_a_poll_that_has_seen_all_gets_an_empty_204_with_little_work(
    client: Client, mine: Job, state: str, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    change(mine, state=state)
    Shelf.objects.demand()
    addresses = polls(text(client.get("/")))
    assert len(addresses) == 3  # status, card, queue
    for address in addresses:
        most = 2 if "card" in address and state == "waiting" else 1  # a waiting job's place depends on the others
        with django_assert_max_num_queries(most):
            answer = client.get(address)
        assert (answer.status_code, answer.content) == (204, b"")


CHANGES: list[dict[str, Any]] = [{"state": "running", "version": 2}, {"state": "cancelled", "version": 2}]


@pytest.mark.parametrize("fields", CHANGES)
def test_a_poll_after_a_change_gets_what_is_new(client: Client, mine: Job, fields: dict[str, Any]) -> None:
    addresses = [address for address in polls(text(client.get("/"))) if "status" not in address]
    change(mine, **fields)
    assert [client.get(address).status_code for address in addresses] == [200, 200]


def test_a_fragment_asks_for_the_next_version_itself(client: Client, mine: Job) -> None:
    for address in (f"/jobs/{mine.uuid}/card/", "/queue/", "/status/"):
        [again] = polls(text(client.get(address)))
        assert client.get(again).status_code == 204


def test_the_queue_is_polled_anew_when_a_job_takes_anothers_place(client: Client, mine: Job) -> None:
    [address] = polls(text(client.get("/queue/")))
    change(mine, state="done")
    a_job()
    assert client.get(address).status_code == 200


def queries(client: Client, path: str) -> int:
    with CaptureQueriesContext(connection) as context:
        text(client.get(path))
    return len(context)


@pytest.mark.parametrize("path", ["/", "/queue/", "/jobs/{}/", "/jobs/{}/card/"])
def test_a_page_takes_as_many_queries_however_many_jobs_there_are(client: Client, mine: Job, path: str) -> None:
    path = path.format(mine.uuid)
    an_image(mine)
    change(mine, attempts=1)  # else it would have no picture, and nobody looked for one
    few = queries(client, path)
    for number in range(8):
        job = a_job(visitor=mine.visitor)
        an_image(job)
        change(job, state=["waiting", "done"][number % 2])
    for position in range(2, 7):
        an_image(mine, position)
    assert queries(client, path) == few <= 12


# Whose is what


def test_whoever_sent_a_job_can_cancel_it(client: Client, mine: Job) -> None:
    answer = client.post(f"/jobs/{mine.uuid}/cancel/")
    assert (answer.status_code, answer["Location"]) == (302, f"/jobs/{mine.uuid}/")
    assert Job.objects.get().state == "cancelled"


def test_to_htmx_a_cancelled_job_is_its_card(client: Client, mine: Job) -> None:
    html = text(client.post(f"/jobs/{mine.uuid}/cancel/", headers=HTMX))
    assert 'class="job job-cancelled mine"' in html
    assert "<html" not in html


@pytest.mark.parametrize("visitor", ["somebody else", ""])
def test_nobody_else_can_cancel_it(client: Client, mine: Job, visitor: str) -> None:
    change(mine, visitor=visitor)
    answer = client.post(f"/jobs/{mine.uuid}/cancel/")
    assert answer.status_code == 403
    assert "Only whoever sent a job can cancel it." in answer.content.decode()
    assert Job.objects.get().state == "waiting"
    assert "/cancel/" not in text(client.get(f"/jobs/{mine.uuid}/"))


def test_the_owner_of_the_site_can(client: Client, mine: Job) -> None:
    change(mine, visitor="somebody else")
    client.force_login(User.objects.create_user("owner", is_staff=True))
    assert client.post(f"/jobs/{mine.uuid}/cancel/").status_code == 302
    assert Job.objects.get().state == "cancelled"


@pytest.mark.parametrize("path", ["/jobs/{}/", "/jobs/{}/card/", "/jobs/{}/cancel/"])
@pytest.mark.parametrize("key", ["nobody's", "a number", "hex"])
def test_a_job_of_nobody_is_not_found(client: Client, mine: Job, path: str, key: str) -> None:
    path = path.format({"nobody's": uuid4(), "a number": mine.pk, "hex": mine.uuid.hex}[key])
    assert (client.post if "cancel" in path else client.get)(path).status_code == 404


# What stays inside


@pytest.mark.parametrize("path", ["/", "/queue/", "/jobs/{}/", "/jobs/{}/card/"])
@pytest.mark.parametrize("state", ["running", "failed"])
def test_whatever_people_write_stays_text(client: Client, mine: Job, path: str, state: str) -> None:
    change(mine, state=state, error="harmless")
    Worker.objects.create(host="here", pid=1, state="ready", model="harmless", notice="harmless")
    harmless = elements(text(client.get(path.format(mine.uuid))))
    recipe = {**mine.recipe_data, "prompt": EVIL, "sampler": EVIL}
    change(mine, recipe_data=recipe, error=EVIL)
    Worker.objects.update(model=EVIL, notice=EVIL)
    assert elements(text(client.get(path.format(mine.uuid)))) == harmless


def test_what_stands_in_an_address_stays_text(client: Client) -> None:
    def page(words: str) -> Any:
        fields = ("prompt", "seed", "num_images", "keep_seed", "settings_of", "source_image")
        return elements(text(client.get("/", dict.fromkeys(fields, words))))

    assert page(EVIL) == page("harmless")


@pytest.mark.parametrize("path", ["/", "/queue/", "/status/", "/jobs/{}/", "/jobs/{}/card/"])
def test_no_key_of_the_database_leaves_the_server(client: Client, mine: Job, path: str) -> None:
    worker = Worker.objects.create(pk=918_273_645, host="here", pid=546_372, state="ready")
    Job.objects.update(id=827_364_550, worker=worker)
    html = text(client.get(path.format(mine.uuid)))
    assert [number for number in ("918273645", "827364550", "546372") if number in html] == []
