"""One's own account and its password."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.pages import browser
from tests.people.conftest import PASSWORD
from tests.people.test_signing import sign_in, who

NEW = "another long phrase"


def change(client: Client, old: str = PASSWORD, new: str = NEW, again: str = NEW) -> tuple[int, str]:
    fields = {"old_password": old, "new_password1": new, "new_password2": again}
    answer = client.post("/account/password/", fields)
    return answer.status_code, answer.content.decode()


@pytest.mark.parametrize("path", ["/account/", "/account/password/", "/invitations/"])
def test_a_stranger_is_asked_to_sign_in_first(client: Client, path: str) -> None:
    for answer in (client.get(path), client.post("/account/password/"), client.post("/invitations/")):
        assert answer.status_code == 302
        assert answer["Location"].startswith("/sign-in/?next=/")


def test_the_account_names_whose_it_is(client: Client, ada: User) -> None:
    client.force_login(ada)
    html = client.get("/account/").content.decode()
    assert "<bdi>ada</bdi>" in html
    assert "/invitations/" not in html
    assert 'href="/account/"' in client.get("/").content.decode()


def test_a_changed_password_is_the_one_that_counts(client: Client, ada: User) -> None:
    elsewhere = browser()
    sign_in(elsewhere)
    sign_in(client)
    code, _ = change(client)
    assert code == 302
    assert "Your password is changed." in client.get("/account/").content.decode()
    assert (who(client), who(elsewhere)) == ("ada", "AnonymousUser")
    assert sign_in(browser()).status_code == 422
    assert sign_in(browser(), password=NEW).status_code == 302


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"old": "wrong"}, "old password was entered incorrectly"),
        ({"again": "something else"}, "match"),
        ({"new": "short", "again": "short"}, "too short"),
        ({"new": "password123", "again": "password123"}, "too common"),
        ({"new": "ada ada ada" * 99, "again": "ada ada ada" * 99}, "at most 500 characters"),
        ({"new": "adaadaada", "again": "adaadaada"}, ""),
    ],
)
def test_a_password_has_to_be_a_good_one(client: Client, ada: User, fields: dict[str, str], sentence: str) -> None:
    sign_in(client)
    code, html = change(client, **fields)
    if sentence:
        assert (code, sentence in html) == (422, True)
        assert sign_in(browser()).status_code == 302
