"""The best device there is and the best number type for it."""

import gc
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def best_device(wanted: str = "") -> "torch.device":
    """`wanted` ("cuda:1", "cpu" ...), else CUDA, then MPS, then the CPU.

    Raises:
        ValueError: `wanted` is no device of this machine.
    """
    import torch

    if wanted:
        try:
            device = torch.device(wanted)
            torch.empty(1, device=device)
        except (RuntimeError, AssertionError) as error:
            raise ValueError(f"PLAYGROUND_DEVICE={wanted} cannot be used here: {error}") from error
        return device
    if torch.cuda.is_available():
        return torch.device("cuda")
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")


def best_dtype(device: "torch.device") -> "torch.dtype":
    """fp16 on GPUs; on CPUs bf16 where the processor multiplies it in hardware, else fp32.

    bf16 in software would be several times slower than fp32.
    """
    import torch

    if device.type in ("cuda", "mps"):
        return torch.float16
    has_bf16 = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return torch.bfloat16 if has_bf16 else torch.float32


def slot_of(device: "torch.device") -> str:
    """A name that two processes give the same device: a GPU's UUID (numbers depend on what a process sees)."""
    import torch

    if device.type == "cuda":
        return str(torch.cuda.get_device_properties(device).uuid)
    return device.type


def wait_for(device: "torch.device") -> None:
    """Return when it has done all that it was given: GPUs work through a list of their own."""
    import torch

    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


def release_memory(device: "torch.device") -> None:
    """Give back at once what nobody refers to any more."""
    import torch

    gc.collect()  # pipelines refer to themselves
    if device.type == "cuda":
        torch.cuda.empty_cache()
    elif device.type == "mps":
        torch.mps.empty_cache()


def is_out_of_memory(error: Exception) -> bool:
    import torch

    if isinstance(error, (torch.OutOfMemoryError, MemoryError)):
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError) and ("allocate memory" in text or "out of memory" in text)
