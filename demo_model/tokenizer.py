"""A CLIPTokenizer of our own: byte-level BPE, its merges learned from training captions.

Bytes are its letters, so that unknown words, other scripts and emoji fall into pieces and nothing is unknown.
"""

# transformers' own classes have no types for what is called here.
# mypy: allow-untyped-calls

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from demo_model import captions
from demo_model.compose import Composer
from demo_model.subjects import SUBJECTS, plural

if TYPE_CHECKING:
    from transformers import CLIPTokenizer

LENGTH = 77  # tokens, as every CLIP text encoder has it
TOKENS = 2560  # at most, all told
CAPTIONS = 4000  # of training, to learn from
START, END = "<|startoftext|>", "<|endoftext|>"
# CLIP's own pattern (https://github.com/openai/CLIP/blob/main/clip/simple_tokenizer.py).
WORDS = r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"


def texts(composer: Composer) -> Iterator[str]:
    """What merges are learned from: captions, and every name and keyword often enough to become one token."""
    for number in range(CAPTIONS):
        yield composer.caption(number)
    for subject in SUBJECTS:
        for name in (*subject.names, *subject.keywords):
            yield from (name, plural(name)) * 3
    for wordings in captions.SCENES.values():
        yield from wordings * 3


def learn(lines: Iterator[str]) -> CLIPTokenizer:
    """The tokenizer whose merges are learned from the lines.

    Merges that are equally frequent come in another order each time, so a tokenizer belongs to its weights.
    """
    import json

    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers
    from transformers import CLIPTokenizer

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    learner = Tokenizer(models.BPE(continuing_subword_prefix="", end_of_word_suffix="</w>", unk_token=END))
    learner.normalizer = normalizers.Sequence(
        [normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()]
    )
    words = pre_tokenizers.Split(Regex(WORDS), behavior="removed", invert=True)
    learner.pre_tokenizer = pre_tokenizers.Sequence([words, pre_tokenizers.ByteLevel(add_prefix_space=False)])
    trainer = trainers.BpeTrainer(
        vocab_size=TOKENS - len(alphabet) - 2,  # the alphabet comes twice, see below
        min_frequency=2,
        initial_alphabet=alphabet,
        end_of_word_suffix="</w>",
        show_progress=False,
    )
    learner.train_from_iterator(lines, trainer)
    found = json.loads(learner.to_str())["model"]
    # In CLIP's order: bytes, bytes that end a word, merges, the two special tokens.
    learned = sorted(found["vocab"], key=found["vocab"].__getitem__)
    in_order = dict.fromkeys([*alphabet, *(letter + "</w>" for letter in alphabet), *learned, START, END])
    vocabulary = {token: number for number, token in enumerate(in_order)}
    merges = [tuple(merge) for merge in found["merges"]]
    return CLIPTokenizer(vocab=vocabulary, merges=merges, model_max_length=LENGTH)  # type: ignore[arg-type]


def load_or_learn(folder: Path, composer: Composer) -> CLIPTokenizer:
    from transformers import CLIPTokenizer

    if not folder.exists():
        learn(texts(composer)).save_pretrained(folder)
    tokenizer: CLIPTokenizer = CLIPTokenizer.from_pretrained(folder)
    return tokenizer
