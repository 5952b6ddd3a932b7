"""ComfyUI's graphs: from the node that samples up to what feeds it, whatever the nodes are called."""

import json
from typing import Any

import pytest

from tests.library.files import exif, with_exif
from tests.library.test_settings_of import a_png, found, refusal

Graph = dict[str, Any]


def node(kind: str, **inputs: Any) -> dict[str, Any]:
    return {"class_type": kind, "inputs": inputs, "_meta": {"title": kind}}


GRAPH: Graph = {
    "3": node(
        "KSampler", seed=156680208700286, steps=20, cfg=8, sampler_name="dpmpp_2m", scheduler="karras", denoise=1,
        model=["4", 0], positive=["6", 0], negative=["7", 0], latent_image=["5", 0],
    ),
    "4": node("CheckpointLoaderSimple", ckpt_name="SD1.5/v1-5-pruned-emaonly.safetensors"),
    "5": node("EmptyLatentImage", width=512, height=768, batch_size=1),
    "6": node("CLIPTextEncode", text="a red fox in snow", clip=["4", 1]),
    "7": node("CLIPTextEncode", text="text, watermark", clip=["4", 1]),
    "8": node("VAEDecode", samples=["3", 0], vae=["4", 2]),
    "9": node("SaveImage", filename_prefix="ComfyUI", images=["8", 0]),
}  # fmt: skip
FOX = {
    "prompt": "a red fox in snow",
    "negative_prompt": "text, watermark",
    "seed": 156680208700286,
    "steps": 20,
    "guidance_scale": 8,
    "sampler": "DPM++ 2M Karras",
    "width": 512,
    "height": 768,
    "downsampling_factor": 8,
    "model": "v1-5-pruned-emaonly",
}


def said(graph: Graph) -> dict[str, Any]:
    answer = found(a_png(prompt=json.dumps(graph), workflow="{}"))
    assert answer.tool == "ComfyUI"
    return answer.settings


def but(graph: Graph, key: str, **inputs: Any) -> Graph:
    """The graph with other inputs of one node."""
    return {**graph, key: node(graph[key]["class_type"], **{**graph[key]["inputs"], **inputs})}


def test_the_graph_that_comes_with_comfyui() -> None:
    assert said(GRAPH) == FOX


@pytest.mark.parametrize("order", [">", "<"])
def test_a_webp_has_it_in_two_tags(order: str) -> None:
    data = with_exif("WEBP", exif(order=order, Model=f"prompt:{json.dumps(GRAPH)}", Make='workflow:{"nodes": []}'))
    assert (found(data).settings, found(data).tool) == (FOX, "ComfyUI")


def test_some_nodes_write_both_as_one_comment() -> None:
    whole = json.dumps({"prompt": GRAPH, "workflow": {}})
    assert found(with_exif("JPEG", exif(b"ASCII\0\0\0" + whole.encode()))).settings == FOX


def test_an_advanced_sampler_calls_its_seed_otherwise() -> None:
    inputs = {name: value for name, value in GRAPH["3"]["inputs"].items() if name != "seed"}
    advanced = {**GRAPH, "3": node("KSamplerAdvanced", noise_seed=7, add_noise="enable", start_at_step=0, **inputs)}
    assert said(advanced) == {**FOX, "seed": 7}


def test_values_may_come_from_nodes_of_their_own() -> None:
    graph = but(GRAPH, "3", seed=["20", 3], steps=["21", 0], cfg=["22", 0])
    graph = but(but(graph, "6", text=["23", 0]), "5", width=["24", 0], height=["25", 1])
    more = {
        "20": node("Seed (rgthree)", seed=156680208700286),
        "21": node("PrimitiveInt", value=20),
        "22": node("CR Float", float=8.0),
        "23": node("StringConcatenate", string_a=["26", 0]),
        "24": node("Reroute", value=["21", 0], width=512),
        "25": node("CR Aspect Ratio", width=512, height=768),
        "26": node("PrimitiveStringMultiline", value="a red fox in snow"),
    }
    assert said({**graph, **more}) == FOX


def test_loras_and_control_nets_stand_between() -> None:
    graph = but(GRAPH, "3", model=["30", 0], positive=["31", 0], negative=["31", 1])
    more = {
        "30": node("LoraLoader", lora_name="fur.safetensors", strength_model=1.0, model=["4", 0], clip=["4", 1]),
        "31": node("ControlNetApplyAdvanced", strength=0.8, positive=["6", 0], negative=["7", 0], image=["32", 0]),
        "32": node("LoadImage", image="a.png", text="no prompt"),
    }
    assert said({**graph, **more}) == FOX


def test_several_texts_are_one_prompt() -> None:
    graph = but(GRAPH, "3", positive=["40", 0])
    more = {
        "40": node("ConditioningCombine", conditioning_1=["6", 0], conditioning_2=["41", 0]),
        "41": node("CLIPTextEncodeSDXL", width=1024, height=1024, text_g="with a hat", text_l="with a hat"),
    }
    assert said({**graph, **more}) == {**FOX, "prompt": "a red fox in snow, with a hat"}


def test_one_node_may_load_all() -> None:
    loader = node(
        "Efficient Loader", ckpt_name="v1-5-pruned-emaonly.safetensors", positive="a red fox in snow",
        negative="text, watermark", empty_latent_width=512, empty_latent_height=768,
    )  # fmt: skip
    inputs = GRAPH["3"]["inputs"] | {"positive": ["1", 1], "negative": ["1", 2], "latent_image": ["1", 3]}
    graph = {"1": loader, "2": node("KSampler (Efficient)", **{**inputs, "model": ["1", 0]})}
    assert said(graph) == FOX


def test_of_several_passes_the_first_tells() -> None:
    second = GRAPH["3"]["inputs"] | {"seed": 5, "steps": 9, "denoise": 0.5, "latent_image": ["10", 0]}
    more = {
        "1": node("FaceDetailer", **{**second, "seed": 6, "image": ["12", 0]}),
        "2": node("SaveImage", images=["1", 0]),
        "10": node("LatentUpscale", width=1024, height=1536, samples=["3", 0]),
        "11": node("KSampler", **second),
        "12": node("VAEDecode", samples=["11", 0], vae=["4", 2]),
    }
    rest = {key: value for key, value in GRAPH.items() if key not in ("8", "9")}
    assert said({**more, **rest}) == FOX
    assert said({**dict(reversed(more.items())), **rest}) == FOX


def test_a_sampler_that_nobody_saves_counts_where_there_is_no_other() -> None:
    assert said({key: value for key, value in GRAPH.items() if key not in ("8", "9")}) == FOX


FLUX: Graph = {
    "6": node("CLIPTextEncode", text="a red fox in snow", clip=["11", 0]),
    "8": node("VAEDecode", samples=["13", 0], vae=["10", 0]),
    "9": node("SaveImage", images=["8", 0]),
    "12": node("UNETLoader", unet_name="flux1-dev.safetensors", weight_dtype="default"),
    "13": node(
        "SamplerCustomAdvanced",
        noise=["25", 0], guider=["22", 0], sampler=["16", 0], sigmas=["17", 0], latent_image=["27", 0],
    ),
    "16": node("KSamplerSelect", sampler_name="euler"),
    "17": node("BasicScheduler", scheduler="simple", steps=20, denoise=1, model=["12", 0]),
    "22": node("BasicGuider", model=["12", 0], conditioning=["26", 0]),
    "25": node("RandomNoise", noise_seed=219670278747233),
    "26": node("FluxGuidance", guidance=3.5, conditioning=["6", 0]),
    "27": node("EmptySD3LatentImage", width=1024, height=512, batch_size=1),
}  # fmt: skip


def test_a_sampler_may_be_spread_over_several_nodes() -> None:
    assert said(FLUX) == {
        "prompt": "a red fox in snow",
        "seed": 219670278747233,
        "steps": 20,
        "sampler": "Euler Simple",
        "width": 1024,
        "height": 512,
        "downsampling_factor": 8,
        "model": "flux1-dev",
    }


def test_a_guider_may_have_both_sides() -> None:
    guider = node("CFGGuider", cfg=6.5, model=["12", 0], positive=["6", 0], negative=["7", 0])
    settings = said({**FLUX, "22": guider, "7": node("CLIPTextEncode", text="fog")})
    assert (settings["guidance_scale"], settings["negative_prompt"]) == (6.5, "fog")


def test_a_side_that_is_made_nothing_has_no_words() -> None:
    graph = but(GRAPH, "3", negative=["50", 0])
    assert "negative_prompt" not in said({**graph, "50": node("ConditioningZeroOut", conditioning=["6", 0])})


def test_from_a_picture_the_size_is_that_of_the_nodes_that_tell() -> None:
    graph = but(GRAPH, "3", latent_image=["60", 0], denoise=0.6)
    loaded = {**graph, "60": node("VAEEncode", pixels=["61", 0], vae=["4", 2]), "61": node("LoadImage", image="a.png")}
    assert "width" not in said(loaded)
    scaled = {**loaded, "61": node("ImageScale", width=640, height=512, image=["62", 0])}
    assert (said(scaled)["width"], said(scaled)["height"]) == (640, 512)


# Graphs that make no sense

LINKS = ("model", "positive", "negative", "latent_image", "seed", "steps", "cfg", "sampler_name", "scheduler")


def leading_to(key: str) -> Graph:
    """A sampler all of whose inputs come from that node."""
    return node("Save KSampler", **{name: [key, 0] for name in LINKS})


NONSENSE: dict[str, Any] = {
    "nothing": {},
    "no nodes": {"1": 1, "2": [], "3": None, "4": "x"},
    "no inputs": {"1": {"class_type": "KSampler"}, "2": {"inputs": []}, "3": {"inputs": {}}},
    "no sampler": {"6": GRAPH["6"]},
    "links into nothing": {"3": leading_to("99")},
    "a circle": {"1": leading_to("2"), "2": leading_to("3"), "3": leading_to("1")},
    "itself": {"1": leading_to("1")},
    "kinds that are none": {"1": {"class_type": [1], "inputs": {"positive": [["1"], 0], "steps": [True, 0, 0]}}},
}


@pytest.mark.parametrize("kind", NONSENSE)
def test_a_graph_that_makes_no_sense_is_refused(kind: str) -> None:
    assert refusal(a_png(prompt=json.dumps(NONSENSE[kind]), workflow="{}")) == (
        "fox.png was made by ComfyUI, whose settings cannot be read here."
    )


def chained(count: int, **inputs: Any) -> Graph:
    """Nodes in a chain, each of which leads to the next by all of these inputs."""
    return {
        str(key): node("Save", **{name: [str(key + 1), 0] for name in inputs}, **{f"{key}": 1}) for key in range(count)
    }


LARGE: dict[str, Graph] = {
    "a long chain": chained(1500, positive=0, steps=0, seed=0),
    "a chain of samplers": chained(1000, positive=0, negative=0, steps=0, latent_image=0, noise=0, guider=0, sigmas=0),
    "a star": {
        "0": node("Save", **{f"n{key}": [str(key), 0] for key in range(1, 3000)}),
        **{str(key): node("K", positive=["0", 0], steps=["0", 0]) for key in range(1, 1500)},
    },
    "many links to many": {
        str(key): node("Save", **{f"{n}": [str((key * 7 + n) % 100), 0] for n in range(120)}, positive=["1", 0],
                       steps=["2", 0], guider=["3", 0], noise=["4", 0], sampler=["5", 0], sigmas=["6", 0])
        for key in range(100)
    },
}  # fmt: skip


@pytest.mark.timeout(10)
@pytest.mark.parametrize("kind", LARGE)
def test_a_large_graph_takes_no_time(kind: str) -> None:
    text = json.dumps(LARGE[kind], separators=(",", ":"))
    assert 60_000 < len(text) < 262_144
    refusal(a_png(prompt=text))
