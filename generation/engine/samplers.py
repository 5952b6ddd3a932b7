"""The samplers by the names that people know, and what diffusers calls them."""

from collections.abc import Mapping
from typing import Any

SAMPLERS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "PLMS": ("PNDMScheduler", {"skip_prk_steps": True}),
    "DDIM": ("DDIMScheduler", {}),
    "Euler": ("EulerDiscreteScheduler", {}),
    "Euler a": ("EulerAncestralDiscreteScheduler", {}),
    "Heun": ("HeunDiscreteScheduler", {}),
    "DPM++ 2M": ("DPMSolverMultistepScheduler", {"algorithm_type": "dpmsolver++"}),
    "DPM++ 2M Karras": (
        "DPMSolverMultistepScheduler",
        {"algorithm_type": "dpmsolver++", "use_karras_sigmas": True},
    ),
    "UniPC": ("UniPCMultistepScheduler", {}),
    "LCM": ("LCMScheduler", {}),
}
"""Name -> (class in diffusers, what it is given beyond the model's own scheduler configuration)."""

# A model's own scheduler configuration may say these for another class than ours, with another meaning.
_NOT_INHERITED = (
    "algorithm_type",
    "skip_prk_steps",
    "solver_order",
    "solver_type",
    "use_beta_sigmas",
    "use_exponential_sigmas",
    "use_flow_sigmas",
    "use_karras_sigmas",
    "use_lu_lambdas",
)


def make(name: str, config: Mapping[str, Any], *, steps: int) -> Any:
    """A fresh diffusers scheduler `name` over a model's scheduler `config`. Raises KeyError for an unknown name."""
    import diffusers

    class_name, extra = SAMPLERS[name]
    if class_name == "LCMScheduler":  # refuses more steps than the distillation's 50 unless it is told of more
        extra = {**extra, "original_inference_steps": max(50, steps)}
    inherited = {key: value for key, value in config.items() if key not in _NOT_INHERITED}
    return getattr(diffusers, class_name).from_config(inherited, **extra)
