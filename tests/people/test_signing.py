"""In and out, and what too many wrong passwords lead to."""

from datetime import timedelta
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from tests.pages import EVIL, browser, elements
from tests.people.conftest import PASSWORD

WRONG = "not the pass phrase"


def sign_in(client: Client, name: str = "ada", password: str = PASSWORD, **fields: str) -> Any:
    return client.post("/sign-in/", {"username": name, "password": password, **fields})


def who(client: Client) -> str:
    return str(client.get("/").wsgi_request.user)  # type: ignore[attr-defined]


def test_with_name_and_password_one_is_in_and_out_again(client: Client, ada: User) -> None:
    answer = sign_in(client)
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert who(client) == "ada"
    assert "no-store" in client.get("/sign-in/")["Cache-Control"]
    assert client.get("/sign-out/").status_code == 405
    assert client.post("/sign-out/").status_code == 302
    assert who(client) == "AnonymousUser"


@pytest.mark.parametrize(("name", "password"), [("ada", WRONG), ("nobody", PASSWORD), ("Ada", PASSWORD), ("ada", "")])
def test_with_others_one_is_not(client: Client, ada: User, name: str, password: str) -> None:
    answer = sign_in(client, name, password)
    assert answer.status_code == 422
    assert who(client) == "AnonymousUser"
    if password:
        assert b"This name and this password do not belong together." in answer.content


def test_a_closed_account_is_closed(client: Client, ada: User) -> None:
    sign_in(client)
    User.objects.update(is_active=False)
    assert who(client) == "AnonymousUser"
    assert sign_in(client).status_code == 422


@pytest.mark.parametrize("text", ["x" * 151, "x" * 100_000, "\0", "a\ud800".encode("utf-8", "replace").decode(), EVIL])
def test_whatever_is_written_is_no_error(client: Client, ada: User, text: str) -> None:
    assert sign_in(client, text, "x").status_code == 422
    assert sign_in(client, "ada", text).status_code == 422
    harmless = elements(sign_in(client, "nobody", "x").content.decode())
    assert elements(sign_in(client, EVIL, "x").content.decode()) == harmless


def test_one_is_led_to_what_one_wanted_to_see(client: Client, ada: User) -> None:
    html = client.get("/sign-in/?next=/library/%3Fq%3Dfox").content.decode()
    assert 'name="next" value="/library/?q=fox"' in html
    assert sign_in(client, next="/library/?q=fox")["Location"] == "/library/?q=fox"


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "\\\\evil", "javascript:alert(1)", "x", "\t//evil"],
)
def test_and_nowhere_else(client: Client, ada: User, elsewhere: str) -> None:
    assert sign_in(client, next=elsewhere)["Location"] == "/"


def test_a_form_without_its_token_signs_nobody_in(ada: User) -> None:
    strict = Client(enforce_csrf_checks=True, headers={"host": "localhost"})
    assert sign_in(strict).status_code == 403
    assert strict.post("/sign-out/").status_code == 403


def test_before_there_is_an_account_the_page_says_how_the_first_is_made(client: Client) -> None:
    assert b"make admin" in client.get("/sign-in/").content
    User.objects.create_superuser("owner")
    assert b"make admin" not in client.get("/sign-in/").content


# Too many wrong passwords


def fail(client: Client, times: int, name: str = "ada") -> list[int]:
    return [sign_in(client, name, WRONG).status_code for _ in range(times)]


def test_after_five_wrong_passwords_a_quarter_of_an_hour_has_to_pass(client: Client, ada: User) -> None:
    assert fail(client, 4) == [422] * 4
    answer = sign_in(client, "ada", WRONG)
    assert (answer.status_code, answer["Retry-After"]) == (429, "900")
    assert b"Too many wrong passwords. Try again in 15 minutes." in answer.content
    assert b'value="ada"' in answer.content
    assert sign_in(client).status_code == sign_in(browser()).status_code == 429
    assert who(client) == "AnonymousUser"


def test_trying_on_does_not_make_it_longer(client: Client, ada: User) -> None:
    fail(client, 5)
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=14))
    assert fail(client, 3) == [429] * 3
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=16))
    assert sign_in(client).status_code == 302


def test_a_right_password_forgets_the_wrong_ones(client: Client, ada: User) -> None:
    for _ in range(3):
        assert fail(client, 4) == [422] * 4
        assert sign_in(client).status_code == 302


def test_whoever_is_elsewhere_or_has_another_name_is_not_locked_out(client: Client, ada: User) -> None:
    User.objects.create_user("bob", password=PASSWORD)
    fail(client, 5)
    assert sign_in(client, "bob").status_code == 302
    assert sign_in(Client(headers={"host": "localhost"}, REMOTE_ADDR="192.0.2.7")).status_code == 302


def test_another_browser_or_a_made_up_proxy_helps_nobody(ada: User) -> None:
    codes = [
        sign_in(
            Client(headers={"host": "localhost", "user-agent": f"{n}", "x-forwarded-for": f"192.0.2.{n}"}), "ada", WRONG
        ).status_code
        for n in range(6)
    ]
    assert codes == [422] * 4 + [429] * 2


def test_behind_a_proxy_the_address_is_the_one_it_has_seen(settings: Settings, ada: User) -> None:
    settings.PLAYGROUND_PUBLIC_URL = "https://pictures.example.org"

    def at(number: int) -> Client:
        return Client(headers={"host": "localhost", "x-forwarded-for": f"10.0.0.1, 192.0.2.{number}"})

    assert fail(at(1), 5)[-1] == 429
    assert sign_in(at(1)).status_code == 429
    assert sign_in(at(2)).status_code == 302


def test_no_password_is_kept_with_the_failures(client: Client, ada: User) -> None:
    fail(client, 2)
    kept = AccessAttempt.objects.values().get()
    assert WRONG not in str(kept)


# The administration


def test_the_administration_is_entered_by_the_same_page(client: Client, staff: Client, ada: User) -> None:
    answer = client.get("/admin/generation/job/")
    assert answer["Location"] == "/admin/login/?next=/admin/generation/job/"
    assert client.get(answer["Location"])["Location"] == "/sign-in/?next=/admin/generation/job/"
    assert (
        client.post("/admin/login/", {"username": "ada", "password": PASSWORD})["Location"] == "/sign-in/?next=/admin/"
    )
    assert who(client) == "AnonymousUser"
    assert staff.get("/admin/").status_code == 200
    client.force_login(ada)
    answer = client.get("/admin/", follow=True)
    assert answer.status_code == 403
    assert b"That is for those who look after this site." in answer.content
