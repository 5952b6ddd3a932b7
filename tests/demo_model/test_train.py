"""`python -m demo_model.train` from nothing to a model, in few steps but with networks of the real size."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from demo_model import autoencoder, diffusion, export, tiny, tokenizer, train
from demo_model.data import load
from demo_model.sampling import Artist


@pytest.fixture
def few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(autoencoder, "BOTH", autoencoder.Plan(steps=1, batch=1, crop=32, rate=1e-4))
    monkeypatch.setattr(autoencoder, "DECODER", autoencoder.Plan(1, 1, 64, 1e-4, decoder_only=True))
    monkeypatch.setattr(autoencoder, "MEASURED", 2)
    monkeypatch.setattr(diffusion, "FIRST", 2)
    monkeypatch.setattr(tokenizer, "CAPTIONS", 50)
    monkeypatch.setattr(train, "SHEET", train.SHEET[:1])
    torch.set_num_threads(1)


def go(work: Path, samples: int, *options: str) -> dict[str, torch.Tensor]:
    train.main(["--work", str(work), "--processes", "1", "--batch", "1", "--samples", str(samples), *options])
    checkpoint: dict[str, torch.Tensor] = torch.load(work / "checkpoint.pt", weights_only=True)
    return checkpoint


def test_it_makes_everything_from_nothing_and_goes_on(work: Path, few_steps: None) -> None:
    made = go(work, samples=3)
    assert (made["step"], made["samples"]) == (3, 3)
    assert export.size_of(work / "model") <= export.MOST_BYTES
    assert (work / "model" / "LICENSE-fluent-emoji.txt").exists()
    assert json.loads((work / "model" / "playground.json").read_text())["width"] == 128
    assert list((work / "sheets").glob("*.png"))
    artist = Artist(work / "model")
    artist.defaults["steps"] = 1
    assert artist.draw(["a cat"])[0].size == (128, 128)
    polished = autoencoder.load(work / "vae").decoder.state_dict()
    shipped = autoencoder.load(work / "model" / "vae").decoder.state_dict()
    assert all(torch.equal(polished[name].half(), shipped[name].half()) for name in polished)

    assert go(work, samples=3)["step"] == 3
    more = go(work, samples=5)
    assert (more["step"], more["samples"]) == (5, 5)


def test_it_begins_with_the_weights_of_another_model_when_told(work: Path, few_steps: None) -> None:
    go(work, 1, "--start", str(tiny.SHIPPED_MODEL))
    assert (work / "tokenizer/tokenizer.json").read_text() == (
        tiny.SHIPPED_MODEL / "tokenizer/tokenizer.json"
    ).read_text()
    for part in ("unet/diffusion_pytorch_model", "text_encoder/model"):
        made, first = (load_file(folder / f"{part}.safetensors") for folder in (work / "model", tiny.SHIPPED_MODEL))
        assert all(torch.allclose(made[name], first[name], atol=2e-3) for name in first)
    made, first = (
        autoencoder.load(folder / "vae").encoder.state_dict() for folder in (work / "model", tiny.SHIPPED_MODEL)
    )
    assert all(torch.equal(made[name], first[name]) for name in first)
    written = "".join(path.read_text() for path in (work / "model").rglob("*.json") if path.name != "tokenizer.json")
    assert str(work) not in written
    assert "demo_model" not in written


def test_pictures_are_read_in_the_order_of_the_subjects(work: Path, pictures: list[Image.Image]) -> None:
    for read, drawn in zip(load(work), pictures, strict=True):
        assert np.array_equal(np.asarray(read), np.asarray(drawn))


def test_pictures_that_cannot_be_had_end_it_with_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SystemExit, match="Install npm"):
        train.main(["--work", str(tmp_path)])
