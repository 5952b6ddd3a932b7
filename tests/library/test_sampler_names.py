"""One name for each sampler, whatever a tool calls it."""

import pytest

from generation.engine.samplers import SAMPLERS
from library.samplers import named


@pytest.mark.parametrize(
    ("written", "name"),
    [
        (("plms",), "PLMS"),
        (("pndm",), "PLMS"),
        (("ddim",), "DDIM"),
        (("ddim", "ddim_uniform"), "DDIM"),
        (("k_euler",), "Euler"),
        (("euler", "normal"), "Euler"),
        (("Euler", "Automatic"), "Euler"),
        (("k_euler_a",), "Euler a"),
        (("k_euler_ancestral", "native"), "Euler a"),
        (("euler_ancestral", "normal"), "Euler a"),
        (("Euler A",), "Euler a"),
        (("heun",), "Heun"),
        (("dpmpp_2m",), "DPM++ 2M"),
        (("k_dpmpp_2m",), "DPM++ 2M"),
        (("dpmpp_2m", "karras"), "DPM++ 2M Karras"),
        (("dpmpp_2m_k",), "DPM++ 2M Karras"),
        (("DPM++ 2M Karras",), "DPM++ 2M Karras"),
        (("DPM++ 2M Karras", "karras"), "DPM++ 2M Karras"),
        (("DPM++ 2M", "Karras"), "DPM++ 2M Karras"),
        (("unipc",), "UniPC"),
        (("uni_pc", "simple"), "UniPC Simple"),
        (("lcm", "sgm_uniform"), "LCM SGM Uniform"),
    ],
)
def test_what_is_the_same_has_our_name(written: tuple[str, ...], name: str) -> None:
    assert named(*written) == name
    assert any(name == ours or name.startswith(f"{ours} ") for ours in SAMPLERS)


@pytest.mark.parametrize(
    ("written", "name"),
    [
        (("k_lms",), "LMS"),
        (("lms_k",), "LMS Karras"),
        (("dpmpp_sde_gpu", "karras"), "DPM++ SDE Karras"),
        (("k_dpm_2_a",), "DPM2 a"),
        (("dpmpp_2s_ancestral", "exponential"), "DPM++ 2S a Exponential"),
        (("res_multistep", "linear_quadratic"), "res_multistep Linear Quadratic"),
        (("DPM++ 2M AYS",), "DPM++ 2M AYS"),
        (("Euler", "of my own"), "Euler of my own"),
        (("Karras",), "Karras"),
        (("", "karras"), ""),
    ],
)
def test_what_is_not_here_is_named_as_a1111_does_or_as_it_is_written(written: tuple[str, ...], name: str) -> None:
    assert named(*written) == name


def test_our_own_names_stay_as_they_are() -> None:
    assert [named(name) for name in SAMPLERS] == list(SAMPLERS)
