"""What people are told in a browser who may not do a thing, or have to say who they are first."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.pages import ask_for, findings
from tests.browser.test_accessibility import SMALL, WIDER
from tests.site import Site

Visit = Callable[..., Page]

FILL_UP = """
from generation import queue
from generation.engine.recipe import Recipe
from generation.models import Job
for _ in range({count}):
    queue.submit(Recipe(prompt="a ship", seed=1, width=64, height=64), visitor=Job.objects.latest("pk").visitor)
"""

INVITE = """
from django.contrib.auth.models import User
from people.models import Invitation
print(Invitation.objects.make(User.objects.get(username="owner"), days=7, note="Dora")[1])
"""

TWO_PICTURES = """
from django.contrib.auth.models import User
from generation import queue
from generation.engine.recipe import Recipe
from generation.senders import Sender
from library.models import Batch
from tests.library.make import a_batch, an_image
dora, _ = User.objects.get_or_create(username="dora")
dora.set_password("a long pass phrase")
dora.save()
for words, person in (("a fox", dora), ("an owl", None)):
    image = an_image(a_batch(words))
    Batch.objects.filter(pk=image.batch_id).update(person=person)
    queue.submit(Recipe(prompt=words + " that waits", seed=1), sender=Sender("", person))
"""


def shell(site: Site, script: str) -> str:
    ran = site.command("shell", "--verbosity", "0", "--command", script)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.strip()


def test_one_job_too_many_is_told_and_leaves_the_form_as_it_was(
    idle_site: Site, visit: Visit, complaints: list[str]
) -> None:
    page = visit(idle_site.url)
    ask_for(page, "a fox")
    shell(idle_site, FILL_UP.format(count=19))
    for path, place in (("/", "Images"), ("/advanced/", "Steps")):
        page.goto(idle_site.url + path)
        page.get_by_label("Prompt").fill("a hen with a hat")
        page.get_by_role("spinbutton", name=place).fill("9")
        page.get_by_role("button", name="Generate").click()
        expect(page.get_by_role("alert").filter(has_text="You have 20 jobs waiting")).to_be_visible()
        expect(page.get_by_label("Prompt")).to_have_value("a hen with a hat")
        expect(page.get_by_role("spinbutton", name=place)).to_have_value("9")
    complaints[:] = [text for text in complaints if "429" not in text]


# Where accounts are asked for

PASSWORD = "a long pass phrase"


@pytest.fixture
def owner(closed_site: Site) -> str:
    """Her name."""
    make = f"User.objects.filter(username='owner').exists() or User.objects.create_superuser('owner', '', '{PASSWORD}')"
    shell(closed_site, f"from django.contrib.auth.models import User; {make}")
    return "owner"


def sign_in(page: Page, name: str, password: str = PASSWORD) -> None:
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


@pytest.mark.parametrize("scripts", [True, False])
def test_the_owner_invites_and_whoever_is_invited_comes_in(
    closed_site: Site, visit: Visit, owner: str, scripts: bool
) -> None:
    name = "bob" if scripts else "carol"
    page = visit(closed_site.url + "/library/?q=fox", java_script_enabled=scripts)
    sign_in(page, owner)
    expect(page).to_have_url(closed_site.url + "/library/?q=fox")
    page.get_by_role("link", name="Your account, owner").click()
    page.get_by_role("link", name="Invitations").click()
    page.get_by_label("For whom").fill(name)
    page.get_by_role("button", name="Make a link").click()
    link = page.get_by_label("It is shown this once; copy it now.").input_value()

    guest = visit(link, java_script_enabled=scripts)
    guest.get_by_label("Name").fill(name)
    guest.get_by_label("Password").fill(PASSWORD)
    guest.get_by_label("The same once more").fill(PASSWORD)
    guest.get_by_role("button", name="Come in").click()
    expect(guest.get_by_label("Prompt")).to_be_focused()
    guest.get_by_role("link", name=f"Your account, {name}").click()
    guest.get_by_role("button", name="Sign out").click()
    expect(guest.get_by_role("heading", name="Sign in")).to_be_visible()

    page.get_by_role("link", name="Your account").first.click()
    page.get_by_role("link", name="Invitations").click()
    expect(page.get_by_role("listitem").filter(has_text=name).first).to_contain_text(f"came as {name}")


def test_a_page_that_was_left_open_leads_to_signing_in_and_back(closed_site: Site, visit: Visit, owner: str) -> None:
    page = visit(closed_site.url + "/?prompt=a+fox")
    sign_in(page, owner)
    expect(page.get_by_label("Prompt")).to_have_value("a fox")
    page.context.clear_cookies(name="sessionid")
    expect(page).to_have_url(re.compile(r"/sign-in/\?next=/%3Fprompt%3Da%2Bfox$"))  # the queue's poll was refused
    sign_in(page, owner)
    expect(page.get_by_label("Prompt")).to_have_value("a fox")


def test_too_many_wrong_passwords_are_told(closed_site: Site, visit: Visit, owner: str, complaints: list[str]) -> None:
    page = visit(closed_site.url)
    for _ in range(5):
        sign_in(page, "mallory", "wrong")
    expect(page.get_by_role("alert").first).to_have_text("Too many wrong passwords. Try again in 15 minutes.")
    expect(page.get_by_label("Name")).to_have_value("mallory")
    complaints[:] = [text for text in complaints if not re.search("422|429", text)]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_on_the_pages_of_people(
    closed_site: Site, visit: Visit, owner: str, theme: str, complaints: list[str]
) -> None:
    secret = shell(closed_site, INVITE)
    page = visit(closed_site.url, color_scheme=theme)
    found = findings(page)
    sign_in(page, owner, "wrong")
    expect(page.get_by_role("alert").first).to_be_visible()
    found += findings(page)
    page.goto(closed_site.url + f"/invitation/{secret}/")
    found += findings(page)
    page.goto(closed_site.url + "/sign-in/")
    sign_in(page, owner)
    expect(page.get_by_label("Prompt")).to_be_visible()
    for path in ("/account/", "/account/password/", "/account/tokens/", "/invitations/", "/api/docs/", "/"):
        page.goto(closed_site.url + path)
        found += findings(page)
    page.goto(closed_site.url + "/invitations/")
    page.get_by_role("button", name="Make a link").click()
    expect(page.get_by_label("It is shown this once; copy it now.")).to_be_visible()
    found += findings(page)
    page.goto(closed_site.url + "/account/tokens/")
    page.get_by_label("What it is for").fill("a script")
    page.get_by_role("button", name="Make a token").click()
    expect(page.get_by_label("It is shown this once; copy it now.")).to_be_focused()
    found += findings(page)
    complaints[:] = [text for text in complaints if "422" not in text]
    assert not found, "\n".join(found)


def test_on_a_phone_the_pages_of_people_are_no_wider_and_targets_large_enough(
    closed_site: Site, visit: Visit, owner: str
) -> None:
    page = visit(closed_site.url, viewport={"width": 390, "height": 800}, has_touch=True, is_mobile=True)
    small, wide = page.evaluate(SMALL), page.evaluate(WIDER)
    sign_in(page, owner)
    expect(page.get_by_label("Prompt")).to_be_visible()
    for path in ("/account/", "/account/password/", "/account/tokens/", "/invitations/", "/api/docs/", "/"):
        page.goto(closed_site.url + path)
        small += [f"{path}: {target}" for target in page.evaluate(SMALL)]
        wide = wide or page.evaluate(WIDER)
    assert not wide
    assert not small, "\n".join(small)


def test_what_is_somebody_elses_is_neither_read_in_the_queue_nor_deleted(closed_site: Site, visit: Visit) -> None:
    shell(closed_site, TWO_PICTURES)
    page = visit(closed_site.url + "/library/")
    sign_in(page, "dora")
    expect(page).to_have_url(closed_site.url + "/library/")
    page.wait_for_load_state()  # the menu's script, too
    page.set_viewport_size({"width": 1280, "height": 1400})  # what is scrolled to at the click closes the menu
    for words, verbs in (("a fox", 7), ("an owl", 5)):
        page.get_by_role("region", name=words).get_by_role("link", name="Image 1").first.click(button="right")
        expect(page.get_by_role("menuitem")).to_have_count(verbs)
        expect(page.get_by_role("menuitem", name="Delete")).to_have_count(int(verbs == 7))
        page.keyboard.press("Escape")
    page.goto(closed_site.url)
    queue = page.get_by_role("complementary", name="Queue")
    expect(queue).to_contain_text("a fox that waits")
    expect(queue).to_contain_text("words not shown")
    assert "an owl" not in page.content()
    assert findings(page) == []
