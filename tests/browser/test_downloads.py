"""Staff downloads a model on the page, and the site takes it up."""

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.pages import findings
from tests.browser.test_accessibility import SMALL, WIDER
from tests.hub import Hub, files_of
from tests.site import Site

Visit = Callable[..., Page]


def sign_in(page: Page, site: Site) -> None:
    site.environment["DJANGO_SUPERUSER_PASSWORD"] = "a long pass phrase"
    site.command("createsuperuser", "--no-input", "--username", "ada", "--email", "ada@example.org")
    page.goto(f"{site.url}/admin/login/?next=/downloads/")
    page.get_by_label("Name").fill("ada")
    page.get_by_label("Password").fill("a long pass phrase")
    page.get_by_role("button", name="Sign in").click()


def test_a_model_is_downloaded_and_taken_up(
    new_site: Callable[..., Site], visit: Visit, tiny_model: Path, complaints: list[str]
) -> None:
    with Hub(files_of(tiny_model)) as remote:
        remote.pace = 1.5
        site = new_site(PLAYGROUND_MODEL="", HF_ENDPOINT=remote.url, HF_HUB_OFFLINE="").start().wait_ready()
        page = visit(site.url, viewport={"width": 390, "height": 800}, has_touch=True, is_mobile=True)
        sign_in(page, site)
        name = page.get_by_role("textbox", name="Name on the hub")
        name.fill("no name")
        page.get_by_role("button", name="Download").click()
        expect(page.locator("#download-errors")).to_contain_text("owner/repository")
        assert "422" in complaints.pop()
        name.fill("somebody/tiny")
        page.get_by_role("button", name="Download").click()
        expect(name).to_have_value("")
        name.fill("half a name")  # whoever writes on is not disturbed by what comes
        row = page.get_by_role("list").filter(has_text="somebody/tiny").get_by_role("listitem")
        expect(row).to_contain_text("% of 614.1 kB, done in about")
        assert (findings(page), page.evaluate(SMALL), page.evaluate(WIDER)) == ([], [], False)
        page.get_by_role("button", name="Dark theme").click()
        assert findings(page) == []
        expect(row).to_contain_text("downloaded, 614.1 kB")
        expect(name).to_have_value("half a name")
        expect(page.locator("#status")).to_contain_text("Ready · somebody/tiny")
