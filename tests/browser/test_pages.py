"""Every page under the content security policy, the theme, and the library as one scrolls."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.pages import ask_for, findings
from tests.site import Site

Visit = Callable[..., Page]


def test_what_is_not_there_is_said_in_a_sentence(idle_site: Site, visit: Visit, complaints: list[str]) -> None:
    page = visit(idle_site.url)
    for path in ("/jobs/00000000-0000-0000-0000-000000000000/", "/library/x/01.png", "/nothing/"):
        page.goto(idle_site.url + path)
        expect(page.get_by_role("heading")).to_have_text("There is nothing here. It may have been deleted.")
        assert "404" in complaints.pop()
    page.get_by_role("button", name="Back to the first page").click()
    expect(page.get_by_label("Prompt")).to_be_focused()


def test_the_administration_works_under_the_policy(idle_site: Site, visit: Visit) -> None:
    idle_site.environment["DJANGO_SUPERUSER_PASSWORD"] = "a long pass phrase"
    idle_site.command("createsuperuser", "--no-input", "--username", "ada", "--email", "ada@example.org")
    ask_for(visit(idle_site.url), "a fox")
    page = visit(idle_site.url + "/admin/")
    page.get_by_label("Name").fill("ada")
    page.get_by_label("Password").fill("a long pass phrase")
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(idle_site.url + "/admin/")
    page.goto(f"{idle_site.url}/admin/auth/user/1/change/")
    expect(page.locator("#content")).to_be_visible()
    for path in (*(f"generation/{kind}/" for kind in ("job", "prompt", "worker")), "library/batch/", "library/image/"):
        page.goto(f"{idle_site.url}/admin/{path}")
        expect(page.locator("#content")).to_be_visible()
        for theme, other in (("Dark theme", "Light theme"), ("Light theme", "Dark theme")):
            page.get_by_role("button", name=theme).click()
            expect(page.get_by_role("button", name=other)).to_be_visible()
            page.wait_for_load_state()
            assert findings(page) == []


def test_the_theme_is_kept_without_javascript(idle_site: Site, visit: Visit) -> None:
    page = visit(idle_site.url + "/library/?before=x", java_script_enabled=False, color_scheme="light")
    page.get_by_role("button", name="Dark theme").click()
    expect(page).to_have_url(idle_site.url + "/library/?before=x")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.goto(idle_site.url)
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.get_by_role("button", name="Light theme").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")


def test_the_theme_changes_under_a_prompt_half_written(idle_site: Site, visit: Visit) -> None:
    page = visit(idle_site.url, color_scheme="light")
    page.get_by_label("Prompt").fill("a fox with")
    with page.expect_response("**/theme/"):
        page.get_by_role("button", name="Dark theme").click()
    expect(page.get_by_role("button", name="Light theme")).to_be_focused()
    expect(page.get_by_label("Prompt")).to_have_value("a fox with")
    assert page.locator("body").evaluate("body => getComputedStyle(body).backgroundColor") == "oklch(0.17 0 0)"
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_the_library_brings_older_pictures_as_one_scrolls(site: Site, visit: Visit) -> None:
    jobs = [site.submit(f"prompt {number}", num_images=3, steps=1) for number in range(14)]
    site.wait_for(jobs[-1])
    page = visit(site.url + "/library/")
    batches = page.locator("section.batch")
    expect(batches).to_have_count(12)
    page.get_by_role("link", name="Older pictures").scroll_into_view_if_needed()
    expect(page.get_by_role("region", name="prompt 0", exact=True).get_by_role("img")).to_have_count(3)
    assert len(set(batches.evaluate_all("batches => batches.map(batch => batch.id)"))) == batches.count()

    page = visit(site.url + "/library/", java_script_enabled=False)
    page.get_by_role("link", name="Older pictures").click()
    expect(page.get_by_role("region", name="prompt 0", exact=True).get_by_role("img")).to_have_count(3)
