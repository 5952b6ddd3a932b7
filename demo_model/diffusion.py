"""Train the text encoder and the UNet together: they learn to take noise off latents, told what to draw."""

# diffusers has no types: mypy takes its placeholders for a missing torch for the classes.
# mypy: allow-untyped-calls, disable-error-code=attr-defined

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch.nn import functional

from demo_model import network
from demo_model.parallel import Team
from demo_model.pool import Pool

if TYPE_CHECKING:
    from diffusers import UNet2DConditionModel

DROPPED = 0.1  # of the captions, so that the model also learns to draw without one
WARM_UP = 200  # steps
COOLING = 0.3  # of all samples, over which the learning rate sinks to nothing
FRESH = 0.0625  # of each batch, drawn anew
FIRST = 4096  # samples that each process draws before its first step
BETWEEN = 240  # seconds, from one checkpoint to the next
CHECKPOINT = "checkpoint.pt"


@dataclass(frozen=True)
class Plan:
    """How fast to learn, and for how long."""

    samples: int  # to be seen in all
    rate: float = 1e-3  # AdamW's
    average: float = 0.9995  # the EMA's


class Learner:
    """Both networks, their running average, the optimiser, and how far they are."""

    def __init__(
        self, plan: Plan, text: torch.nn.Module, unet: UNet2DConditionModel, empty: torch.Tensor, team: Team
    ) -> None:
        self.plan, self.empty, self.team = plan, empty, team  # empty: the token ids of no caption at all
        self.text, self.unet = text.to(team.device), unet.to(team.device)
        self.parameters = [*text.parameters(), *unet.parameters()]
        self.averages = [one.detach().clone() for one in self.parameters]
        matrices = [one for one in self.parameters if one.ndim > 1]
        others = [one for one in self.parameters if one.ndim <= 1]
        groups = [{"params": matrices, "weight_decay": 0.01}, {"params": others, "weight_decay": 0.0}]
        self.optimiser = torch.optim.AdamW(groups, plan.rate, betas=(0.9, 0.99), fused=True)
        self.alphas = network.noise_schedule().alphas_cumprod.to(team.device)
        self.step = 0
        self.samples = 0

    def learn(self, latents: torch.Tensor, tokens: torch.Tensor, chance: torch.Generator) -> torch.Tensor:
        """One step. Latents are scaled to a deviation of 1; gives the loss."""
        loss = self.loss(latents, tokens, chance)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.parameters, 1.0)
        for group in self.optimiser.param_groups:
            group["lr"] = self.plan.rate * self.pace()
        self.optimiser.step()
        self.step += 1
        if self.team.meets(self.step):
            self.team.average(self.parameters)
        self.samples += len(latents) * self.team.size
        with torch.no_grad():
            sluggishness = min(self.plan.average, (1 + self.step) / (10 + self.step))
            torch._foreach_lerp_(self.averages, [one.detach() for one in self.parameters], 1 - sluggishness)
        return loss.detach()

    def loss(self, latents: torch.Tensor, tokens: torch.Tensor, chance: torch.Generator) -> torch.Tensor:
        dropped = torch.rand(len(tokens), 1, generator=chance) < DROPPED
        tokens = torch.where(dropped, self.empty, tokens).to(self.team.device)
        noise = torch.randn(latents.shape, generator=chance).to(self.team.device)
        times = some_times(len(latents), chance).to(self.team.device)
        alpha = self.alphas[times].view(-1, 1, 1, 1)
        clean = latents.to(self.team.device)
        noisy = alpha.sqrt() * clean + (1 - alpha).sqrt() * noise
        wanted = alpha.sqrt() * noise - (1 - alpha).sqrt() * clean
        with self.team.mixed(), self.team.attention():
            words = self.text(tokens).last_hidden_state
            found = self.unet(noisy, times, words).sample
        return functional.mse_loss(found.float(), wanted)

    def pace(self) -> float:
        """The learning rate's share at this step: warm-up, constant, down to nothing at the planned end."""
        left = (self.plan.samples - self.samples) / (COOLING * self.plan.samples)
        return max(0.0, min(1.0, (self.step + 1) / WARM_UP, left))

    def state(self) -> dict[str, Any]:
        return {
            "step": self.step,
            "samples": self.samples,
            "parameters": [one.detach() for one in self.parameters],
            "averages": self.averages,
            "optimiser": self.optimiser.state_dict(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        self.step, self.samples = state["step"], state["samples"]
        with torch.no_grad():
            saved = [*state["parameters"], *state["averages"]]
            for mine, kept in zip([*self.parameters, *self.averages], saved, strict=True):
                mine.copy_(kept)
        self.optimiser.load_state_dict(state["optimiser"])


def some_times(count: int, chance: torch.Generator) -> torch.Tensor:
    """Times of the noise, most of them in the middle, where what is drawn is decided (https://arxiv.org/abs/2403.03206)."""
    return (1000 * torch.sigmoid(1.2 * torch.randn(count, generator=chance) + 0.2)).long().clamp(0, 999)


def resume(learner: Learner, folder: Path) -> None:
    """Go on from the folder's checkpoint, if there is one."""
    checkpoint = folder / CHECKPOINT
    if checkpoint.exists():
        learner.restore(torch.load(checkpoint, map_location=learner.team.device, weights_only=True))


def train(
    learner: Learner, pool: Pool, until: int, batch: int, scale: float, folder: Path, report: Callable[[], None]
) -> None:
    """Until so many samples have been seen in all.

    Args:
        batch: of each process.
        scale: what latents are multiplied with.
        folder: where the checkpoint and the curve are.
        report: called by the leading process at every checkpoint.
    """
    team, losses = learner.team, []
    fresh = max(1, round(batch * FRESH))
    if learner.samples < until and pool.count < FIRST:
        pool.draw(FIRST - pool.count)
        pool.save()
    saved = noted = time.monotonic()
    while learner.samples < until:
        chance = torch.Generator().manual_seed(learner.step * team.size + team.rank)
        pool.draw(fresh)
        latents, tokens = pool.some(batch, chance)
        losses.append(learner.learn(latents * scale, tokens, chance))
        if learner.step % 50 == 0:
            if team.leads:
                seconds = time.monotonic() - noted
                note(folder / "curve.jsonl", learner, float(torch.stack(losses).mean()), seconds)
            losses, noted = [], time.monotonic()
        done = learner.samples >= until
        if done or (team.meets(learner.step) and team.agree(time.monotonic() - saved) > BETWEEN):
            saved = time.monotonic()
            pool.save()
            if team.leads:
                save(folder / CHECKPOINT, learner)
                report()


def note(path: Path, learner: Learner, loss: float, seconds: float) -> None:
    line = {
        "step": learner.step,
        "samples": learner.samples,
        "loss": round(loss, 4),
        "rate": round(learner.plan.rate * learner.pace(), 6),
        "seconds": round(seconds, 1),
        "clock": time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime()),
    }
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


def save(path: Path, learner: Learner) -> None:
    """In one go, so that there is always a whole checkpoint."""
    half = path.with_suffix(".half")
    torch.save(learner.state(), half)
    half.replace(path)
