"""ComfyUI: a graph of nodes, read from the node that samples up to what feeds it.

A graph is anybody's: links may lead anywhere, in circles too, and nodes may be of any kind. So a node is known by the
names of its inputs alone, and no walk passes a node twice.
"""

from collections import deque
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

from library.dialects.values import object_in, told, words
from library.samplers import named

FAR = 20  # nodes that are looked at for one value
MOST_INPUTS = 100  # of a node
_SIDES = {"positive", "negative"}
_NO_WORDS = {
    *("clip", "clip_vision_output", "control_net", "image", "images", "latent", "latent_image", "mask", "model"),
    *("pixels", "samples", "style_model", "vae"),
}
"""Links that lead from a prompt to something else."""
_TEXTS = ("text", "text_g", "text_l", "clip_l", "t5xxl", "prompt", "populated_text", "string", "value")
_VALUES = ("value", "int", "float", "number", "string", "text")
"""Inputs of nodes that hold nothing but a value."""
_PARTS = ("noise", "guider", "sampler", "sigmas")
"""Links to the nodes that a sampler's settings may be spread over."""
_MODELS = ("ckpt_name", "base_ckpt_name", "unet_name")


@dataclass(frozen=True)
class Node:
    kind: str
    inputs: Mapping[str, Any]

    def link(self, *names: str) -> str:
        """The node that the first of these inputs comes from; empty where none comes from a node."""
        return next((key for name in names if (key := _linked(self.inputs.get(name)))), "")

    @property
    def samples(self) -> bool:
        return bool(self.link("positive", "guider") and {"steps", "sigmas"} & self.inputs.keys())


def _linked(value: object) -> str:
    if not isinstance(value, list) or len(value) != 2:
        return ""
    key, output = value
    return str(key) if isinstance(key, (str, int)) and isinstance(output, int) else ""


def settings(texts: Mapping[str, str]) -> dict[str, Any]:
    return of_graph(object_in(texts.get("prompt", "")))


def of_graph(data: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of the first pass, which the size and the seed belong to."""
    graph = Graph(data)
    sampler = graph.first_sampler()
    if sampler is None:
        return {}
    found = {
        "prompt": graph.prompt(sampler, "positive", "conditioning"),
        "negative_prompt": graph.prompt(sampler, "negative"),
        "seed": graph.setting(sampler, "seed", "noise_seed"),
        "steps": graph.setting(sampler, "steps"),
        "guidance_scale": graph.setting(sampler, "cfg", "cfg_scale"),
        "sampler": named(words(graph.setting(sampler, "sampler_name")), words(graph.setting(sampler, "scheduler"))),
        "model": graph.model(sampler),
        **graph.size(sampler),
    }
    return told(found, "ComfyUI")


class Graph:
    """The nodes of a workflow by their keys, as its API has them."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        sound = {key: node for key, node in data.items() if isinstance(node, dict)}
        inputs = {key: node["inputs"] for key, node in sound.items() if isinstance(node.get("inputs"), dict)}
        self.nodes = {
            key: Node(words(sound[key].get("class_type")), dict(islice(given.items(), MOST_INPUTS)))
            for key, given in inputs.items()
        }
        self._near: dict[str, list[Node]] = {}

    def up(self, *starts: str, but: Collection[str] = ()) -> Iterator[Node]:
        return (self.nodes[key] for key in self.keys_up(*starts, but=but))

    def keys_up(self, *starts: str, but: Collection[str] = ()) -> Iterator[str]:
        """The nodes that feed `starts`, from these on and the nearest first, each once.

        Args:
            but: inputs that are not followed.
        """
        waiting, seen = deque(starts), set(starts)
        while waiting:
            at = waiting.popleft()
            node = self.nodes.get(at)
            if node is None or "ZeroOut" in node.kind:  # which makes nothing of whatever it is given
                continue
            yield at
            for name, value in node.inputs.items():
                key = "" if name in but else _linked(value)
                if key and key not in seen:
                    seen.add(key)
                    waiting.append(key)

    def first_sampler(self) -> Node | None:
        """The one behind which there is no other; those after it refine what it made."""
        saves = [key for key, node in self.nodes.items() if "save" in node.kind.casefold()]
        found = self._sampler_behind(*saves) or next((key for key, node in self.nodes.items() if node.samples), "")
        for _ in range(FAR):
            behind = self._sampler_behind(found)
            if not behind:
                break
            found = behind
        return self.nodes.get(found)

    def _sampler_behind(self, *keys: str) -> str:
        """The nearest that feeds these; empty where there is none."""
        but = (*_SIDES, "model", "clip", "vae")
        return next((key for key in self.keys_up(*keys, but=but) if key not in keys and self.nodes[key].samples), "")

    def setting(self, sampler: Node, *names: str) -> str | int | float | None:
        """The value that one of these inputs has in the sampler or, where that has none, in its parts."""
        parts = (self.near(key) for part in _PARTS if (key := sampler.link(part)))
        values = (self.value(node, name) for node in chain([sampler], *parts) for name in names)
        return next((value for value in values if value is not None), None)

    def value(self, node: Node, name: str) -> str | int | float | None:
        """What stands in this input, or in the node that it comes from."""
        if not (key := node.link(name)):
            return _plain(node.inputs.get(name))
        near = (far.inputs.get(given) for far in self.near(key) for given in (name, *_VALUES))
        return next((value for far in near if (value := _plain(far)) is not None), None)

    def near(self, key: str) -> list[Node]:
        if key not in self._near:
            self._near[key] = list(islice(self.up(key), FAR))
        return self._near[key]

    def prompt(self, sampler: Node, side: str, *others: str) -> str:
        """All words on that side, each once; `others` are inputs of a guider that lead there, too."""
        guider = self.nodes.get(sampler.link("guider"), sampler)
        start, no = sampler.link(side) or guider.link(side, *others), _SIDES - {side} | _NO_WORDS
        names = (*_TEXTS, side, f"text_{side}", f"{side}_prompt")
        texts = (words(node.inputs.get(name)) for node in self.up(start, but=no) for name in names)
        return ", ".join(dict.fromkeys(filter(None, texts)))

    def model(self, sampler: Node) -> str:
        """The nearest checkpoint's file."""
        files = (words(node.inputs.get(name)) for node in self.up(sampler.link("model", "guider")) for name in _MODELS)
        return next(filter(None, files), "")

    def size(self, sampler: Node) -> dict[str, object]:
        for node in self.up(sampler.link("latent_image", "latent", "samples"), but=("vae", "model")):
            for width, height in (("width", "height"), ("empty_latent_width", "empty_latent_height")):
                if {width, height} <= node.inputs.keys():
                    return {"width": self.value(node, width), "height": self.value(node, height)}
        return {}


def _plain(value: object) -> str | int | float | None:
    return value if isinstance(value, (str, int, float)) and not isinstance(value, bool) else None
