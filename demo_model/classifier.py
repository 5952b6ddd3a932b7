"""A small classifier that says which subject a picture shows, to judge what the model draws.

It learns from pictures composed with another seed than the training's, made small, so that sharpness counts little.
"""

# mypy: allow-untyped-calls

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn

from demo_model.compose import Composer, Sample
from demo_model.subjects import SUBJECTS

SIDE = 64  # px that it looks at
LEARN_SEED, TEST_SEED = 1, 2
LEARNED = 24_000  # pictures
EPOCHS = 6


def network() -> nn.Sequential:
    layers: list[nn.Module] = []
    before = 3
    for width in (32, 64, 128, 192):
        layers += [nn.Conv2d(before, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU(), nn.MaxPool2d(2)]
        before = width
    return nn.Sequential(*layers, nn.Flatten(), nn.Dropout(0.2), nn.Linear(before * 16, len(SUBJECTS)))


def seen(picture: Image.Image) -> np.ndarray:
    """As the classifier takes it."""
    return np.asarray(picture.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BOX))


def single(composer: Composer, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """So many pictures of a single subject, and which one it is."""
    found: list[tuple[np.ndarray, int]] = []
    number = 0
    while len(found) < count:
        if sample := alone(composer, number):
            found.append((seen(sample.picture), sample.subjects[0]))
        number += 1
    pictures = torch.from_numpy(np.stack([picture for picture, _ in found]))
    return pictures, torch.tensor([subject for _, subject in found])


def alone(composer: Composer, number: int) -> Sample | None:
    sample = composer.sample(number)
    return sample if len(sample.subjects) == 1 else None


def scaled(pictures: torch.Tensor) -> torch.Tensor:
    return pictures.permute(0, 3, 1, 2).float().div(127.5).sub(1)


def learn(pictures: torch.Tensor, subjects: torch.Tensor) -> nn.Sequential:
    torch.manual_seed(0)
    model, batch = network().train(), 64
    optimiser = torch.optim.AdamW(model.parameters(), 2e-3, weight_decay=0.01)
    steps = EPOCHS * (len(pictures) // batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 2e-3, total_steps=steps)
    for _ in range(EPOCHS):
        for chosen in torch.randperm(len(pictures)).split(batch)[: len(pictures) // batch]:
            with torch.autocast("cpu", dtype=torch.bfloat16):
                found = model(scaled(pictures[chosen]))
            loss = nn.functional.cross_entropy(found.float(), subjects[chosen], label_smoothing=0.05)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
            schedule.step()
    return model.eval()


def load_or_learn(path: Path, pictures: list[Image.Image]) -> nn.Sequential:
    if path.exists():
        model = network().eval()
        model.load_state_dict(torch.load(path, weights_only=True))
        return model
    model = learn(*single(Composer(pictures, seed=LEARN_SEED), LEARNED))
    torch.save(model.state_dict(), path)
    return model


@torch.no_grad()
def recognise(model: nn.Sequential, pictures: list[Image.Image]) -> list[int]:
    """Which subject each picture shows, as a place in SUBJECTS."""
    stacked = torch.from_numpy(np.stack([seen(picture) for picture in pictures]))
    return [int(best) for best in model(scaled(stacked)).argmax(1)]


@torch.no_grad()
def accuracy(model: nn.Sequential, pictures: list[Image.Image], count: int) -> float:
    """Its share of right answers on real pictures that neither it nor the model has seen."""
    stacked, subjects = single(Composer(pictures, seed=TEST_SEED), count)
    found = torch.cat([model(scaled(part)).argmax(1) for part in stacked.split(200)])
    return float((found == subjects).float().mean())
