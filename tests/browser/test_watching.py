"""Waiting and watching: times, previews, the tab, the large picture, the last prompts."""

import re
from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

from tests.browser.pages import LONG, ask_for
from tests.site import Site

Visit = Callable[..., Page]
PHONE = {"width": 390, "height": 800}  # its tiles are smaller than the demo model's pictures
HIDE = "Object.defineProperty(document, 'hidden', { get: () => true })"
IS_ON_TOP = """element => {
    const { x, y, width, height } = element.getBoundingClientRect();
    return element.contains(document.elementFromPoint(x + width / 2, y + height / 2));
}"""
HEARD = """() => {
    window.heard = [];
    window.Notification = class extends Notification {
        constructor(...words) { super(...words); heard.push(words[0]); }
    };
}"""


def test_the_promise_stands_beside_the_button_and_follows_the_slider_and_the_queue(site: Site, visit: Visit) -> None:
    page = visit(site.url)
    promise = page.locator("#promise")
    expect(promise).to_have_text(re.compile(r"^about \d+ s\s*$"))
    three = promise.inner_text()
    page.get_by_role("slider", name="Images").fill("30")
    expect(promise).not_to_have_text(three)
    ask_for(page, "a fox", 30, LONG)
    expect(promise).to_have_text(re.compile(r"^about .*, 1 ahead of you"))


def test_a_running_job_shows_previews_and_counts_down_between_the_answers(site: Site, visit: Visit) -> None:
    page = visit(site.url)
    job = ask_for(page, "a red apple", 30, LONG)
    for place in (job.locator(".coming img").first, page.locator("#queue img").first):
        expect(place).to_have_attribute("src", re.compile("^data:image/webp;base64,"))
    left = job.locator(".left")
    with page.expect_response(lambda answer: "/card/" in answer.url and answer.status == 204):  # none is on its way
        page.route("**/card/**", lambda route: route.fulfill(status=204))
    before = seconds_of(left)
    page.wait_for_timeout(2100)
    assert seconds_of(left) in range(before - 4, before)
    page.unroute_all(behavior="ignoreErrors")


def seconds_of(left: Locator) -> int:
    minutes, seconds = left.inner_text().split(":")
    return int(minutes) * 60 + int(seconds)


def test_the_tab_tells_how_far_my_job_is(site: Site, visit: Visit) -> None:
    page = visit(site.url)
    job = ask_for(page, "a red apple", 30, LONG)
    expect(page).to_have_title(re.compile(r"^\d+ % · a red apple$"))
    expect(page.locator('link[rel="icon"]')).to_have_attribute("href", re.compile("^data:image/svg"))
    job.get_by_role("button", name="Cancel").click()
    expect(page).to_have_title("Playground")
    expect(page.locator('link[rel="icon"]')).to_have_attribute("href", re.compile(r"lamp.*\.svg$"))


def test_a_hidden_tab_says_that_my_pictures_are_done_and_notifies_whoever_wants_it(site: Site, visit: Visit) -> None:
    page = visit(site.url)
    page.context.grant_permissions(["notifications"])
    page.evaluate(HEARD)
    bell = page.get_by_role("button", name="Notify me")
    bell.click()
    expect(bell).to_have_attribute("aria-pressed", "true")
    ask_for(page, "a red apple")
    page.evaluate(HIDE)
    expect(page).to_have_title("Done: a red apple")
    assert page.evaluate("heard") == ["Done: a red apple"]
    bell.click()
    expect(bell).to_have_attribute("aria-pressed", "false")


def test_a_picture_under_the_pointer_or_with_the_focus_lies_there_large_as_its_png(site: Site, visit: Visit) -> None:
    page = visit(site.url, viewport=PHONE)
    job = ask_for(page, "a red apple")
    tile, zoom = job.locator("[data-file]").nth(1), page.locator("#zoom")
    tile.hover()
    expect(zoom).to_be_visible()
    assert page.evaluate("[zoom.naturalWidth, zoom.width]") == [128, 128]  # its own size at most
    assert zoom.evaluate("zoom => zoom.src") == site.url + (tile.get_attribute("data-file") or "")
    page.keyboard.press("Escape")
    expect(zoom).to_be_hidden()

    page.mouse.move(0, 0)
    job.locator("[data-file]").nth(0).focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    expect(zoom).to_be_visible()
    page.get_by_label("Prompt").focus()
    expect(zoom).to_be_hidden()


def test_the_large_picture_is_dragged_as_a_file_with_a_readable_name_and_leads_where_its_tile_does(
    site: Site, visit: Visit
) -> None:
    page = visit(site.url)
    job = ask_for(page, "a red apple")
    tile, zoom = job.locator("[data-file]").first, page.locator("#zoom")
    tile.hover()
    expect(zoom).to_be_visible()
    for dragged in (zoom, tile):
        name, address = dragged.evaluate("""dragged => {
            const dataTransfer = new DataTransfer();
            dragged.dispatchEvent(new DragEvent("dragstart", { dataTransfer, bubbles: true }));
            return [dataTransfer.getData("DownloadURL"), dataTransfer.getData("text/uri-list")];
        }""")
        assert re.fullmatch(r"image/png:a-red-apple-\d+\.png:http://.*\.png", name)
        assert address == site.url + (tile.get_attribute("data-file") or "")
    leads = tile.get_attribute("href")
    for _ in range(2):
        with page.expect_popup() as tab:
            zoom.click()
        assert tab.value.url == f"{site.url}{leads}"
        assert tab.value.evaluate("opener") is None
    with page.expect_popup() as tab:
        zoom.click(button="middle")
    assert tab.value.url == f"{site.url}{leads}"
    job.get_by_role("link", name="Open image 1").click()  # it lies above the large picture
    expect(page.get_by_role("heading", level=1)).to_contain_text("a red apple image 1")


def test_what_lies_above_the_large_picture_still_does_when_the_job_has_gone_on(site: Site, visit: Visit) -> None:
    page = visit(site.url)
    job = ask_for(page, "a red apple", 30)
    job.locator("[data-file]").first.hover()
    expect(page.locator("#zoom")).to_be_visible()
    tile = job.locator(".tile").first
    tile.evaluate("tile => { tile.classList.add('before') }")
    expect(tile).not_to_have_class(re.compile("before"))  # the card was replaced
    page.wait_for_function(IS_ON_TOP, arg=job.get_by_role("link", name="Open image 1").element_handle())


def test_arrow_up_brings_back_the_last_prompts_and_arrow_down_what_was_being_written(
    idle_site: Site, visit: Visit
) -> None:
    page = visit(idle_site.url)
    prompt = page.get_by_label("Prompt")
    for words in ("a fox", "a crow"):
        ask_for(page, words)
    page.reload()
    prompt.fill("an owl")
    prompt.press("ArrowUp")
    expect(prompt).to_have_value("an owl")  # the caret goes up
    prompt.press("Home")
    for key, words in (("ArrowUp", "a crow"), ("ArrowUp", "a fox"), ("ArrowUp", "a fox"), ("ArrowDown", "a crow")):
        prompt.press(key)
        expect(prompt).to_have_value(words)
    prompt.press("ArrowDown")
    expect(prompt).to_have_value("an owl")


def test_a_pause_is_told_to_all_with_its_reason(idle_site: Site, visit: Visit) -> None:
    with idle_site.database() as connection:
        connection.execute(
            """INSERT INTO generation_worker (host, slot, pid, state, model, is_demo, model_defaults, device, notice,
               group_size, speed, max_pixels, preview, beats, started, seen, loaded, loading,
               memory, device_memory)
               VALUES ('', 'cpu', 1, 'ready', 'm', 0, '{}', 'cpu', '', 3, 1, 0, '{}', 1, datetime(), datetime(),
                       '[]', '', 0, 0)"""
        )
        connection.commit()
    assert idle_site.command("pause", "the card is needed for a film").returncode == 0
    page = visit(idle_site.url)
    try:
        expect(page.locator("#banner")).to_contain_text("Paused: the card is needed for a film")
        expect(page.locator("#status")).to_contain_text("Paused")
        expect(ask_for(page, "a fox")).not_to_contain_text("done")
    finally:
        idle_site.command("resume")
        with idle_site.database() as connection:
            connection.execute("DELETE FROM generation_worker")
            connection.commit()
