"""What the database says of the models that lie in the folder."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from pytest_django import Settings

from generation import registry
from generation.engine.base import Measured
from generation.engine.families import STABLE_DIFFUSION_1, STABLE_DIFFUSION_2
from generation.engine.measuring import GROUPS
from generation.models import KnownModel, Worker
from generation.worker import WorkerProcess
from tests import compvis, small
from tests.generation.models_folder import put_folder, put_torn, settle
from tests.generation.test_families import as_large_as_real
from tests.site import until

OpenWorker = Callable[..., WorkerProcess]
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def models(settings: Settings, tiny_model: Path, tmp_path: Path) -> Path:
    """The folder, empty, beside a demo model."""
    settings.PLAYGROUND_DEMO_MODEL = tiny_model
    settings.PLAYGROUND_MODELS = tmp_path / "models"
    settings.PLAYGROUND_MODELS.mkdir()
    return settings.PLAYGROUND_MODELS


def look() -> None:
    registry.write(registry.choice())


def row(name: str) -> KnownModel:
    return KnownModel.objects.there().get(name=name)


def there() -> list[str]:
    return [known.name for known in KnownModel.objects.there()]


def test_each_model_has_a_row_in_the_order_in_which_they_are_tried(models: Path, tiny_model: Path) -> None:
    put_folder(tiny_model, "b")
    put_folder(tiny_model, "a")
    look()
    assert there() == ["a", "b", "tiny random model"]
    assert [known.is_demo for known in KnownModel.objects.there()] == [False, False, True]


def test_a_row_tells_what_the_model_is(models: Path, tiny_model: Path) -> None:
    put_folder(tiny_model, "a", good_at="Noise of every colour.", steps=9)
    look()
    known = row("a")
    assert known.size == sum(file.stat().st_size for file in (models / "a").rglob("*") if file.is_file())
    assert known.family == "Stable Diffusion of its own size"
    assert (known.words, known.side, known.defaults["steps"]) == ("Noise of every colour.", (64, 64), 9)
    assert 10_000 < known.numbers < 1_000_000
    assert (known.problem, known.prediction_type) == ("", "")


def test_a_file_of_real_size_is_told_by_its_family(models: Path) -> None:
    settle(as_large_as_real(STABLE_DIFFUSION_1, models / "one.safetensors"))
    look()
    known = row("one")
    assert (known.family, known.side) == ("Stable Diffusion 1", (512, 512))
    assert known.words == STABLE_DIFFUSION_1.words
    assert known.numbers == 859_520_964 + 2
    assert known.size == (models / "one.safetensors").stat().st_size


@pytest.mark.parametrize(
    ("name", "beside", "prediction", "side"),
    [
        ("512-base.safetensors", {}, "epsilon", 512),
        ("768-v-ema.safetensors", {}, "v_prediction", 768),
        ("512-base.safetensors", {"prediction_type": "v_prediction"}, "v_prediction", 768),
        ("768-v-ema.safetensors", {"prediction_type": "epsilon", "width": 640}, "epsilon", 640),
    ],
)
def test_what_a_stable_diffusion_2_predicts_stands_there_and_with_it_its_size(
    models: Path, name: str, beside: dict[str, object], prediction: str, side: int
) -> None:
    settle(as_large_as_real(STABLE_DIFFUSION_2, models / name))
    (models / f"{name}.json").write_text(json.dumps(beside))
    look()
    [known, _] = KnownModel.objects.there()
    assert (known.family, known.prediction_type, known.is_told) == ("Stable Diffusion 2", prediction, True)
    assert known.defaults["width"] == side


def test_what_staff_says_of_a_stable_diffusion_2_is_what_the_worker_reads(models: Path) -> None:
    settle(as_large_as_real(STABLE_DIFFUSION_2, models / "two.safetensors"))
    look()
    assert KnownModel.objects.choose_prediction("two", "v_prediction")
    checkpoint = registry.choice().called("two")
    assert checkpoint
    assert checkpoint.prediction_type == "v_prediction"
    look()
    assert (row("two").prediction_type, row("two").defaults["width"]) == ("v_prediction", 768)
    KnownModel.objects.choose_prediction("two", "")
    look()
    assert row("two").prediction_type == "epsilon"


def test_nobody_says_it_of_a_model_that_needs_no_telling(models: Path) -> None:
    settle(as_large_as_real(STABLE_DIFFUSION_1, models / "one.safetensors"))
    look()
    assert not KnownModel.objects.choose_prediction("one", "v_prediction")
    assert not KnownModel.objects.choose_prediction("nowhere", "v_prediction")


def test_what_cannot_be_used_says_why(models: Path, tiny_model: Path) -> None:
    put_torn("torn")
    (models / "cut.safetensors").write_bytes(b"\x08\0\0\0\0\0\0\0{}")
    (models / "growing.safetensors").write_bytes(b"x")
    compvis.save({"lora_unet_a.weight": compvis.torch.zeros(1)}, models / "style.safetensors")
    settle(models / "cut.safetensors")
    settle(models / "style.safetensors")
    look()
    problems = {known.name: known.problem for known in KnownModel.objects.there()}
    assert problems["torn"].startswith("torn cannot be read: its model_index.json names no pipeline")
    assert problems["cut"].startswith("cut cannot be read: ")
    assert problems["style"].startswith("style cannot be read: it is a LoRA")
    assert problems["growing.safetensors"].startswith("growing.safetensors is still being copied")
    assert [known.name for known in KnownModel.objects.usable()] == ["tiny random model"]


def test_a_model_that_goes_and_comes_back_keeps_what_is_known_of_it(models: Path, tiny_model: Path) -> None:
    folder = put_folder(tiny_model, "a")
    look()
    registry.hash_all(lambda: False)
    registry.note_measured(folder, Measured(group_size=3, seconds=0.5, max_pixels=2_000_000))
    shutil.move(folder, models.parent / "elsewhere")
    look()
    assert there() == ["tiny random model"]
    assert KnownModel.objects.called("a") is None
    shutil.move(models.parent / "elsewhere", folder)
    look()
    assert (row("a").speed, row("a").max_pixels, len(row("a").sha256)) == (0.5, 2_000_000, 64)


def test_a_better_copy_is_looked_into_again(models: Path, tiny_model: Path) -> None:
    folder = put_torn("a")
    look()
    shutil.rmtree(folder)
    settle(put_folder(tiny_model, "a"), moment=1000)
    look()
    assert (row("a").problem, row("a").family) == ("", "Stable Diffusion of its own size")


# Hashes


def test_the_hash_is_the_file_s_sha256_as_other_tools_show_it(models: Path) -> None:
    file = settle(compvis.save(compvis.weights(small.pipeline(STABLE_DIFFUSION_1)), models / "one.safetensors"))
    look()
    assert row("one").hash == ""
    registry.hash_all(lambda: False)
    assert row("one").sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    assert row("one").hash == row("one").sha256[:10]


def test_a_folder_s_hash_is_that_of_its_weights(models: Path, tiny_model: Path) -> None:
    for name, louder in (("a", 1.0), ("b", 1.0), ("c", 1.5)):
        put_folder(tiny_model, name, louder=louder)
    look()
    registry.hash_all(lambda: False)
    hashes = [row(name).sha256 for name in ("a", "b", "c")]
    assert hashes[0] == hashes[1] != hashes[2]


def test_a_hash_is_not_computed_twice_for_the_same_file(models: Path, tiny_model: Path) -> None:
    folder = put_folder(tiny_model, "a")
    look()
    KnownModel.objects.update(sha256="f" * 64)
    look()
    registry.hash_all(lambda: False)
    assert row("a").sha256 == "f" * 64
    settle(folder, moment=1000)
    look()
    registry.hash_all(lambda: False)
    assert row("a").sha256 != "f" * 64


def test_hashing_stops_when_it_is_asked_to(models: Path) -> None:
    settle(as_large_as_real(STABLE_DIFFUSION_1, models / "one.safetensors"))
    look()
    registry.hash_all(lambda: True)
    assert row("one").sha256 == ""


# The worker


def test_the_worker_writes_the_rows_and_hashes_beside_its_work(open_worker: OpenWorker, tiny_model: Path) -> None:
    put_folder(tiny_model, "b")
    put_torn("a")
    process = open_worker()
    assert [(known.name, bool(known.problem)) for known in KnownModel.objects.there()] == [
        ("a", True), ("b", False), ("tiny random model", False),
    ]  # fmt: skip
    until(lambda: not KnownModel.objects.usable().filter(sha256="").exists(), what="hashes")
    known = row("b")
    assert known.speed == process.row.speed > 0
    assert known.group_size in (1, *GROUPS)
    assert Worker.objects.get().loaded == ["b"]


def test_a_model_that_comes_behind_the_default_is_known_within_seconds_and_nothing_starts_anew(
    open_worker: OpenWorker, tiny_model: Path
) -> None:
    put_folder(tiny_model, "a")
    process = open_worker()
    folder = put_folder(tiny_model, "b")
    until(lambda: KnownModel.objects.called("b"), seconds=20, what="the new model")
    shutil.rmtree(folder)
    until(lambda: KnownModel.objects.called("b") is None, seconds=20, what="its end")
    assert not process.models.has_other_default()
    assert process.row.model == "a"


def test_another_default_is_noticed(open_worker: OpenWorker, tiny_model: Path) -> None:
    put_folder(tiny_model, "b")
    process = open_worker()
    with process.working:  # the heartbeat would end this process
        put_folder(tiny_model, "a")
        assert process.models.has_other_default()
        shutil.rmtree(settings_models() / "a")
        assert not process.models.has_other_default()
        shutil.rmtree(settings_models() / "b")
        assert process.models.has_other_default()
        put_folder(tiny_model, "b")


def settings_models() -> Path:
    from django.conf import settings

    return Path(settings.PLAYGROUND_MODELS)
