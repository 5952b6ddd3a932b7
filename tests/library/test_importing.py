"""Other tools' pictures are taken over, and ours go out: import_library, export, reindex."""

import io
import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from PIL import Image as Pillow
from pytest_django import Settings

from library import png
from library.models import Batch, Image, Shelf
from tests.library.make import a_batch, an_image, some, trashed
from tests.library.test_folder import a_file, with_settings

pytestmark = pytest.mark.django_db

KEY = "6b1f3f0e-1111-4222-8333-444455556666"
INDEX = {
    "text_prompt": "a fox by the sea",
    "num_images": 2,
    "queue_id": KEY,
    "time_taken": 9.5,
    "seed": "41",
    "height": 512,
    "width": 512,
    "ddim_steps": "50",
    "ddim_eta": 0.0,
    "scale": 7.5,
    "strength": 0.75,
    "downsampling_factor": 8,
    "error": "",
    "original_image_path": "https://example.org/x.png",
    "creation_unixtime": 1664000000.0,
    "generated_images": [f"library/{KEY}/00-original.png", f"library/{KEY}/01.png", f"library/{KEY}/02.png"],
}


@pytest.fixture
def library(settings: Settings) -> Path:
    settings.PLAYGROUND_LIBRARY.mkdir()
    return Path(settings.PLAYGROUND_LIBRARY)


@pytest.fixture
def outputs(tmp_path: Path) -> Path:
    """A folder as several tools left it."""
    folder = tmp_path / "outputs"
    with_settings(folder / "2023-05-01" / "00001.png")
    a_file(folder / "2023-05-01" / "photo.jpg", kind="JPEG", colour="green")
    (folder / "2023-05-01" / "notes.txt").write_text("no picture")
    (folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    for number, name in enumerate(("00-original.png", "01.png", "02.png")):
        a_file(folder / KEY / name, colour=f"#00{number}000")
    (folder / KEY / "index.json").write_text(json.dumps(INDEX))
    return folder


def run(*arguments: Any) -> tuple[str, str]:
    out, err = io.StringIO(), io.StringIO()
    call_command(*[str(argument) for argument in arguments], stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def state(folder: Path) -> dict[str, tuple[int, bytes]]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path): (path.stat().st_mtime_ns, path.read_bytes()) for path in files}


# import_library


def test_a_folder_is_taken_over_with_the_settings_found_in_it(library: Path, outputs: Path) -> None:
    before = state(outputs)
    out, err = run("import_library", outputs)
    assert "5 pictures taken over, 0 were here already." in out
    assert "3 the original playground" in out
    assert "1 A1111" in out
    assert "1 elsewhere" in out
    assert err.strip() == f"No picture that can be read: {outputs / 'broken.png'}"
    assert state(outputs) == before
    assert not (library / "imported" / "outputs" / "broken.png").exists()
    fox = Batch.objects.get(model="sd15")
    assert (fox.words, fox.seed, fox.steps) == ("a fox in snow", 965, 20)
    assert fox.images.get().path == library / "imported" / "outputs" / "2023-05-01" / "00001.png"


def test_a_group_of_the_original_is_one_batch_with_its_source(library: Path, outputs: Path) -> None:
    run("import_library", outputs)
    batch = Batch.objects.get(uuid=KEY)
    assert (batch.words, batch.origin, batch.seconds) == ("a fox by the sea", "the original playground", 9.5)
    assert batch.created.timestamp() == 1664000000
    assert (batch.steps, batch.guidance_scale, batch.seed, batch.size) == (50, 7.5, 41, "512x512")
    images = list(batch.images.order_by("position"))
    assert [(image.position, image.is_original, image.seed) for image in images] == [
        (0, True, None),
        (1, False, 41),
        (2, False, 41),
    ]


def test_an_index_that_names_no_files_means_those_beside_it(library: Path, outputs: Path) -> None:
    index = {name: value for name, value in INDEX.items() if name not in ("generated_images", "creation_unixtime")}
    (outputs / KEY / "index.json").write_text(json.dumps(index))
    run("import_library", outputs)
    assert sorted(image.position for image in Batch.objects.get(uuid=KEY).images.all()) == [0, 1, 2]


def test_done_again_it_takes_over_only_what_is_new(library: Path, outputs: Path, tmp_path: Path) -> None:
    run("import_library", outputs)
    before = state(library)
    assert "0 pictures taken over, 5 were here already" in run("import_library", outputs)[0]
    assert state(library) == before
    a_file(outputs / "2023-05-01" / "00002.png", colour="white")
    assert "1 picture taken over, 5 were here already" in run("import_library", outputs)[0]
    shutil.copytree(outputs / KEY, tmp_path / "backup" / KEY)  # the same request, from another folder
    assert "0 pictures taken over, 3 were here already" in run("import_library", tmp_path / "backup")[0]
    assert Image.objects.count() == 6


def test_another_folder_of_the_same_name_overwrites_nothing(library: Path, outputs: Path, tmp_path: Path) -> None:
    run("import_library", outputs)
    before = state(library)
    other = tmp_path / "other" / "outputs"
    a_file(other / "2023-05-01" / "00001.png", colour="white")
    assert "1 picture taken over" in run("import_library", other)[0]
    assert before.items() <= state(library).items()


def test_a_dry_run_only_tells(library: Path, outputs: Path) -> None:
    assert "6 pictures" in run("import_library", outputs, "--dry-run")[0]
    assert not Image.objects.exists()
    assert not list(library.iterdir())


@pytest.mark.parametrize(
    ("folder", "sentence"), [("nowhere", "There is no folder"), ("library", "reindex"), ("", "reindex")]
)
def test_what_cannot_be_taken_over_is_told(library: Path, tmp_path: Path, folder: str, sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        run("import_library", tmp_path / folder)


def test_links_lead_nowhere(library: Path, outputs: Path, tmp_path: Path) -> None:
    a_file(tmp_path / "secret" / "x.png")
    (outputs / "link.png").symlink_to(tmp_path / "secret" / "x.png")
    (outputs / "folder").symlink_to(tmp_path / "secret")
    assert "5 pictures taken over" in run("import_library", outputs)[0]


def test_a_library_of_another_playground_keeps_its_batches(library: Path, tmp_path: Path) -> None:
    batch = a_batch()
    encoded = png.encode(Pillow.new("RGB", (8, 8)), batch.recipe, seed=41, batch=str(batch.uuid), position=1)
    Image.objects.store(encoded, batch=batch, position=1)
    other = library.rename(tmp_path / "theirs")
    Batch.objects.all().delete()
    library.mkdir()
    Shelf.objects.adopt()
    assert "1 picture taken over" in run("import_library", other)[0]
    found = Batch.objects.get()
    assert (found.uuid, found.recipe, found.origin) == (batch.uuid, batch.recipe, "")


# export


def test_the_library_goes_out_as_a_zip_with_its_recipes(library: Path, tmp_path: Path) -> None:
    images = some(2)
    a_file(library / "photo.jpg", kind="JPEG")
    trashed(an_image(a_batch("an owl")))
    run("reindex")
    out, _ = run("export", tmp_path / "all.zip")
    assert "3 pictures in" in out
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        assert archive.testzip() is None
        recipes = [json.loads(line) for line in archive.read("recipes.jsonl").splitlines()]
        assert archive.read(recipes[1]["file"]) == images[0].path.read_bytes()
        assert sorted(archive.namelist()) == sorted([*(recipe["file"] for recipe in recipes), "recipes.jsonl"])
    assert [recipe["prompt"] for recipe in recipes] == ["photo", "a fox", "a fox"]
    assert recipes[1]["recipe"] == images[0].batch.recipe
    assert recipes[0]["origin"] == "elsewhere"


def test_what_a_search_finds_goes_out(library: Path, tmp_path: Path) -> None:
    fox, owl = an_image(a_batch("a fox")), an_image(a_batch("an owl"))
    owl.set_favourite(True)
    run("export", tmp_path / "some.zip", "--search", "fav:yes")
    with zipfile.ZipFile(tmp_path / "some.zip") as archive:
        assert [name for name in archive.namelist() if name.endswith(".png")] == [owl.download_name]
    assert fox.is_kept


def test_no_file_is_written_over_unasked(library: Path, tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_text("mine")
    with pytest.raises(CommandError, match="--force"):
        run("export", tmp_path / "x.zip")
    with pytest.raises(CommandError, match="takes a number"):
        run("export", tmp_path / "y.zip", "--search", "steps:many")
    with pytest.raises(CommandError, match="could not be written"):
        run("export", tmp_path / "nowhere" / "x.zip")
    assert (tmp_path / "x.zip").read_text() == "mine"
    run("export", tmp_path / "x.zip", "--force")
    assert zipfile.is_zipfile(tmp_path / "x.zip")
    assert not list(tmp_path.glob(".*.part"))


# reindex


def test_reindex_finds_at_once_and_forgets_only_when_asked(library: Path) -> None:
    path = a_file(library / "x.png")
    image = an_image()
    assert run("reindex")[0] == "1 found, 0 gone; 0 missing in all.\n"
    path.unlink()
    image.path.unlink()
    assert run("reindex")[0] == "0 found, 2 gone; 2 missing in all.\n"
    assert run("reindex")[0] == "0 found, 0 gone; 2 missing in all.\n"
    assert Image.objects.count() == 2
    assert "2 forgotten." in run("reindex", "--forget")[0]
    assert (Image.objects.count(), Batch.objects.count()) == (0, 0)


def test_reindex_forgets_nothing_while_the_folder_is_away(library: Path) -> None:
    an_image()
    library.rename(library.with_name("away"))
    with pytest.raises(CommandError, match="cannot be reached"):
        run("reindex", "--forget")
    library.mkdir()
    with pytest.raises(CommandError, match="reindex --adopt"):
        run("reindex", "--forget")
    assert Image.objects.kept().count() == 1
    assert "0 found, 1 gone" in run("reindex", "--adopt")[0]
