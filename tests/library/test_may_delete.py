"""Deleting, and what goes with it, by everyone or by whoever made the picture and staff."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import signing
from django.test import Client
from pytest_django import Settings

from library.models import Batch, Image
from people.models import Token
from tests.library.make import a_batch, an_image, trashed
from tests.pages import browser
from tests.program import Program, refused

pytestmark = pytest.mark.django_db

NOT_YOURS = "Only whoever asked for a picture may do that, or those who look after this site."
ROLES = ["maker", "other", "stranger", "staff"]
MAY = ["maker", "staff"]


@pytest.fixture(autouse=True)
def owners_only(settings: Settings) -> None:
    settings.PLAYGROUND_DELETE = "owner"


@pytest.fixture(params=["person", "visitor"])
def batch(request: Any) -> Batch:
    made = a_batch("a fox", visitor="maker")
    if request.param == "person":
        Batch.objects.filter(pk=made.pk).update(person=User.objects.create_user("maker"))
    made.refresh_from_db()
    return made


def client_of(role: str, batch: Batch) -> Client:
    client = browser()
    if role == "stranger":
        return client
    client.cookies["visitor"] = signing.get_cookie_signer(salt="visitor").sign(role)
    if role == "staff" or batch.person:
        person, _ = User.objects.get_or_create(username=role, defaults={"is_staff": role == "staff"})
        client.force_login(person)
    return client


def program_of(role: str, batch: Batch) -> Program:
    client = browser()
    person = User.objects.filter(username=role).first()
    if role == "staff" or (role == "other" and batch.person):
        person, _ = User.objects.get_or_create(username=role, defaults={"is_staff": role == "staff"})
    if person:
        told = Token.objects.make(person, name="x", scopes=["read", "generate", "delete"])[1]
        client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {told}"
    elif role != "stranger":
        client.cookies["visitor"] = signing.get_cookie_signer(salt="visitor").sign(role)
    return Program(client)


def state(image: Image) -> tuple[bool, bool]:
    """Whether it is in the trash, and whether it has a star."""
    image.refresh_from_db()
    return image.deleted is not None, image.favourite


CHANGES = {
    "delete": lambda client, image: client.post("/library/delete/", {"images": image.uuid}),
    "ask": lambda client, image: client.get(f"{image.page_url}delete/"),
    "star": lambda client, image: client.post(f"{image.page_url}favourite/", {"favourite": "yes"}),
    "stars": lambda client, image: client.post("/library/favourites/", {"images": image.uuid, "favourite": "yes"}),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("role", ROLES)
def test_who_may_change_a_picture(batch: Batch, role: str, change: str) -> None:
    image = an_image(batch)
    answer = CHANGES[change](client_of(role, batch), image)
    assert answer.status_code in ((200, 302) if role in MAY else (403,))
    assert (NOT_YOURS in answer.content.decode()) == (role not in MAY)
    wanted = (change == "delete", change.startswith("star")) if role in MAY else (False, False)
    assert state(image) == wanted


@pytest.mark.parametrize("role", ROLES)
def test_who_may_see_and_empty_the_trash(batch: Batch, role: str) -> None:
    image, client = trashed(an_image(batch)), client_of(role, batch)
    may = role in MAY
    assert (str(image.uuid) in client.get("/trash/").content.decode()) == may
    assert client.get(f"/trash/{image.uuid}.webp").status_code == (200 if may else 404)
    assert client.get(f"/trash/{image.uuid}/delete/").status_code == (200 if may else 403)
    assert client.post("/trash/restore/", {"images": image.uuid}).status_code == (302 if may else 403)
    assert state(image)[0] == (not may)
    Image.objects.filter(pk=image.pk).move_to_trash()
    assert client.post(f"/trash/{image.uuid}/delete/").status_code == (302 if may else 403)
    assert Image.objects.exists() == (not may)


@pytest.mark.parametrize("role", ROLES)
def test_programs_may_as_much(batch: Batch, role: str) -> None:
    image, program = an_image(batch), program_of(role, batch)
    path = f"/api/v1/images/{image.uuid}"
    calls = [
        ("PUT", f"{path}/favourite"),
        ("DELETE", f"{path}/favourite"),
        ("DELETE", path),
        ("POST", f"{path}/restore"),
    ]
    for method, address in calls:
        answer = program.send(address, method=method)
        if role in MAY:
            assert answer.status_code in (200, 204)
        else:
            refused(answer, 403, NOT_YOURS)
    answer = program.send("/deleteimage", {"path": f"library/{batch.uuid}/{image.name}"})
    assert (answer.status_code, answer.json()["success"]) == ((200, True) if role in MAY else (403, False))
    assert state(image)[0] == (role in MAY)


def test_of_several_none_is_changed_when_one_is_somebody_elses(batch: Batch) -> None:
    own, other = an_image(batch), an_image(a_batch("an owl", visitor="somebody"))
    client = client_of("maker", batch)
    for path in ("/library/delete/", "/library/favourites/"):
        assert client.post(path, {"images": f"{own.uuid} {other.uuid}", "favourite": "yes"}).status_code == 403
    assert state(own) == state(other) == (False, False)


def test_what_is_nobodys_is_for_staff_alone() -> None:
    image = an_image(a_batch("a ship"))
    assert CHANGES["delete"](client_of("stranger", image.batch), image).status_code == 403
    assert CHANGES["delete"](client_of("staff", image.batch), image).status_code == 302


@pytest.mark.parametrize("role", ["maker", "other"])
def test_what_one_may_not_is_not_offered(batch: Batch, role: str) -> None:
    image = an_image(batch)
    client = client_of(role, batch)
    for path in ("/library/", image.page_url):
        html = client.get(path).content.decode()
        assert (" data-kept" in html) == (role == "other")
        assert ('class="star" id=' in html) == (role == "maker")
        assert ('id="delete"' in html) == (role == "maker" and path != "/library/")
    image.set_favourite(True)
    assert ('<span class="star" role="img"' in client.get("/library/").content.decode()) == (role == "other")


def test_as_it_comes_everyone_may(settings: Settings, batch: Batch) -> None:
    settings.PLAYGROUND_DELETE = "everyone"
    image, stranger = an_image(batch), browser()
    assert " data-kept" not in stranger.get("/library/").content.decode()
    assert CHANGES["star"](stranger, image).status_code == CHANGES["delete"](stranger, image).status_code == 302
    assert str(image.uuid) in stranger.get("/trash/").content.decode()
    assert stranger.post("/trash/restore/", {"images": image.uuid}).status_code == 302
    assert Program().send(f"/api/v1/images/{image.uuid}", method="DELETE").status_code == 204
