"""`manage.py generate` with a line for each request, and with --resume after it was broken off."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.pictures import left_red
from tests.site import ROOT, Site, until


@pytest.fixture(scope="module")
def idle(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Site:
    """A site that does not run: only its data folder and its database."""
    site = Site(tmp_path_factory.mktemp("lines") / "data", PLAYGROUND_MODEL=str(tiny_model))
    assert site.command("migrate").returncode == 0
    return site


@pytest.fixture
def site(idle: Site) -> Iterator[Site]:
    """Without the jobs of other tests."""
    yield idle
    with idle.database() as database:
        database.execute("UPDATE generation_job SET state = 'done' WHERE state IN ('waiting', 'running')")


def a_file(folder: Path, *lines: Any) -> str:
    path = folder / "prompts.jsonl"
    path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines))
    return str(path)


def recipes(stdout: str) -> list[dict[str, Any]]:
    return [json.loads(Image.open(path).text["playground"])["recipe"] for path in stdout.split()]  # type: ignore[attr-defined]


def written(stdout: str) -> dict[str, int]:
    return {path: Path(path).stat().st_mtime_ns for path in stdout.split()}


def test_each_line_may_have_settings_of_its_own(site: Site, tmp_path: Path) -> None:
    left_red().save(tmp_path / "cat.jpg")
    file = a_file(
        tmp_path,
        "a fox",
        "",
        {"prompt": "an owl", "steps": 3, "sampler": "DDIM", "num_images": 2, "negative_prompt": "rain", "seed": None},
        {"prompt": "in oil", "source_file": "cat.jpg", "strength": 0.5},
    )
    made = site.command("generate", "--from-file", file, "--num-images", "1", "--steps", "2", "--now")
    assert made.returncode == 0, made.stderr
    fox, owl, owl_too, oil = recipes(made.stdout)
    assert (fox["prompt"], fox["steps"], fox["num_images"]) == ("a fox", 2, 1)
    assert owl == owl_too
    assert (owl["steps"], owl["sampler"], owl["num_images"], owl["negative_prompt"]) == (3, "DDIM", 2, "rain")
    assert (oil["strength"], oil["steps"]) == (0.5, 2)
    assert Path(made.stdout.split()[-1]).with_name("00-original.png").exists()
    assert "3 of 3, done" in made.stderr


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("{a fox|an owl}", "line 2 begins with { but is no JSON"),
        ('{"prompt": "a fox"', "line 2 begins with { but is no JSON"),
        ('{"x": ' * 5000, "line 2 begins with { but is no JSON"),
        ('{"prompt": "a fox", "colour": "red"}', "line 2: there is no setting 'colour'. The settings are prompt, "),
        ('{"prompt": "a fox", "steps": true}', "line 2: steps has to be a text or a number."),
        ('{"prompt": ["a fox"]}', "line 2: prompt has to be a text or a number."),
        ('{"prompt": "a fox", "steps": NaN}', "line 2: steps: Enter a whole number."),
        ('{"prompt": "a fox", "steps": 9999}', "line 2: steps: Ensure this value is less than or equal to 250."),
        ('{"steps": 3}', "line 2: prompt: Write what you want to see."),
        ('{"prompt": "a fox", "source_file": "none.png"}', "none.png."),
        ('{"prompt": "a fox", "source_file": "prompts.jsonl"}', "line 2: source file: "),
        ('{"prompt": "a fox", "source_image": "x"}', "line 2: source image: There is no such picture."),
    ],
)
def test_a_wrong_line_is_named_and_nothing_is_sent(idle: Site, tmp_path: Path, line: str, sentence: str) -> None:
    before = idle.rows("SELECT count(*) AS n FROM generation_job")[0]["n"]
    made = idle.command("generate", "--from-file", a_file(tmp_path, line and "", line), "--num-images", "1")
    assert made.returncode == 1
    assert sentence in made.stderr
    assert "Traceback" not in made.stderr
    assert idle.rows("SELECT count(*) AS n FROM generation_job")[0]["n"] == before


@pytest.mark.timeout(300)  # five times a process that loads PyTorch and a model
def test_what_was_broken_off_goes_on_and_nothing_is_made_twice(site: Site, tmp_path: Path) -> None:
    arguments = ("generate", "--from-file", a_file(tmp_path, "a fox", "a cat", "a fox"), "--num-images", "4", "--now")
    begun = subprocess.Popen(
        [sys.executable, "manage.py", *arguments, "--steps", "20"],
        cwd=ROOT, env=site.environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip
    library = site.data / "library"
    before = set(library.rglob("*.png"))
    first = until(lambda: sorted(set(library.rglob("*.png")) - before) or None)
    begun.send_signal(signal.SIGKILL)  # as a power cut would
    begun.communicate(timeout=30)
    when = {path: path.stat().st_mtime_ns for path in first}

    resumed = site.command(*arguments, "--steps", "20", "--resume")
    assert resumed.returncode == 0, resumed.stderr
    paths = resumed.stdout.split()
    assert len(paths) == len(set(paths)) == 12
    assert {path: path.stat().st_mtime_ns for path in first} == when
    assert len(set(library.rglob("*.png")) - before) == 12

    again = site.command(*arguments, "--steps", "20", "--resume")
    assert again.stdout == resumed.stdout
    assert written(again.stdout) == written(resumed.stdout)

    anew = site.command(*arguments, "--steps", "20")
    assert anew.returncode == 0, anew.stderr
    assert not set(anew.stdout.split()) & set(paths)
    assert site.command(*arguments, "--steps", "20", "--resume").stdout == anew.stdout


def test_ctrl_c_cancels_all_of_them_and_resume_puts_them_back(site: Site, tmp_path: Path) -> None:
    arguments = ("generate", "--from-file", a_file(tmp_path, "an eel", "an ape"), "--num-images", "1")
    begun = subprocess.Popen(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT, env=site.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip
    states = "SELECT state FROM generation_job ORDER BY id DESC LIMIT 2"
    until(lambda: [row["state"] for row in site.rows(states)] == ["waiting"] * 2 or None)
    until(lambda: "waiting" in begun.stderr.readline())  # type: ignore[union-attr]
    begun.send_signal(signal.SIGINT)
    _, said = begun.communicate(timeout=30)
    assert "Cancelled. Finished pictures are kept; --resume makes the others." in said
    assert [row["state"] for row in site.rows(states)] == ["cancelled"] * 2
    resumed = site.command(*arguments, "--resume", "--now")
    assert resumed.returncode == 0, resumed.stderr
    assert [recipe["prompt"] for recipe in recipes(resumed.stdout)] == ["an eel", "an ape"]
    assert [row["state"] for row in site.rows(states)] == ["done"] * 2
