"""The API of a whole running site, over real HTTP."""

import json
import urllib.error
import urllib.request
from typing import Any

from tests.program import JSON
from tests.site import Site, until


def ask(url: str, values: dict[str, Any] | None = None, **headers: str) -> tuple[int, Any]:
    body = None if values is None else json.dumps(values).encode()
    request = urllib.request.Request(url, body, {"Content-Type": JSON, **headers})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_pictures_are_asked_for_and_fetched(demo_site: Site) -> None:
    values = {"prompt": "a red apple", "num_images": 1, "steps": 2, "seed": 7}
    code, job = ask(f"{demo_site.url}/api/v1/jobs", values, **{"Idempotency-Key": "apple"})
    assert code == 201
    assert ask(f"{demo_site.url}/api/v1/jobs", values, **{"Idempotency-Key": "apple"})[1]["uuid"] == job["uuid"]
    path = f"{demo_site.url}/api/v1/jobs/{job['uuid']}"
    done = until(lambda: (told := ask(path)[1])["state"] == "done" and told, what="the job is done")
    image = f"{demo_site.url}/api/v1/images/{done['images'][0]['uuid']}"
    with urllib.request.urlopen(f"{image}/file", timeout=30) as picture:
        assert picture.read(8) == b"\x89PNG\r\n\x1a\n"
    urllib.request.urlopen(urllib.request.Request(image, method="DELETE"), timeout=30).close()
    assert ask(image)[0] == 404


def test_the_originals_script_finds_its_group_as_soon_as_its_request_is_gone(demo_site: Site) -> None:
    code, answer = ask(f"{demo_site.url}/prompt", {"prompt": "a sun", "num_images": "1", "ddim_steps": "2"})
    assert code == 200
    key = answer["queue_id"]
    until(lambda: key not in [entry["queue_id"] for entry in ask(f"{demo_site.url}/queue_status")[1]])
    [group] = [group for group in ask(f"{demo_site.url}/getlibrary?limit=5")[1] if group["queue_id"] == key]
    assert group["generated_images"] == [f"library/{key}/01.png"]
    assert group["time_taken"] > 0
    assert ask(f"{demo_site.url}/deleteimage", {"path": group["generated_images"][0]}) == (200, {"success": True})


def test_refusals_before_the_application_are_json_too(demo_site: Site) -> None:
    assert ask(f"{demo_site.url}/api/v1/jobs", {"prompt": "a fox"}, Origin="http://evil.example")[0] == 403
    assert ask(f"{demo_site.url}/api/nowhere")[0] == 404
