"""`manage.py generate` and what stands around it, as a person types them."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from tests.generation.models_folder import put_folder
from tests.site import Site


@pytest.fixture(scope="module")
def idle(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Site:
    """A site that does not run: only its data folder and its database."""
    site = Site(tmp_path_factory.mktemp("commands") / "data", PLAYGROUND_MODEL=str(tiny_model))
    assert site.command("migrate").returncode == 0
    return site


def test_generate_now_makes_pictures_without_a_site_and_prints_only_their_paths(idle: Site) -> None:
    made = idle.command("generate", "a red apple", "--num-images", "3", "--seed", "7", "--now")
    assert made.returncode == 0, made.stderr
    paths = made.stdout.split()
    recipes = [json.loads(Image.open(path).text["playground"]) for path in paths]  # type: ignore[attr-defined]
    assert [recipe["seed"] for recipe in recipes] == [7, 8, 9]
    assert "[########################] done" in made.stderr


def test_generate_takes_the_model_that_is_named(tmp_path: Path, tiny_model: Path) -> None:
    site = Site(tmp_path / "data")
    assert site.command("migrate").returncode == 0
    for name in ("a", "b"):
        put_folder(tiny_model, name, into=site.data / "models")
    made = site.command("generate", "a fox", "--model", "b", "--num-images", "1", "--now")
    assert made.returncode == 0, made.stderr
    [recipe] = [json.loads(Image.open(path).text["playground"])["recipe"] for path in made.stdout.split()]  # type: ignore[attr-defined]
    assert recipe["model"] == "b"


def test_generate_makes_a_job_of_each_line_of_a_file(idle: Site, tmp_path: Path) -> None:
    prompts = tmp_path / "prompts.txt"
    prompts.write_text("a fox\n\n  a rocket in the night sky \n")
    made = idle.command("generate", "--from-file", str(prompts), "--num-images", "1", "--steps", "2", "--now")
    assert made.returncode == 0, made.stderr
    texts = [Image.open(path).text["parameters"] for path in made.stdout.split()]  # type: ignore[attr-defined]
    assert [text.splitlines()[0] for text in texts] == ["a fox", "a rocket in the night sky"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "Say what to see"),
        (("a fox", "--num-images", "31"), "num images: Ensure this value is less than or equal to 30."),
        (
            ("a fox", "--width", "2048", "--height", "2048"),
            "2048 × 2048 px is more than can be asked for until a worker",
        ),
        (("a fox", "--sampler", "Magic"), "sampler: The samplers are PLMS, DDIM"),
        (("a fox", "--model", "magic"), "model: There is no model magic."),
        (("--from-file", "nowhere.txt"), "nowhere.txt cannot be read"),
    ],
)
def test_generate_refuses_with_a_sentence(idle: Site, arguments: tuple[str, ...], sentence: str) -> None:
    made = idle.command("generate", *arguments)
    assert made.returncode == 1
    assert sentence in made.stderr
    assert "Traceback" not in made.stderr
    assert not made.stdout


def test_a_wrong_variable_is_named_in_one_sentence(idle: Site) -> None:
    wrong = Site(idle.data, PLAYGROUND_STEPS="many").command("check")
    assert wrong.returncode == 1
    assert wrong.stderr.strip() == ("PLAYGROUND_STEPS=many is not right: it must be a whole number from 1 to 250.")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Iterator[Site]:
    site = Site(tmp_path_factory.mktemp("beside") / "data", PLAYGROUND_MODEL=str(tiny_model))
    yield site.start().wait_ready()
    site.stop()


def test_generate_goes_through_the_queue(site: Site) -> None:
    made = site.command("generate", "a fox", "a cat", "--num-images", "3")
    assert made.returncode == 0, made.stderr
    assert len(made.stdout.split()) == 6
    assert made.stdout.split()[0] in {str(path) for path in (site.data / "library").rglob("*.png")}


def test_generate_now_says_that_the_device_is_taken(site: Site) -> None:
    refused = site.command("generate", "a fox", "--now")
    assert refused.returncode == 1
    assert "already uses cpu" in refused.stderr
    assert site.rows("SELECT count(*) AS n FROM generation_worker")[0]["n"] == 1


def test_a_paused_worker_makes_nothing_until_it_is_resumed(site: Site) -> None:
    assert "Paused" in site.command("pause", "a film is on").stdout
    uuid = site.submit("a fox")
    assert site.job(uuid)["state"] == "waiting"
    assert b"Paused: a film is on" in site.get("/")[1]
    assert "go on" in site.command("resume").stdout
    assert "Nothing was paused" in site.command("resume").stdout
    site.wait_for(uuid)
