"""How a prompt is read: square brackets say what not to draw, `(word:1.3)` how much a word counts."""

import re
from typing import Any

from generation.engine import loras

LEAST, MOST = 0.0, 3.0  # of a weight: beyond, pictures fall apart

_BRACKETS = re.compile(r"(?<!\\)\[([^\[\]]*)(?<!\\)\]")
_WEIGHT = re.compile(r"(?<!\\)\(([^()]{1,500}):\s*(\d{1,3}(?:\.\d{1,6})?|\.\d{1,6})\s*\)")

Fragments = list[tuple[str, float]]


def wanted(prompt: str) -> str:
    """The prompt without what stands in square brackets, and without the names of LoRA files.

    >>> wanted("a fox [snow] in a wood <lora:ink:0.5>")
    'a fox in a wood'
    """
    return _tidy(_BRACKETS.sub(" ", loras.without(prompt)))


def unwanted(prompt: str, negative_prompt: str) -> str:
    """The negative prompt, with what stands in the prompt's square brackets.

    >>> unwanted("a fox [snow] in a wood [people]", "blurry")
    'blurry, snow, people'
    """
    parts = [negative_prompt, *_BRACKETS.findall(loras.without(prompt))]
    return ", ".join(filter(None, map(_tidy, parts)))


def fragments(text: str) -> Fragments:
    """The text in pieces, each with how much it counts.

    >>> fragments("a (red:1.3) fox")
    [('a', 1.0), ('red', 1.3), ('fox', 1.0)]
    """
    found: Fragments = []
    end = 0
    for weighted in _WEIGHT.finditer(text):
        found.append((text[end : weighted.start()], 1.0))
        found.append((weighted[1], min(MOST, max(LEAST, float(weighted[2])))))
        end = weighted.end()
    found.append((text[end:], 1.0))
    return [(_unescaped(tidied), weight) for piece, weight in found if (tidied := _tidy(piece))]


def plain(text: str) -> str:
    """The words alone, without weights.

    >>> plain(r"a (red:1.3) fox \\(2026\\)")
    'a red fox (2026)'
    """
    return " ".join(piece for piece, _ in fragments(text))


EMBEDDINGS = ("prompt_embeds", "negative_prompt_embeds", "pooled_prompt_embeds", "negative_pooled_prompt_embeds")
"""As pipelines take them; Stable Diffusion 1 and 2 have the first two."""


def encode(pipeline: Any, device: Any, wanted: str, unwanted: str, guided: bool) -> dict[str, Any]:
    """The embeddings of both texts, (1, tokens, width) each, by their names in EMBEDDINGS; pooled ones (1, width)."""
    encoded = pipeline.encode_prompt(
        prompt=plain(wanted),
        device=device,
        num_images_per_prompt=1,
        do_classifier_free_guidance=guided,
        negative_prompt=(guided and plain(unwanted)) or None,
    )
    found = dict(zip(EMBEDDINGS, encoded, strict=False))
    for name, text in (("prompt_embeds", wanted), ("negative_prompt_embeds", unwanted if guided else "")):
        weighted = embed(text, pipeline, device)
        if weighted is not None:
            found[name] = weighted
    return found


def embed(text: str, pipeline: Any, device: Any) -> Any:
    """The embeddings of a text, (1, tokens, width), each piece counted as its weight says; None without weights.

    Those of Stable Diffusion XL's two encoders stand side by side. Its pooled ones have no place for weights.
    """
    pieces = fragments(text)
    if all(weight == 1.0 for _, weight in pieces):
        return None
    import torch

    texts, weights = zip(*pieces, strict=True)
    embeddings = [
        provider.get_embeddings_for_weighted_prompt_fragments([list(texts)], [list(weights)], device=device)
        for provider in _providers(pipeline)
    ]
    return torch.cat(embeddings, dim=-1).to(pipeline.text_encoder.dtype)


def _providers(pipeline: Any) -> list[Any]:
    """compel's, one for each text encoder."""
    from compel.embeddings_provider import EmbeddingsProvider, ReturnedEmbeddingsType

    if not hasattr(pipeline, "text_encoder_2"):
        return [EmbeddingsProvider(pipeline.tokenizer, pipeline.text_encoder)]
    layer = ReturnedEmbeddingsType.PENULTIMATE_HIDDEN_STATES_NON_NORMALIZED
    pairs = ((pipeline.tokenizer, pipeline.text_encoder), (pipeline.tokenizer_2, pipeline.text_encoder_2))
    return [EmbeddingsProvider(tokenizer, encoder, returned_embeddings_type=layer) for tokenizer, encoder in pairs]


def _tidy(text: str) -> str:
    return " ".join(text.split())


def _unescaped(text: str) -> str:
    """Without the backslashes that kept a bracket a bracket."""
    return re.sub(r"\\([\[\]()])", r"\1", text)
