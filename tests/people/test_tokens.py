"""Tokens for programs: made and revoked on one's own page."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from people import secret
from people.models import SCOPES, Token
from people.views.tokens import MOST
from tests.pages import EVIL, browser, elements


@pytest.fixture
def signed_in(client: Client, ada: User) -> Client:
    client.force_login(ada)
    return client


def make(client: Client, name: str = "a script", scopes: Any = ("read", "generate")) -> Any:
    return client.post("/account/tokens/", {"name": name, "scopes": scopes})


def secret_in(answer: Any) -> str:
    return str(re.search(r'id="token" type="text" value="([\w-]{43})"', answer.content.decode())[1])  # type: ignore[index]


def test_cve_2024_7010_a_token_is_shown_once_and_kept_as_a_hash(signed_in: Client, ada: User) -> None:
    told = secret_in(make(signed_in))
    token = Token.objects.get()
    assert (token.person, token.name, token.scopes) == (ada, "a script", "read generate")
    assert token.digest == secret.digest_of(told)
    assert told not in str(Token.objects.values().get())
    html = signed_in.get("/account/tokens/").content.decode()
    assert told not in html
    assert "a script" in html
    assert "never used" in html
    assert Token.objects.called(told) == token
    assert "compare_digest" in secret.is_same.__code__.co_names  # which takes as long wherever two differ


def test_a1111_513_no_two_are_the_same(signed_in: Client) -> None:
    assert len({secret_in(make(signed_in)) for _ in range(5)}) == 5


def test_a_revoked_token_is_good_for_nothing(signed_in: Client) -> None:
    told = secret_in(make(signed_in))
    path = f"/account/tokens/{Token.objects.get().uuid}/revoke/"
    assert signed_in.get(path).status_code == 405
    assert signed_in.post(path)["Location"] == "/account/tokens/"
    assert Token.objects.called(told) is None
    assert "No program speaks for you." in signed_in.get("/account/tokens/").content.decode()
    first = Token.objects.get().revoked
    signed_in.post(path)
    assert Token.objects.get().revoked == first


def test_ones_tokens_are_nobody_elses_business(signed_in: Client) -> None:
    make(signed_in, "adas own")
    path = f"/account/tokens/{Token.objects.get().uuid}/revoke/"
    bob = browser()
    bob.force_login(User.objects.create_user("bob", is_staff=True))
    assert "adas own" not in bob.get("/account/tokens/").content.decode()
    assert bob.post(path).status_code == 404
    assert browser().post(path).status_code == browser().get("/account/tokens/").status_code == 302
    assert Token.objects.get().revoked is None


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"name": ""}, "This field is required."),
        ({"name": "x" * 51}, "at most 50 characters"),
        ({"name": "a\0b"}, "Null characters are not allowed."),
        ({"scopes": []}, "Choose at least one."),
        ({"scopes": ["read", "everything"]}, "everything is not one of the available choices"),
    ],
)
def test_a_token_without_sense_is_not_made(signed_in: Client, fields: dict[str, Any], sentence: str) -> None:
    answer = make(signed_in, **fields)
    assert (answer.status_code, sentence in answer.content.decode()) == (422, True)
    assert not Token.objects.exists()


def test_one_person_has_so_many_at_most(signed_in: Client, ada: User) -> None:
    for number in range(MOST):
        Token.objects.make(ada, name=str(number), scopes=["read"])
    answer = make(signed_in)
    assert answer.status_code == 422
    assert f"You have {MOST} tokens" in answer.content.decode()
    Token.objects.filter(name="7").get().revoke()
    assert make(signed_in).status_code == 200


def test_what_it_is_called_stays_text(signed_in: Client) -> None:
    make(signed_in)
    harmless = elements(signed_in.get("/account/tokens/").content.decode())
    Token.objects.update(name=EVIL[:50])
    assert elements(signed_in.get("/account/tokens/").content.decode()) == harmless


@pytest.mark.parametrize("scopes", [["read"], ["delete", "read"], list(SCOPES), []])
def test_a_token_is_good_for_its_scopes_alone(ada: User, scopes: list[str]) -> None:
    token, _ = Token.objects.make(ada, name="x", scopes=scopes)
    assert [scope for scope in SCOPES if token.allows(scope)] == [scope for scope in SCOPES if scope in scopes]
    assert not any(token.allows(word) for word in ("", "rea", "read generate", "everything"))


def test_its_last_use_is_noted_once_a_minute(ada: User) -> None:
    token, _ = Token.objects.make(ada, name="x", scopes=["read"])
    token.use()
    first = Token.objects.get().last_used
    assert first
    Token.objects.get().use()
    assert Token.objects.get().last_used == first
    Token.objects.update(last_used=timezone.now() - timedelta(minutes=2))
    Token.objects.get().use()
    assert (Token.objects.get().last_used or first) > first


def test_in_the_administration_they_can_be_listed_and_revoked(signed_in: Client) -> None:
    make(signed_in)
    owner = browser()
    owner.force_login(User.objects.create_superuser("root"))
    path = "/admin/people/token/"
    html = owner.get(path).content.decode()
    assert "a script" in html
    assert Token.objects.get().digest not in html
    assert owner.get(f"{path}add/").status_code == 403
    chosen = {"action": "revoke", "_selected_action": [Token.objects.get().pk]}
    assert "1 of 1 revoked" in owner.post(path, chosen, follow=True).content.decode()
    assert Token.objects.get().revoked
