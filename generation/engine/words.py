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


def embed(text: str, pipeline: Any, device: Any) -> Any:
    """The embeddings of a text, (1, tokens, width), each piece counted as its weight says; None without weights."""
    pieces = fragments(text)
    if all(weight == 1.0 for _, weight in pieces):
        return None
    from compel.embeddings_provider import EmbeddingsProvider

    provider = EmbeddingsProvider(pipeline.tokenizer, pipeline.text_encoder)
    texts, weights = zip(*pieces, strict=True)
    embeddings = provider.get_embeddings_for_weighted_prompt_fragments([list(texts)], [list(weights)], device=device)
    return embeddings.to(pipeline.text_encoder.dtype)


def _tidy(text: str) -> str:
    return " ".join(text.split())


def _unescaped(text: str) -> str:
    """Without the backslashes that kept a bracket a bracket."""
    return re.sub(r"\\([\[\]()])", r"\1", text)
