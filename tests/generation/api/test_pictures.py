"""The library's images, as programs find, get, mark and delete them."""

from typing import Any

import pytest

from library.models import Batch, Image
from tests.library.make import a_batch, an_image, some
from tests.program import Program, refused

pytestmark = pytest.mark.django_db

IMAGES = "/api/v1/images"


def uuids(told: dict[str, Any]) -> list[str]:
    return [image["uuid"] for image in told["images"]]


def everything(program: Program, limit: int, **query: Any) -> list[str]:
    """All that is listed, a portion at a time."""
    told = program.get(IMAGES, limit=limit, **query)
    found = uuids(told)
    while told["next"]:
        told = program.get(IMAGES, limit=limit, after=told["next"], **query)
        assert len(told["images"]) <= limit
        found += uuids(told)
    return found


def test_an_image_tells_all_that_is_needed_to_make_it_again(program: Program) -> None:
    image = an_image(position=2)
    told = program.get(f"{IMAGES}/{image.uuid}")
    assert (told["batch"], told["position"], told["seed"]) == (str(image.batch.uuid), 2, 42)
    assert told["recipe"] == {**image.batch.recipe, "seed": 42}
    assert (told["width"], told["height"], told["pixels"]) == (32, 16, image.pixels)
    assert program.client.get(told["page"]).status_code == 200


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 100])
def test_the_list_goes_on_where_it_ended_whatever_its_portion(program: Program, limit: int) -> None:
    a_batch("nothing yet")
    wanted = [str(image.uuid) for images in reversed([some(3), some(1), some(2)]) for image in images]
    a_batch("an owl", error="It failed.").set_error("It failed.")
    assert everything(program, limit) == wanted


def test_it_goes_on_behind_an_image_that_was_deleted_meanwhile(program: Program) -> None:
    some(3)
    told = program.get(IMAGES, limit=1)
    program.send(f"{IMAGES}/{told['next']}", method="DELETE")
    rest = program.get(IMAGES, after=told["next"])
    assert [image["position"] for image in rest["images"]] == [2, 3]


def test_a_search_is_written_as_in_the_library(program: Program) -> None:
    fox, owl = some(2, "a red fox"), some(1, "an owl")
    fox[1].set_favourite(True)
    assert everything(program, 1, q="fox") == [str(image.uuid) for image in fox]
    assert everything(program, 1, q="fav:yes") == [str(fox[1].uuid)]
    assert everything(program, 1, q="-fox") == [str(owl[0].uuid)]
    told = program.get(IMAGES, q="fox colour:red")
    assert told["problems"] == ["There is no filter “colour:”; it is looked for as words."]


def test_nonsense_in_a_search_breaks_nothing(program: Program) -> None:
    some(1)
    for q in ("\0", '"', "seed:" + "9" * 5000, "%ff%fe", "*" * 5000, "NEAR(a b)", "'; DROP TABLE library_image"):
        program.get(IMAGES, q=q)


def test_the_picture_and_its_thumbnail(program: Program) -> None:
    image = an_image()
    picture = program.client.get(f"{IMAGES}/{image.uuid}/file")
    assert (picture["Content-Type"], b"".join(picture)) == ("image/png", image.path.read_bytes())
    assert "immutable" in picture["Cache-Control"]
    assert program.client.get(f"{IMAGES}/{image.uuid}/thumbnail")["Content-Type"] == "image/webp"
    assert program.client.head(f"{IMAGES}/{image.uuid}/file").status_code == 200


def test_a_picture_whose_file_is_gone_is_not_found(program: Program) -> None:
    image = an_image()
    image.path.unlink()
    for what in ("file", "thumbnail"):
        refused(program.client.get(f"{IMAGES}/{image.uuid}/{what}"), 404)


def test_the_star_is_put_and_taken_away(program: Program) -> None:
    image = an_image()
    path = f"{IMAGES}/{image.uuid}/favourite"
    for method, is_favourite in (("PUT", True), ("PUT", True), ("DELETE", False), ("DELETE", False)):
        answer = program.client.generic(method, path, content_type="")
        assert (answer.status_code, answer.json()["favourite"]) == (200, is_favourite)
        assert Image.objects.get().favourite is is_favourite


def test_a_deleted_image_is_given_out_nowhere_until_it_is_restored(program: Program) -> None:
    image, other = some(2)
    path, before = f"{IMAGES}/{image.uuid}", Batch.objects.get().changed
    answer = program.client.delete(path)
    assert (answer.status_code, answer.content) == (204, b"")
    assert Batch.objects.get().changed > before
    for gone in (path, f"{path}/file", f"{path}/thumbnail"):
        refused(program.client.get(gone), 404)
    for method, gone in (("DELETE", path), ("PUT", f"{path}/favourite"), ("DELETE", f"{path}/favourite")):
        refused(program.send(gone, method=method), 404)
    assert everything(program, 5) == [str(other.uuid)]
    assert str(image.uuid) not in program.client.get("/getlibrary").content.decode()
    for _ in range(2):
        answer = program.send(f"{path}/restore")
        assert (answer.status_code, answer.json()["uuid"]) == (200, str(image.uuid))
    assert everything(program, 5) == [str(image.uuid), str(other.uuid)]


@pytest.mark.parametrize(
    "key", ["01234567-89ab-4def-8123-456789abcdef", "1", "..%2f..%2fetc%2fpasswd", "0123456789abcdef"]
)
def test_an_image_of_nobody_is_not_found(program: Program, key: str) -> None:
    for path in (key, f"{key}/file", f"{key}/thumbnail"):
        refused(program.client.get(f"{IMAGES}/{path}"), 404)
    refused(program.send(f"{IMAGES}/{key}/restore"), 404)
