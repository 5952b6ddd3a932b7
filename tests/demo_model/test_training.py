"""The training of the demo model, with networks so small that a step takes no time."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import CLIPTokenizer

from demo_model import autoencoder, diffusion, export, network, parallel, tiny, tokenizer
from demo_model.autoencoder import Plan as VaePlan
from demo_model.compose import Composer
from demo_model.diffusion import Learner, Plan
from demo_model.drawing import Encoder, pixels, token_ids
from demo_model.parallel import Team
from demo_model.pool import Pool

BATCH = 4


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def words() -> CLIPTokenizer:
    return CLIPTokenizer.from_pretrained(tiny.SHIPPED_MODEL / "tokenizer")


def learner(words: CLIPTokenizer, samples: int = 1000, **plan: float) -> Learner:
    torch.manual_seed(5)
    text = network.text_encoder(words, width=16, layers=1)
    unet = network.unet(64, channels=(16, 16), text_width=16)
    return Learner(Plan(samples, **plan), text, unet, token_ids(words, [""]), Team())


@pytest.fixture
def pool(tmp_path: Path, small_composer: Composer, words: CLIPTokenizer) -> Callable[[], Pool]:
    torch.manual_seed(6)
    encode = Encoder(small_composer, network.autoencoder(width=8), words, Team())

    def opened() -> Pool:
        return Pool(tmp_path / "pool", (4, 8, 8), encode, first=0, stride=1, room=40)

    return opened


@pytest.fixture(autouse=True)
def few_at_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diffusion, "FIRST", 8)


def go(one: Learner, pool: Pool, until: int, folder: Path) -> None:
    diffusion.train(one, pool, until, BATCH, 1.0, folder, lambda: None)


def weights(one: Learner) -> torch.Tensor:
    return torch.cat([part.detach().reshape(-1) for part in [*one.parameters, *one.averages]])


def test_a_training_that_was_stopped_ends_with_the_same_weights_as_one_that_was_not(
    tmp_path: Path, words: CLIPTokenizer, pool: Callable[[], Pool]
) -> None:
    (tmp_path / "whole").mkdir()
    (tmp_path / "parts").mkdir()
    whole = learner(words)
    go(whole, pool(), 6 * BATCH, tmp_path / "whole")
    for name in (tmp_path / "pool").iterdir():
        name.unlink()

    go(learner(words), pool(), 3 * BATCH, tmp_path / "parts")
    resumed = learner(words)
    diffusion.resume(resumed, tmp_path / "parts")
    assert (resumed.step, resumed.samples) == (3, 3 * BATCH)
    go(resumed, pool(), 6 * BATCH, tmp_path / "parts")

    assert resumed.step == whole.step == 6
    assert torch.equal(weights(resumed), weights(whole))


def test_a_training_that_is_done_changes_nothing(
    tmp_path: Path, words: CLIPTokenizer, pool: Callable[[], Pool]
) -> None:
    go(learner(words), pool(), 2 * BATCH, tmp_path)
    again = learner(words)
    diffusion.resume(again, tmp_path)
    before = weights(again)
    go(again, pool(), 2 * BATCH, tmp_path)
    assert torch.equal(weights(again), before)


def test_with_more_samples_it_goes_on(tmp_path: Path, words: CLIPTokenizer, pool: Callable[[], Pool]) -> None:
    go(learner(words, samples=2 * BATCH), pool(), 2 * BATCH, tmp_path)
    more = learner(words, samples=20 * BATCH)
    diffusion.resume(more, tmp_path)
    before = weights(more)
    go(more, pool(), 4 * BATCH, tmp_path)
    assert more.step == 4
    assert not torch.equal(weights(more), before)


def test_the_loss_falls(tmp_path: Path, words: CLIPTokenizer, pool: Callable[[], Pool]) -> None:
    go(learner(words, samples=10**6), pool(), 150 * BATCH, tmp_path)
    curve = [json.loads(line) for line in (tmp_path / "curve.jsonl").read_text().splitlines()]
    assert [line["step"] for line in curve] == [50, 100, 150]
    assert curve[-1]["loss"] < 0.97 * curve[0]["loss"]


def test_the_learning_rate_warms_up_stays_and_sinks_to_nothing(words: CLIPTokenizer) -> None:
    one = learner(words, samples=10_000)
    paces = []
    for step, samples in ((0, 0), (diffusion.WARM_UP, 3000), (1000, 6900), (1000, 8500), (1000, 10_000)):
        one.step, one.samples = step, samples
        paces.append(one.pace())
    assert paces == [pytest.approx(1 / diffusion.WARM_UP), 1, 1, pytest.approx(0.5), 0]


def test_a_pool_keeps_the_newest_and_gives_only_what_was_drawn(pool: Callable[[], Pool]) -> None:
    one = pool()
    one.draw(12)
    latents, tokens = one.some(200, torch.Generator().manual_seed(0))
    assert len(np.unique(latents.reshape(200, -1).numpy(), axis=0)) == 12
    assert tokens.shape == (200, tokenizer.LENGTH)
    one.draw(40)
    encoded, _ = one.encode([51])
    assert np.allclose(one.latents[51 % 40], encoded[0], atol=0.01)


def test_processes_draw_different_samples(tmp_path: Path) -> None:
    asked: list[int] = []

    def note(numbers: list[int]) -> tuple[torch.Tensor, torch.Tensor]:
        asked.extend(numbers)
        return torch.zeros(len(numbers), 4, 8, 8), torch.zeros(len(numbers), tokenizer.LENGTH, dtype=torch.long)

    for first in (0, 1):
        Pool(tmp_path, (4, 8, 8), note, first=first, stride=2, room=40).draw(5)
    assert sorted(asked) == list(range(10))


def meet(team: Team, folder: Path) -> None:
    weight = torch.nn.Parameter(torch.full((3, 2), float(team.rank)))
    team.average([weight])
    told = team.agree(team.rank + 7)
    (folder / f"{team.rank}.json").write_text(json.dumps([weight.tolist(), told]))


def test_processes_take_the_mean_of_their_weights_and_the_leaders_word(tmp_path: Path) -> None:
    parallel.run(tmp_path, 2, "cpu", meet, tmp_path)
    for rank in (0, 1):
        weight, told = json.loads((tmp_path / f"{rank}.json").read_text())
        assert weight == [[0.5, 0.5]] * 3
        assert told == 7


def psnr(vae: torch.nn.Module, composer: Composer) -> float:
    pictures = pixels([composer.sample(number).picture for number in range(8)])
    with torch.no_grad():
        back = vae.decode(vae.encode(pictures).latents).sample
    return float(-10 * ((back - pictures) / 2).pow(2).mean().log10())


def test_the_autoencoder_learns_goes_on_and_leaves_the_encoder_alone_when_told(
    tmp_path: Path, small_composer: Composer, words: CLIPTokenizer
) -> None:
    words.save_pretrained(tmp_path / "tokenizer")
    torch.manual_seed(1)
    vae = network.autoencoder(width=8)
    before = psnr(vae, small_composer)
    autoencoder.train(Team(), vae, small_composer, tmp_path / "vae", VaePlan(40, 4, 32, 3e-3))
    made = autoencoder.load(tmp_path / "vae")
    assert psnr(made, small_composer) > before + 3
    assert made.config.scaling_factor != 1

    encoder = [one.clone() for one in made.encoder.parameters()]
    decoder = [one.clone() for one in made.decoder.parameters()]
    autoencoder.train(Team(), made, small_composer, tmp_path / "vae", VaePlan(3, 2, 64, 1e-3, decoder_only=True))
    polished = autoencoder.load(tmp_path / "vae")
    assert all(map(torch.equal, encoder, polished.encoder.parameters()))
    assert not all(map(torch.equal, decoder, polished.decoder.parameters()))


@pytest.mark.parametrize("size", [128, 256])
def test_a_model_of_the_real_size_fits_into_25_mb_and_loads_offline(
    tmp_path: Path, words: CLIPTokenizer, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    from diffusers import StableDiffusionPipeline

    unet = network.unet(size, network.CHANNELS[size])
    one = Learner(Plan(1), network.text_encoder(words), unet, token_ids(words, [""]), Team())
    vae = network.autoencoder()
    vae.register_to_config(scaling_factor=1.25)
    folder = tmp_path / "model"
    export.write(export.pipeline(one, vae, words, size), folder)
    assert export.size_of(folder) <= export.MOST_BYTES == 25_000_000
    assert "Copyright (c) Microsoft Corporation." in (folder / "LICENSE-fluent-emoji.txt").read_text()
    defaults = json.loads((folder / "playground.json").read_text())
    assert (defaults["width"], defaults["height"]) == (size, size)

    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    loaded = StableDiffusionPipeline.from_pretrained(folder, dtype=torch.float32)
    loaded.set_progress_bar_config(disable=True)
    assert loaded.vae.config.scaling_factor == 1.25
    picture = loaded("a cat", num_inference_steps=1, generator=torch.Generator().manual_seed(0)).images[0]
    assert isinstance(picture, Image.Image)
    assert picture.size == (size, size)


def test_what_is_exported_is_the_average_of_the_weights(words: CLIPTokenizer) -> None:
    one = learner(words)
    for average in one.averages:
        average.fill_(0.25)
    made = export.pipeline(one, network.autoencoder(width=8), words, 64)
    assert all(bool((part == 0.25).all()) for part in [*made.text_encoder.parameters(), *made.unet.parameters()])
    assert not all(bool((part == 0.25).all()) for part in one.parameters)
