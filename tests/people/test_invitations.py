"""Links that make one account each."""

import re
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from people.models import Invitation
from tests.pages import EVIL, browser, elements
from tests.people.conftest import PASSWORD
from tests.people.test_signing import sign_in, who

GONE = b"This invitation has been used, or its time is over."


def invite(staff: Client, **fields: Any) -> str:
    """The path of the link."""
    answer = staff.post("/invitations/", {"note": "Bob", "days": 7, **fields})
    assert answer.status_code == 200
    return re.search(r'value="http://localhost(/invitation/[\w-]+/)"', answer.content.decode())[1]  # type: ignore[index]


def join(client: Client, path: str, name: str = "bob", password: str = PASSWORD, again: str = PASSWORD) -> Any:
    return client.post(path, {"username": name, "password1": password, "password2": again})


def test_whoever_has_the_link_chooses_name_and_password_and_is_in(client: Client, staff: Client) -> None:
    path = invite(staff)
    assert b"You are invited" in client.get(path).content
    answer = join(client, path)
    assert (answer.status_code, answer["Location"], who(client)) == (302, "/", "bob")
    bob = User.objects.get(username="bob")
    assert (bob.is_staff, bob.is_superuser, bob.check_password(PASSWORD)) == (False, False, True)
    assert sign_in(browser(), "bob").status_code == 302
    assert "came as <bdi>bob</bdi>" in staff.get("/invitations/").content.decode()


def test_a_link_is_good_once(client: Client, staff: Client) -> None:
    path = invite(staff)
    join(client, path)
    for answer in (browser().get(path), join(browser(), path, "carol")):
        assert answer.status_code == 404
        assert GONE in answer.content
    assert not User.objects.filter(username="carol").exists()


def test_a_link_is_good_for_as_long_as_it_says(client: Client, staff: Client) -> None:
    path = invite(staff, days=1)
    left = Invitation.objects.get().expires - timezone.now()
    assert timedelta(hours=23) < left <= timedelta(days=1)
    Invitation.objects.update(expires=timezone.now())
    assert client.get(path).status_code == join(client, path).status_code == 404
    assert "expired" in staff.get("/invitations/").content.decode()


def test_a_link_can_be_revoked(client: Client, staff: Client) -> None:
    path = invite(staff)
    revoke = f"/invitations/{Invitation.objects.get().uuid}/revoke/"
    assert staff.get(revoke).status_code == 405
    assert staff.post(revoke)["Location"] == "/invitations/"
    assert client.get(path).status_code == join(client, path).status_code == 404
    html = staff.get("/invitations/").content.decode()
    assert "Nobody can come in by that link any more." in html
    assert revoke not in html


def test_what_was_used_stays_used(client: Client, staff: Client) -> None:
    join(client, invite(staff))
    invitation = Invitation.objects.get()
    assert not invitation.revoke()
    assert Invitation.objects.get().state == "used"


def test_the_database_cannot_tell_the_link(staff: Client) -> None:
    secret = invite(staff).split("/")[2]
    assert len(secret) == 43  # 256 bits
    assert secret not in str(Invitation.objects.values().get())
    assert secret not in staff.get("/invitations/").content.decode()
    assert invite(staff) != invite(staff)


def test_behind_a_proxy_the_link_leads_to_the_public_address(staff: Client, settings: Settings) -> None:
    settings.PLAYGROUND_PUBLIC_URL = "https://pictures.example.org"
    html = staff.post("/invitations/", {"days": 7}).content.decode()
    assert 'value="https://pictures.example.org/invitation/' in html


@pytest.mark.parametrize("path", ["/invitation/x/", f"/invitation/{'A' * 43}/", f"/invitation/{'x' * 5000}/"])
def test_nobody_comes_in_by_chance(client: Client, staff: Client, path: str) -> None:
    invite(staff)
    assert client.get(path).status_code == join(client, path).status_code == 404


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"name": ""}, "This field is required."),
        ({"name": "OWNER"}, "Somebody has this name already."),
        ({"name": "Me"}, "This name would be mistaken for somebody else."),
        ({"name": "visitor"}, "This name would be mistaken for somebody else."),
        ({"name": "x" * 31}, "A name has 30 characters at most."),
        ({"name": "a b"}, "Enter a valid username."),
        ({"name": "<b>\"'"}, "Enter a valid username."),
        ({"password": "short", "again": "short"}, "too short"),
        ({"password": "bobby-bobby", "again": "other"}, "match"),
    ],
)
def test_name_and_password_have_a_form(client: Client, staff: Client, fields: dict[str, str], sentence: str) -> None:
    path = invite(staff)
    answer = join(client, path, **fields)
    assert (answer.status_code, sentence in answer.content.decode()) == (422, True)
    assert User.objects.count() == 1
    assert Invitation.objects.get().state == "open"


def test_members_and_strangers_cannot_invite(client: Client, staff: Client, ada: User) -> None:
    invite(staff)
    revoke = f"/invitations/{Invitation.objects.get().uuid}/revoke/"
    client.force_login(ada)
    codes = [client.get("/invitations/").status_code, client.post("/invitations/", {"days": 7}).status_code]
    assert [*codes, client.post(revoke).status_code] == [403] * 3
    assert browser().post(revoke).status_code == 302
    assert (Invitation.objects.count(), Invitation.objects.get().state) == (1, "open")


@pytest.mark.parametrize("fields", [{"days": 3}, {"days": "x"}, {"days": ""}, {"note": "x" * 101}])
def test_nonsense_makes_no_invitation(staff: Client, fields: dict[str, str]) -> None:
    assert staff.post("/invitations/", {"note": "Bob", "days": 7, **fields}).status_code == 422
    assert not Invitation.objects.exists()


def test_what_is_noted_stays_text(staff: Client) -> None:
    invite(staff)
    harmless = elements(staff.get("/invitations/").content.decode())
    Invitation.objects.update(note=EVIL)
    assert elements(staff.get("/invitations/").content.decode()) == harmless


def test_in_the_administration_they_can_be_revoked_and_nothing_else() -> None:
    client = browser()
    client.force_login(User.objects.create_superuser("root"))
    invite(client)
    path = "/admin/people/invitation/"
    assert client.get(f"{path}add/").status_code == 403
    chosen = {"action": "revoke", "_selected_action": [Invitation.objects.get().pk]}
    assert "1 of 1 revoked" in client.post(path, chosen, follow=True).content.decode()
    assert Invitation.objects.get().state == "revoked"


@pytest.mark.django_db(transaction=True)
def test_of_many_who_come_at_once_one_is_let_in(staff: Client) -> None:
    path, barrier, codes = invite(staff), Barrier(5), []

    def come(number: int) -> None:
        barrier.wait()
        codes.append(join(browser(), path, f"bob{number}").status_code)
        connection.close()

    threads = [Thread(target=come, args=(number,)) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(codes) == [302] + [404] * 4
    assert User.objects.filter(username__startswith="bob").count() == 1
