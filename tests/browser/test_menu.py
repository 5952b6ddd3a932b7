"""The menu of a picture, its letters, deleting with undo, several at once, and the trash."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.test_library import ADD, SHOWN, news
from tests.site import Site

Visit = Callable[..., Page]


@pytest.fixture
def library(idle_site: Site, visit: Visit) -> Callable[..., Page]:
    """The library's page with that many batches of three pictures in it."""

    def library(count: int, **options: object) -> Page:
        done = idle_site.command("shell", "--verbosity", "0", "--command", ADD.format(words="a fox", count=count))
        assert done.returncode == 0, done.stderr
        return visit(idle_site.url + "/library/", **options)

    with idle_site.database() as connection:
        connection.execute("DELETE FROM library_image")
        connection.execute("DELETE FROM library_batch")
        connection.commit()
    return library


def tiles(page: Page) -> int:
    return page.locator(".tile").filter(visible=True).count()


def test_the_menu_opens_by_pointer_and_key_and_gives_the_focus_back(library: Callable[..., Page]) -> None:
    page = library(1)
    menu = page.get_by_role("menu", name="Picture")
    first = page.locator("a.picture").first
    first.click(button="right")
    expect(menu.get_by_role("menuitem").filter(visible=True)).to_have_text(
        [re.compile(text) for text in ("Vary", "Open", "Download", "Copy prompt", "Favourite", "Select", "Delete")]
    )
    expect(menu.get_by_role("menuitem", name="Vary")).to_be_focused()
    page.keyboard.press("End")
    expect(menu.get_by_role("menuitem", name="Delete")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(menu.get_by_role("menuitem", name="Vary")).to_be_focused()
    page.keyboard.press("Escape")
    expect(menu).to_be_hidden()
    expect(first).to_be_focused()
    page.keyboard.press("Shift+F10")
    expect(menu).to_be_visible()
    page.keyboard.press("f")
    expect(menu).to_be_hidden()
    expect(page.get_by_role("button", name="Favourite").first).to_have_attribute("aria-pressed", "true")
    with page.expect_download() as download:
        page.keyboard.press("d")  # without the menu
    assert download.value.suggested_filename == "a-fox-0-41.png"
    page.mouse.move(0, 0)
    page.locator("a.picture").nth(1).click(button="right", modifiers=["Shift"])
    expect(menu).to_be_hidden()
    page.keyboard.press("Escape")


def test_deleting_asks_is_undone_and_survives_polls(library: Callable[..., Page]) -> None:
    page = library(2)
    page.wait_for_function(SHOWN)
    page.locator("a.picture").first.focus()
    page.keyboard.press("Delete")
    page.get_by_role("button", name="Keep").click()
    assert tiles(page) == 6
    for left in (5, 4, 3):
        page.keyboard.press("x")
        page.get_by_role("dialog").get_by_role("button", name="Delete").click()
        expect(page.locator(".tile").filter(visible=True)).to_have_count(left)
        expect(page.get_by_text("Moved to the trash.")).to_be_visible()
    news(page)
    expect(page.locator("section.batch")).to_have_count(1)
    page.keyboard.press("Control+z")
    expect(page.get_by_text("Back where it was.")).to_be_visible()
    expect(page.locator("section.batch")).to_have_count(2)
    expect(page.get_by_role("heading", level=2).first).to_contain_text("a fox 1")
    assert tiles(page) == 4


def test_what_is_being_deleted_is_not_shown_large_meanwhile(library: Callable[..., Page]) -> None:
    page = library(1)
    held: list[Route] = []
    page.route("**/delete/", lambda route: held.append(route))
    page.locator("a.picture").first.focus()
    page.keyboard.press("x")
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    page.wait_for_timeout(1000)
    expect(page.locator("#zoom")).to_be_hidden()
    held[0].continue_()
    expect(page.locator(".tile").filter(visible=True)).to_have_count(2)


def test_several_are_selected_starred_fetched_and_deleted(library: Callable[..., Page]) -> None:
    page = library(2)
    pictures, bar = page.locator("a.picture"), page.get_by_role("form", name="Selected pictures")
    expect(bar).to_be_hidden()
    pictures.nth(0).click(modifiers=["Control"])
    pictures.nth(3).click(modifiers=["Shift"])
    pictures.nth(1).click()  # while some are selected, a click selects
    expect(bar).to_contain_text("3 selected")
    bar.get_by_role("button", name="Favourite").click()
    expect(page.locator(".star [aria-pressed=true]")).to_have_count(3)
    news(page)
    expect(page.locator(".tile.selected")).to_have_count(3)
    with page.expect_download() as download:
        bar.get_by_role("button", name="Download").click()
    assert re.fullmatch(r"pictures-\d{4}-\d\d-\d\d\.zip", download.value.suggested_filename)
    bar.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog", name="Delete 3 pictures?").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("3 pictures moved to the trash.")).to_be_visible()
    expect(bar).to_be_hidden()
    assert tiles(page) == 3
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".tile").filter(visible=True)).to_have_count(6)
    pictures.first.click(modifiers=["Control"])
    page.keyboard.press("Escape")
    expect(bar).to_be_hidden()


def test_a_long_press_opens_the_menu_and_no_page(library: Callable[..., Page]) -> None:
    page = library(1, has_touch=True, is_mobile=True, viewport={"width": 390, "height": 700})
    box = page.locator("a.picture").first.bounding_box()
    assert box
    wire = page.context.new_cdp_session(page)
    point = {"x": box["x"] + 40, "y": box["y"] + 60}
    wire.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [point]})
    expect(page.get_by_role("menu")).to_be_visible()
    wire.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    entries = [entry.bounding_box() for entry in page.get_by_role("menuitem").all() if entry.is_visible()]
    assert min(box["height"] for box in entries if box) >= 44
    page.get_by_role("menuitem", name="Select").tap()
    page.locator("a.picture").nth(1).tap()
    expect(page.get_by_role("form", name="Selected pictures")).to_contain_text("2 selected")
    expect(page).to_have_url(re.compile(r"/library/$"))


def test_a_picture_s_page_and_the_trash_delete_and_restore(
    idle_site: Site, visit: Visit, library: Callable[..., Page]
) -> None:
    page = library(1)
    page.locator("a.picture").first.focus()
    page.keyboard.press("o")
    page.get_by_role("link", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("image 2")
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    page.keyboard.press("x")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("image 3")
    page.goto(idle_site.url + "/trash/")
    page.get_by_role("button", name="Restore a fox 0, image 2").click()
    expect(page.locator("li.lost")).to_have_count(1)
    page.get_by_role("link", name="for good").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", name="The trash is empty")).to_be_visible()

    plain = visit(idle_site.url + "/library/", java_script_enabled=False)
    plain.get_by_role("link", name="Open image 2").click()
    plain.get_by_role("link", name="Delete").click()
    plain.get_by_role("button", name="Delete").click()
    plain.get_by_role("button", name="Undo").click()
    expect(plain.get_by_role("heading", level=1)).to_contain_text("image 2")
    assert idle_site.rows("SELECT id FROM library_image WHERE deleted IS NOT NULL") == []
