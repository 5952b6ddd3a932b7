"""Which model is taken, and what a model's folder may say of itself."""

import json
import os
import time
from pathlib import Path

import pytest

from generation.engine.checkpoints import Choice, choose


def make_folder(path: Path, named: str | bytes | None = None, *, age: float = 60) -> Path:
    """A folder that looks like a diffusers model, with `named` in its playground.json, last written `age` s ago."""
    path.mkdir(parents=True)
    (path / "model_index.json").write_text("{}")
    if named is not None:
        (path / "playground.json").write_bytes(named if isinstance(named, bytes) else named.encode())
    for file in (path, *path.iterdir()):
        set_age(file, age)
    return path


def make_file(path: Path, *, age: float = 60) -> Path:
    """A file that was last written `age` s ago."""
    path.touch()
    return set_age(path, age)


def set_age(path: Path, age: float) -> Path:
    os.utime(path, (time.time() - age,) * 2)
    return path


@pytest.fixture
def models(tmp_path: Path) -> Path:
    folder = tmp_path / "models"
    folder.mkdir()
    return folder


@pytest.fixture
def demo(tmp_path: Path) -> Path:
    return make_folder(tmp_path / "demo")


def names(choice: Choice) -> list[str]:
    return [checkpoint.name for checkpoint in choice.checkpoints]


def sentences(choice: Choice) -> list[str]:
    return [str(problem) for problem in choice.problems]


def test_folders_come_first_then_files_by_name_then_the_demo_model(models: Path, demo: Path) -> None:
    make_file(models / "b.ckpt")
    make_file(models / "a.SAFETENSORS")
    make_folder(models / "z")
    make_folder(models / "y")
    choice = choose("", models, demo)
    assert names(choice) == ["y", "z", "a", "b", "demo"]
    assert [checkpoint.is_demo for checkpoint in choice.checkpoints] == [False, False, False, False, True]
    assert choice.problems == ()


def test_what_is_no_model_is_passed_over(models: Path, demo: Path) -> None:
    (models / "just a folder").mkdir()
    (models / "folder.ckpt").mkdir()
    (models / "gone.safetensors").symlink_to(models / "nowhere")
    for name in ("README.md", ".hidden.safetensors", "model.safetensors.part"):
        make_file(models / name)
    make_folder(models / ".hidden")
    assert choose("", models, demo) == choose("", models / "not there", demo)


@pytest.mark.parametrize("name", ["big.safetensors", "big"])
def test_what_is_still_growing_waits_and_is_named(models: Path, demo: Path, name: str) -> None:
    (make_file if "." in name else make_folder)(models / name, age=1)
    choice = choose("", models, demo)
    assert names(choice) == ["demo"]
    assert sentences(choice) == [f"{name} is still being copied; it is used once it is complete."]


def test_a_folder_into_which_a_file_grows_waits(models: Path, demo: Path) -> None:
    make_file(make_folder(models / "big") / "weights.safetensors", age=1)
    assert sentences(choose("", models, demo)) == ["big is still being copied; it is used once it is complete."]


def test_a_file_from_a_clock_that_was_fast_is_not_growing(models: Path, demo: Path) -> None:
    make_file(models / "big.safetensors", age=-3600)
    assert names(choose("", models, demo)) == ["big", "demo"]


@pytest.mark.parametrize("change", ["a model came", "a better copy came"])
def test_the_choice_changes_with_the_folder(models: Path, demo: Path, change: str) -> None:
    make_file(models / "a.safetensors", age=600)
    before = choose("", models, demo)
    assert choose("", models, demo) == before
    make_file(models / ("b.safetensors" if change == "a model came" else "a.safetensors"), age=60)
    assert choose("", models, demo) != before


def test_a_wanted_folder_is_the_only_one(models: Path, demo: Path, tmp_path: Path) -> None:
    make_folder(models / "other")
    wanted = make_folder(tmp_path / "wanted", '{"steps": 8}')
    [checkpoint] = choose(str(wanted), models, demo).checkpoints
    assert (checkpoint.source, dict(checkpoint.defaults), checkpoint.is_demo) == (wanted, {"steps": 8}, False)


def test_a_wanted_file_is_called_by_its_name_without_suffix(models: Path, demo: Path, tmp_path: Path) -> None:
    wanted = make_file(tmp_path / "dream v1.5.safetensors")
    assert names(choose(str(wanted), models, demo)) == ["dream v1.5"]


def test_a_hub_id_is_taken_as_it_is(models: Path, demo: Path) -> None:
    [checkpoint] = choose("stabilityai/sd-turbo", models, demo).checkpoints
    assert (checkpoint.name, checkpoint.source) == ("stabilityai/sd-turbo", "stabilityai/sd-turbo")


@pytest.mark.parametrize(
    "wanted", ["nonsense", "/nowhere/at/all", "https://example.org/model", "~nobody-here/model", "x" * 5000, "../.."]
)
def test_nonsense_is_named_and_nothing_else_is_taken(models: Path, demo: Path, wanted: str) -> None:
    choice = choose(wanted, models, demo)
    assert choice.checkpoints == ()
    assert len(choice.problems) == 1


@pytest.mark.parametrize("kind", ["a folder without model_index.json", "a text", "a growing file"])
def test_a_wanted_model_that_cannot_be_tried_is_named(models: Path, demo: Path, tmp_path: Path, kind: str) -> None:
    wanted = tmp_path / "wanted.txt"
    if kind == "a text":
        make_file(wanted)
    elif kind == "a growing file":
        wanted = make_file(tmp_path / "wanted.safetensors", age=0)
    else:
        wanted.mkdir()
    choice = choose(str(wanted), models, demo)
    assert choice.checkpoints == ()
    assert sentences(choice)[0].startswith(wanted.name)


def test_a_name_that_is_no_unicode_does_no_harm(models: Path, demo: Path) -> None:
    make_file(models / os.fsdecode(b"caf\xe9.safetensors"))
    make_file(models / os.fsdecode(b"th\xe9.ckpt"), age=0)
    choice = choose("", models, demo)
    assert names(choice)[0].encode()  # it can be written down
    assert sentences(choice)[0].encode()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody who may not read")
def test_a_folder_that_may_not_be_read_is_named(models: Path, demo: Path) -> None:
    make_folder(models / "private").chmod(0o700)
    for folder in (models, *models.parents):
        folder.chmod(folder.stat().st_mode | 0o055)
    os.seteuid(65534)
    try:
        choice = choose("", models, demo)
    finally:
        os.seteuid(0)
    assert names(choice) == ["demo"]
    assert sentences(choice)[0].startswith("private ")


def test_a_folder_names_its_defaults(models: Path, demo: Path) -> None:
    named = {"name": "my model", "width": 640, "height": 64, "steps": 250, "guidance_scale": 1.5, "sampler": "DDIM"}
    make_folder(models / "m", json.dumps(named))
    [checkpoint, _] = choose("", models, demo).checkpoints
    assert (checkpoint.name, dict(checkpoint.defaults)) == ("my model", named)


@pytest.mark.parametrize(
    "named",
    [
        '{"width": "512", "height": [512], "steps": {"steps": 5}, "guidance_scale": null}',
        '{"width": true, "height": true, "steps": true, "guidance_scale": true}',
        '{"width": 63, "height": 2056, "steps": 0, "guidance_scale": 0.5}',
        '{"width": 100, "height": 100}',  # no multiple of 8: nothing could be made at this size
        '{"width": 512.0, "steps": 2.5, "guidance_scale": 21}',
        '{"width": -512, "height": 99999999999999999999, "steps": 1e400, "guidance_scale": NaN}',
        '{"name": 7, "sampler": ["DDIM"]}',
        '{"name": "", "sampler": ""}',
        pytest.param(json.dumps({"name": "x" * 101}), id="a long name"),
        '{"name": "\\ud800", "sampler": "\\ud800"}',
        '{"name": "a\\u0000b", "sampler": "a\\nb"}',
        '{"source": "/etc", "is_demo": true, "unknown": 1}',
        "[1, 2]",
        '"text"',
        "null",
        "",
        "{",
        b"\xff\xfe\x00",
        pytest.param("[" * 100_000, id="deep"),
        pytest.param('{"width": ' + "9" * 10_000 + "}", id="a long number"),
        pytest.param('{"steps": 5, "x": "' + "y" * 2_000_000 + '"}', id="huge"),
    ],
)
def test_what_makes_no_sense_in_a_folder_is_passed_over(models: Path, demo: Path, named: str | bytes) -> None:
    folder = make_folder(models / "m", named)
    [checkpoint, _] = choose("", models, demo).checkpoints
    assert (checkpoint.name, checkpoint.source, dict(checkpoint.defaults)) == ("m", folder, {})


def test_what_makes_sense_beside_nonsense_is_kept(models: Path, demo: Path) -> None:
    make_folder(models / "m", '{"steps": 8, "width": "wide", "unknown": 1}')
    assert dict(choose("", models, demo).checkpoints[0].defaults) == {"steps": 8}


@pytest.mark.parametrize("beside", ["dream.safetensors.json", "dream.json"])
def test_a_file_is_described_by_the_one_beside_it(models: Path, demo: Path, beside: str) -> None:
    make_file(models / "dream.safetensors")
    named = {"name": "dream", "width": 768, "prediction_type": "v_prediction", "good_at": "Clouds."}
    (models / beside).write_text(json.dumps({**named, "steps": 0, "sd version": "SD2"}))
    checkpoint = choose("", models, demo).checkpoints[0]
    assert (dict(checkpoint.defaults), checkpoint.prediction_type) == (named, "v_prediction")


@pytest.mark.parametrize("nonsense", ["flow", "", 1, ["v_prediction"], None])
def test_a_prediction_type_that_is_none_is_passed_over(models: Path, demo: Path, nonsense: object) -> None:
    make_file(models / "dream.safetensors")
    (models / "dream.safetensors.json").write_text(json.dumps({"prediction_type": nonsense}))
    assert choose("", models, demo).checkpoints[0].prediction_type == ""


def test_no_two_have_the_same_name(models: Path, demo: Path) -> None:
    make_file(models / "a.ckpt")
    make_file(models / "a.safetensors")
    for folder in ("x", "y", "z"):
        make_folder(models / folder, '{"name": "a"}')
    make_folder(models / "a 2")
    assert names(choose("", models, demo)) == ["a 2", "a", "y", "z", "a.ckpt", "a.safetensors", "demo"]
    assert choose("", models, demo).called("a.ckpt") == choose("", models, demo).checkpoints[4]
