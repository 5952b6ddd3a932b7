"""Names of samplers and of their schedules: those that this site and A1111 use, and what other tools call the same."""

import re

SCHEDULES = ("Karras", "Exponential")  # written apart from the sampler since A1111 1.9
OTHER_SCHEDULES = (
    *("Polyexponential", "SGM Uniform", "KL Optimal", "Align Your Steps", "Linear Quadratic"),
    *("Simple", "Normal", "DDIM", "Beta", "Turbo"),
)
"""What other tools write beside a sampler; no sampler of ours has one of these."""
_NO_SCHEDULE = ("", "automatic", "uniform", "default", "none", "normal", "native")

_LABELS = {
    **{label.casefold().replace(" ", "_"): label for label in (*SCHEDULES, *OTHER_SCHEDULES)},
    "ddim_uniform": "DDIM",
}

_SAMPLERS = {
    "PLMS": ("plms", "pndm"),
    "DDIM": ("ddim",),
    "Euler": ("euler",),
    "Euler a": ("euler_a", "euler_ancestral"),
    "Heun": ("heun",),
    "DPM++ 2M": ("dpmpp_2m",),
    "UniPC": ("unipc", "uni_pc", "uni_pc_bh2"),
    "LCM": ("lcm",),
    # No samplers of ours, but people should read and search one name for each
    "LMS": ("lms",),
    "DPM2": ("dpm2", "dpm_2", "kdpm_2"),
    "DPM2 a": ("dpm2_a", "dpm_2_a", "dpm_2_ancestral", "kdpm_2_a"),
    "DPM++ SDE": ("dpmpp_sde",),
    "DPM++ 2M SDE": ("dpmpp_2m_sde",),
    "DPM++ 3M SDE": ("dpmpp_3m_sde",),
    "DPM++ 2S a": ("dpmpp_2s_a", "dpmpp_2s_ancestral"),
    "DPM fast": ("dpm_fast",),
    "DPM adaptive": ("dpm_adaptive",),
    "DDPM": ("ddpm",),
    "DEIS": ("deis",),
}
_BY_KEY = {key: name for name, keys in _SAMPLERS.items() for key in keys}


def named(sampler: str, schedule: str = "") -> str:
    """One name for sampler and schedule, however a tool writes them; what is not known stays as it is written.

    >>> named("k_euler_ancestral"), named("dpmpp_2m", "karras"), named("euler_k"), named("Euler", "SGM Uniform")
    ('Euler a', 'DPM++ 2M Karras', 'Euler Karras', 'Euler SGM Uniform')
    """
    base, own = split_any_schedule(sampler.strip())
    key = re.sub("[ -]", "_", base.casefold().replace("++", "pp")).removeprefix("k_").removesuffix("_gpu")
    if key.endswith("_k"):  # as InvokeAI writes it
        key, own = key.removesuffix("_k"), "Karras"
    name = _BY_KEY.get(key, base)
    label = _label(own or schedule)
    return f"{name} {label}" if name and label and label != name else name


def _label(schedule: str) -> str:
    key = schedule.strip().casefold().replace(" ", "_")
    return "" if key in _NO_SCHEDULE else _LABELS.get(key, schedule.strip())


def split_schedule(sampler: str) -> tuple[str, str | None]:
    """'DPM++ 2M Karras' -> ('DPM++ 2M', 'Karras')."""
    name, _, last = sampler.rpartition(" ")
    return (name, last) if name and last in SCHEDULES else (sampler, None)


def split_any_schedule(sampler: str) -> tuple[str, str | None]:
    """The sampler's name and its schedule, whichever tool wrote them: 'Euler SGM Uniform' -> ('Euler', 'SGM Uniform').

    >>> split_any_schedule("DPM++ 2M Karras")
    ('DPM++ 2M', 'Karras')
    """
    for schedule in (*SCHEDULES, *OTHER_SCHEDULES):
        name = sampler.removesuffix(f" {schedule}")
        if name != sampler:
            return name, schedule
    return sampler, None
