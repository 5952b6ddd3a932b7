"""Downloads from a hub on this machine: what is fetched, what is refused, and going on after a break."""

import json
import shutil
import threading
from pathlib import Path

import pytest

from generation.engine import hub, repository
from generation.engine.checkpoints import choose
from generation.engine.resuming import Broken, Refused
from tests.hub import COMMIT, Hub, files_of

NAME = "somebody/tiny"
UNET = "unet/diffusion_pytorch_model.safetensors"


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def nothing(_: hub.Progress) -> None:
    pass


def test_a_model_comes_with_all_that_is_loaded_and_nothing_else(remote: Hub, cache: Path) -> None:
    unwanted = {
        "pipeline.py": b"raise SystemExit",
        "unet/modeling.py": b"raise SystemExit",
        "unet/diffusion_pytorch_model.bin": b"pickle",
        "unet/diffusion_pytorch_model.fp16.safetensors": b"half",
        "tiny-pruned.safetensors": b"all in one",
        "safety_checker/model.safetensors": b"left out here",
        "notebooks/model.safetensors": b"no part of it",
        "README.md": b"words",
    }
    wanted = dict(remote.files)
    remote.files |= unwanted
    index = json.loads(wanted["model_index.json"])
    index["safety_checker"] = ["stable_diffusion", "StableDiffusionSafetyChecker"]
    remote.files["model_index.json"] = wanted["model_index.json"] = json.dumps(index).encode()
    folder = hub.download(NAME, cache, nothing)
    del wanted["playground.json"]
    assert files_of(folder) == wanted
    assert not any(asked.endswith(tuple(unwanted)) for _, asked, _ in remote.asked)


def test_what_was_downloaded_needs_no_network_and_loads_like_its_original(
    remote: Hub, cache: Path, tiny_model: Path
) -> None:
    from generation.engine.diffusion import DiffusionEngine
    from generation.engine.recipe import Recipe

    assert hub.there(NAME, cache) is None
    folder = hub.download(NAME, cache, nothing)
    remote.asked.clear()
    assert (hub.there(NAME, cache), hub.all_there(cache)) == (folder, {NAME: folder})
    [downloaded, demo] = choose("", cache / "none", tiny_model, cache).checkpoints
    assert (downloaded.name, downloaded.source) == (NAME, folder)
    assert choose(NAME, cache / "none", tiny_model, cache).checkpoints == (downloaded,)
    engine, pixels = DiffusionEngine("cpu"), []
    for checkpoint in (downloaded, demo):
        engine.load(checkpoint)
        recipe = Recipe(prompt="a fox", seed=7, width=64, height=64, steps=2, sampler="DDIM")
        pixels.append(engine.generate(recipe, first=1, size=1, on_step=lambda *_: None)[0].tobytes())
    assert pixels[0] == pixels[1]
    assert remote.asked == []


def test_a_download_goes_on_where_the_connection_broke_off(remote: Hub, cache: Path) -> None:
    remote.breaks = 2
    whole = len(remote.files[UNET])
    assert (hub.download(NAME, cache, nothing) / UNET).read_bytes() == remote.files[UNET]
    first, second, third = remote.fetched(f"cdn/{UNET}")
    assert (first, second, third) == ("", f"bytes={whole // 2}-", f"bytes={whole // 2 + (whole - whole // 2) // 2}-")


class Interrupted(Exception):
    pass


def interrupt(progress: hub.Progress) -> None:
    if progress.done > 50_000:
        raise Interrupted


def test_a_download_goes_on_where_it_was_interrupted(remote: Hub, cache: Path) -> None:
    remote.pace = 0.3
    with pytest.raises(Interrupted):
        hub.download(NAME, cache, interrupt)
    assert hub.there(NAME, cache) is None
    [half] = cache.rglob("*.half")
    have = half.stat().st_size
    assert have > 0
    told: list[hub.Progress] = []
    folder = hub.download(NAME, cache, told.append)
    assert (folder / UNET).read_bytes() == remote.files[UNET]
    assert remote.fetched(f"cdn/{UNET}") == ["", f"bytes={have}-"]
    assert told[0].done >= have
    assert list(cache.rglob("*.half")) == []


def test_what_has_come_is_not_fetched_again(remote: Hub, cache: Path) -> None:
    hub.download(NAME, cache, nothing)
    remote.asked.clear()
    hub.download(NAME, cache, nothing)
    assert [asked for method, asked, _ in remote.asked if asked.endswith(".safetensors")] == []


def test_a_server_that_cannot_go_on_begins_anew(remote: Hub, cache: Path) -> None:
    remote.breaks, remote.ranges = 1, False
    told: list[hub.Progress] = []
    assert (hub.download(NAME, cache, told.append) / UNET).read_bytes() == remote.files[UNET]
    assert told[-1].done == told[-1].total == repository.plan(NAME).size


def test_a_file_that_came_in_damaged_is_not_kept(remote: Hub, cache: Path) -> None:
    remote.damaged = UNET
    with pytest.raises(Refused, match="damaged"):
        hub.download(NAME, cache, nothing)
    assert list(cache.rglob("*.half")) == []
    assert hub.there(NAME, cache) is None
    remote.damaged = ""
    assert (hub.download(NAME, cache, nothing) / UNET).read_bytes() == remote.files[UNET]


def test_progress_says_how_much_and_how_long(remote: Hub, cache: Path) -> None:
    remote.pace = 0.3
    told: list[hub.Progress] = []
    hub.download(NAME, cache, told.append)
    size = repository.plan(NAME).size
    assert {progress.total for progress in told} == {size}
    assert [progress.done for progress in told] == sorted(progress.done for progress in told)
    assert (told[-1].done, told[-1].percent, told[-1].seconds_left) == (size, 100, 0.0)
    halfway = next(progress for progress in told if progress.percent >= 40)
    assert 0.1 < (halfway.seconds_left or 0) < 20


def test_a_model_that_does_not_fit_is_refused_before_it_comes(remote: Hub, cache: Path) -> None:
    remote.sizes[UNET] = shutil.disk_usage(cache.parent).free
    with pytest.raises(Refused, match=r"does not fit: .* GB are to come, and .* are free .* PLAYGROUND_CACHE"):
        hub.download(NAME, cache, nothing)
    assert remote.fetched(UNET) == []


@pytest.mark.parametrize(
    "name",
    [
        *("tiny", "a/b/c", "/etc", "../../etc", "a/..", "a/b@", "a/b@../../x", "a--b/c", "a/b.", "a/b c", "a/b@-/"),
        *("a/b\n", "https://huggingface.co/a/b", "a/" + "b" * 100, "é/b", ""),
    ],
)
def test_only_a_name_of_the_hub_is_a_name(cache: Path, name: str) -> None:
    with pytest.raises(Refused, match="no model of the hub"):
        hub.download(name, cache, nothing)
    with pytest.raises(Refused):
        hub.there(name, cache)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [("nobody/nothing", "There is no nobody/nothing on the hub"), (f"{NAME}@v2", "has no revision v2")],
)
def test_what_is_not_there_is_said_so(remote: Hub, cache: Path, name: str, sentence: str) -> None:
    with pytest.raises(Refused, match=sentence):
        hub.download(name, cache, nothing)
    assert hub.all_there(cache) == {}


def test_a_revision_lies_beside_the_others(remote: Hub, cache: Path) -> None:
    folder = hub.download(f"{NAME}@v1", cache, nothing)
    assert hub.all_there(cache) == {f"{NAME}@v1": folder}
    assert hub.there(NAME, cache) is None
    by_commit = f"{NAME}@{COMMIT}"
    assert hub.there(by_commit, cache) is None
    assert hub.download(by_commit, cache, nothing) == folder
    assert hub.there(by_commit, cache) == folder


def without_index(files: dict[str, bytes]) -> None:
    del files["model_index.json"]


def with_nonsense(files: dict[str, bytes]) -> None:
    files["model_index.json"] = b"[" * 50_000


def with_a_pickle(files: dict[str, bytes]) -> None:
    files["unet/diffusion_pytorch_model.bin"] = files.pop(UNET)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (without_index, "no model in diffusers' layout"),
        (with_nonsense, "makes no sense"),
        (with_a_pickle, "no plain .safetensors weights for its unet"),
    ],
)
def test_a_repository_of_another_kind_is_refused(remote: Hub, cache: Path, change: object, sentence: str) -> None:
    change(remote.files)  # type: ignore[operator]
    with pytest.raises(Refused, match=sentence):
        hub.download(NAME, cache, nothing)
    assert remote.fetched(UNET) == []


@pytest.mark.parametrize(("status", "error"), [(500, Broken), (503, Broken), (429, Broken), (403, Refused)])
def test_a_hub_that_answers_otherwise_is_told_by_its_status(
    remote: Hub, cache: Path, status: int, error: type[Exception]
) -> None:
    remote.status = status
    with pytest.raises(error, match=f"status {status}"):
        hub.download(NAME, cache, nothing)


def test_a_hub_that_is_away_can_be_asked_again(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Hub({}) as gone:
        monkeypatch.setenv("HF_ENDPOINT", gone.url)
    with pytest.raises(Broken, match="cannot be reached"):
        hub.download(NAME, cache, nothing)


def test_two_do_not_fetch_the_same(remote: Hub, cache: Path) -> None:
    remote.pace = 0.3
    first = threading.Thread(target=hub.download, args=(NAME, cache, nothing))
    first.start()
    while not list(cache.rglob("*.half")):
        pass
    with pytest.raises(Broken, match="by another process already"):
        hub.download(NAME, cache, nothing)
    first.join()
    assert hub.there(NAME, cache)


def test_a_folder_that_is_not_whole_is_none(remote: Hub, cache: Path) -> None:
    folder = hub.download(NAME, cache, nothing)
    ref = cache / "models--somebody--tiny" / "refs" / "main"
    for nonsense in (b"", b"\xff", b"../../../..", b"f" * 40):
        ref.write_bytes(nonsense)
        assert (hub.there(NAME, cache), hub.all_there(cache)) == (None, {})
    ref.write_text(COMMIT)
    assert hub.there(NAME, cache) == folder
    (folder / "model_index.json").unlink()
    assert hub.there(NAME, cache) is None
    (cache / "models--somebody--tiny").rename(cache / "models--some--body--tiny")
    assert hub.all_there(cache) == {}
