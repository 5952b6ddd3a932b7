"""The page that shows which models are there."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from generation import status
from generation.models import KnownModel, Pace, Worker
from tests.pages import EVIL, browser, elements

pytestmark = pytest.mark.django_db

ONE = {"family": "Stable Diffusion 1", "words": "Quick.", "size": 2_132_625_918, "sha256": "6ce0161689" + "0" * 54}
TWO = {"family": "Stable Diffusion 2", "prediction_type": "epsilon", "is_told": True}


@pytest.fixture(autouse=True)
def models() -> None:
    status.current()  # forgets the workers of other tests
    a_model("one", place=0, defaults={"width": 512, "height": 512, "steps": 50}, speed=0.1, group_size=3, **ONE)
    a_model("two", place=1, defaults={"width": 768, "height": 768}, **TWO)
    a_model("torn", place=2, problem="torn cannot be read: it is a LoRA, not a model.")
    a_model("gone", is_there=False)
    Worker.objects.create(
        host="here", pid=1, slot="cpu", state="ready", model="one", speed=0.1, loaded=["one"], group_size=3
    )


def a_model(name: str, **fields: Any) -> KnownModel:
    return KnownModel.objects.create(path=f"/secret/place/{name}", name=name, **fields)


@pytest.fixture
def client() -> Client:
    return browser()


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(User.objects.create_user("ann", is_staff=True))
    return client


def text(answer: Any, code: int = 200) -> str:
    assert answer.status_code == code
    return str(answer.content.decode())


def article(html: str, name: str) -> str:
    [found] = [part for part in html.split("<article")[1:] if f"<bdi>{name}</bdi>" in part]
    return found.partition("</article>")[0]


def test_it_stands_in_the_navigation(client: Client) -> None:
    assert '<a href="/models/">Models</a>' in text(client.get("/"))
    assert '<a href="/models/" aria-current="page">Models</a>' in text(client.get("/models/"))


def test_a_model_is_shown_with_all_that_is_known_of_it(client: Client) -> None:
    Pace.objects.learn("loading on cpu: one", 5.0)
    one = article(text(client.get("/models/")), "one")
    for shown in ("Stable Diffusion 1", "Quick.", "512 × 512 px", "2.0\xa0GB", "6ce0161689", "default", "loaded"):
        assert shown in one
    assert "about 1 s a picture" in one  # 0.1 s a step and megapixel
    assert "about 5 s" in one


def test_the_speed_is_that_of_what_was_made(client: Client) -> None:
    Pace.objects.learn("3 x 512 x 512 px, 50 steps PLMS on cpu with one", 27.0)
    assert "about 9 s a picture" in article(text(client.get("/models/")), "one")


def test_what_is_not_known_yet_is_said_to_be_so(client: Client) -> None:
    two = article(text(client.get("/models/")), "two")
    assert two.count("not measured yet") == 2
    assert "loaded" not in two


def test_what_cannot_be_used_says_why_and_what_is_gone_is_not_shown(client: Client) -> None:
    html = text(client.get("/models/"))
    assert "torn cannot be read: it is a LoRA, not a model." in html
    assert "gone" not in html


def test_no_path_leaves_the_server(client: Client) -> None:
    assert "/secret" not in text(client.get("/models/"))


def test_a_model_that_is_being_loaded_is_marked(client: Client) -> None:
    Worker.objects.update(loading="two", state="generating")
    assert "being loaded" in article(text(client.get("/models/")), "two")


def test_a_poll_is_answered_with_one_query_when_nothing_changed(client: Client) -> None:
    html = text(client.get("/models/", headers={"HX-Request": "true"}))
    assert html.startswith("<div")
    address = html.partition('hx-get="')[2].partition('"')[0]
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address, headers={"HX-Request": "true"}).status_code == 204
    assert len(queries) == 1
    Worker.objects.update(loaded=["two", "one"])
    assert "loaded" in article(text(client.get(address, headers={"HX-Request": "true"})), "two")


def test_it_takes_as_many_queries_however_many_models_there_are(client: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            client.get("/models/")
        return len(captured)

    few = queries()
    for number in range(9):
        a_model(f"more {number}", speed=1.0, group_size=1, family="Stable Diffusion 1")
    assert queries() == few


def test_without_a_worker_it_shows_what_was_known(client: Client) -> None:
    Worker.objects.all().delete()
    html = text(client.get("/models/"))
    assert "about 1 s a picture" in article(html, "one")
    assert "default" in article(html, "one")


def test_without_any_model_it_says_who_would_find_one(client: Client) -> None:
    KnownModel.objects.all().delete()
    assert "a worker looks for them when it starts" in text(client.get("/models/"))


def test_no_name_becomes_markup(client: Client) -> None:
    harmless = elements(text(client.get("/models/")))
    KnownModel.objects.filter(name="one").update(name=EVIL, words=EVIL, family=EVIL[:64])
    KnownModel.objects.filter(name="torn").update(problem=EVIL)
    Worker.objects.update(model=EVIL, loaded=[EVIL])
    assert elements(text(client.get("/models/"))) == harmless


# What a Stable Diffusion 2 predicts


def say(client: Client, name: str, what: str) -> Any:
    return client.post("/models/prediction/", {"model": name, "prediction_type": what})


def chosen(name: str) -> str:
    return KnownModel.objects.get(name=name).prediction_chosen


def test_staff_can_say_it_of_a_model_that_has_to_be_told(staff: Client) -> None:
    two = article(text(staff.get("/models/")), "two")
    assert '<select name="prediction_type"' in two
    assert say(staff, "two", "v_prediction")["Location"] == "/models/"
    assert chosen("two") == "v_prediction"
    KnownModel.objects.filter(name="two").update(prediction_type="v_prediction")
    assert "as staff says" in article(text(staff.get("/models/")), "two")
    say(staff, "two", "")
    assert chosen("two") == ""


def test_of_others_it_is_not_asked(staff: Client) -> None:
    assert "<select" not in article(text(staff.get("/models/")), "one")
    assert say(staff, "one", "v_prediction").status_code == 404


def test_others_see_it_only(client: Client) -> None:
    two = article(text(client.get("/models/")), "two")
    assert "epsilon" in two
    assert "<select" not in two
    assert say(client, "two", "v_prediction").status_code == 403
    assert chosen("two") == ""


@pytest.mark.parametrize("what", ["flow", "V_PREDICTION", "\0", EVIL])
def test_nonsense_is_refused(staff: Client, what: str) -> None:
    assert say(staff, "two", what).status_code == 404
    assert say(staff, what, "epsilon").status_code == 404
    assert chosen("two") == ""


def test_a_get_changes_nothing(staff: Client) -> None:
    assert staff.get("/models/prediction/").status_code == 405
