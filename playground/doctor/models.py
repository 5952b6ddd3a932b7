"""What makes the pictures: the device and the model. The only check that loads PyTorch."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from generation import defaults
from generation.engine import devices
from playground.doctor.findings import Finding, ok, warn, wrong


def look_at_device() -> Iterator[Finding]:
    try:
        device = devices.best_device(settings.PLAYGROUND_DEVICE)
        dtype = str(devices.best_dtype(device)).removeprefix("torch.")
    except ValueError as error:
        yield wrong(f"{str(error).partition(chr(10))[0]}. Leave PLAYGROUND_DEVICE out to take the best there is.")
    except (ImportError, OSError, RuntimeError) as error:
        yield wrong(f"PyTorch cannot be used ({str(error).partition(chr(10))[0]}). Install anew: rm -r .venv; make run")
    else:
        if device.type == "cpu" and not settings.PLAYGROUND_DEVICE and _has_nvidia_driver():
            yield warn(
                "There is an NVIDIA driver, but PyTorch cannot use a card and takes the CPU. Its build may be the one "
                "without CUDA, or the driver too old: update it, then rm -r .venv; make run. A container must be given "
                "the card (nvidia-smi in it shows it)."
            )
        else:
            slow = "; a full Stable Diffusion is slow there" if device.type == "cpu" else ""
            yield ok(f"Pictures are made on {device} in {dtype}{slow}.")


def _has_nvidia_driver() -> bool:
    return bool(shutil.which("nvidia-smi")) or Path("/proc/driver/nvidia/version").exists()


def look_at_model() -> Iterator[Finding]:
    choice, folder = defaults.choice(), settings.PLAYGROUND_MODELS
    for problem in choice.problems:
        yield (warn if choice.checkpoints else wrong)(str(problem))
    if not choice.checkpoints:
        yield wrong(f"There is no model. Put one into {folder}, or leave PLAYGROUND_MODEL out.")
        return
    first = choice.checkpoints[0]
    if first.is_demo:
        yield ok(f"The demo model is used, which knows a hundred things; a full one goes into {folder}.")
    elif isinstance(first.source, str):
        yield ok(f"{first.name} comes from the hub; what is missing is downloaded into {settings.PLAYGROUND_CACHE}.")
    else:
        yield ok(f"{first.name} is tried first ({first.source}).")
