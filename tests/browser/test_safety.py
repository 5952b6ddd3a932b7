"""What visitors see of a picture that the safety catch withholds."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.pages import ask_for, findings
from tests.safety_checker import build
from tests.site import Site

Visit = Callable[..., Page]


def test_a_withheld_picture_is_told_by_its_place_and_on_its_page(new_site: Callable[..., Site], visit: Visit) -> None:
    site = new_site(PLAYGROUND_SAFETY_CHECKER="True")
    build(site.data / "models" / "safety-checker", "everything")
    site.start().wait_ready()
    page = visit(site.url)
    card = ask_for(page, "a fox")
    expect(card).to_contain_text("done")
    withheld = card.get_by_role("img", name="withheld by the safety catch")
    expect(withheld).to_have_count(3)
    withheld.first.click()
    expect(page.get_by_text("The safety catch of this site flagged this picture")).to_be_visible()
    expect(page.get_by_role("button", name="Make again and compare")).to_have_count(0)
    for theme in ("Dark theme", "Light theme"):
        page.get_by_role("button", name=theme).click()
        assert findings(page) == []
