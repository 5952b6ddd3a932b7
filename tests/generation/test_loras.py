"""How a prompt names LoRA files, which are there, and their hashes."""

import hashlib
import json
import os
from pathlib import Path

import pytest

from generation.engine import loras
from generation.engine.loras import NoLora


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("watercolour", "snow", "old style"):
        (tmp_path / "lora").mkdir(exist_ok=True)
        (tmp_path / "lora" / f"{name}.safetensors").touch()
    return tmp_path / "lora"


def test_files_are_known_by_their_names(folder: Path) -> None:
    for other in ("pickle.pt", "pickle.ckpt", ".hidden.safetensors", "a<b.safetensors", "a:b.safetensors", "x"):
        (folder / other).touch()
    (folder / "a folder.safetensors").mkdir()
    Path(os.fsdecode(os.fsencode(folder) + b"/\xff.safetensors")).touch()
    assert list(loras.there(folder)) == ["old style", "snow", "watercolour"]
    assert loras.there(folder / "none") == {}


@pytest.mark.parametrize(
    ("prompt", "asked"),
    [
        ("a fox", {}),
        ("a fox <lora:snow:0.8>", {"snow": 0.8}),
        ("<lora:snow>a fox", {"snow": 1.0}),
        ("a <lora:snow:-2> fox <lora:old style: 1.25 >", {"snow": -2.0, "old style": 1.25}),
        ("<lora:snow:.5><lora:snow:0>", {"snow": 0.0}),
        ("a <LORA:snow:1> fox, <lora:>, <lyco:snow:1>", {}),
    ],
)
def test_a_prompt_names_files_and_their_weights(prompt: str, asked: dict[str, float]) -> None:
    assert loras.asked(prompt) == asked
    assert loras.count(prompt) == prompt.count("<lora:") - prompt.count("<lora:>")


@pytest.mark.parametrize(
    ("prompt", "sentence"),
    [
        ("<lora:rain:1>", "There is no LoRA file called rain here. There are old style, snow, watercolour."),
        ("<lora:Snow:1>", "There is no LoRA file called Snow here."),
        ("<lora:../lora/snow:1>", "There is no LoRA file called ../lora/snow here."),
        ("<lora:/etc/passwd>", "There is no LoRA file called /etc/passwd here."),
        ("<lora:snow:2.01>", "The weight of a LoRA file is -2 to 2; snow has 2.01."),
        ("<lora:snow:-3>", "The weight of a LoRA file is -2 to 2; snow has -3."),
        ("<lora:snow:much>", "<lora:snow:much> cannot be read"),
        ("<lora:snow:0.8:0.5>", "<lora:snow:0.8:0.5> cannot be read"),
        ("<lora:snow:nan>", "cannot be read"),
        ("<lora:snow:1e9>", "cannot be read"),
        ("<lora:snow:٣>", "cannot be read"),
        ("".join(f"<lora:{number}>" for number in range(9)), "At most 8 LoRA files"),
        ("<lora:" + "x" * 200 + ">", "called " + "x" * 59 + "… here"),
    ],
)
def test_what_cannot_be_used_is_said_in_a_sentence(folder: Path, prompt: str, sentence: str) -> None:
    with pytest.raises(NoLora) as refused:
        loras.chosen(prompt, folder)
    assert str(refused.value).startswith(sentence) or sentence in str(refused.value)


def test_where_there_are_none_the_sentence_says_where_they_belong(tmp_path: Path) -> None:
    with pytest.raises(NoLora, match="There are none: the owner of this site puts them into models/lora"):
        loras.chosen("<lora:snow>", tmp_path / "lora")


def test_many_files_are_not_all_named(tmp_path: Path) -> None:
    for number in range(30):
        (tmp_path / f"file {number:02d}.safetensors").touch()
    with pytest.raises(NoLora, match=r"file 19 and 10 more\.$"):
        loras.chosen("<lora:snow>", tmp_path)


@pytest.mark.parametrize(
    ("prompt", "weights", "result"),
    [
        ("a fox", {"snow": 0.5}, "a fox <lora:snow:0.5>"),
        ("a fox", {"snow": 0.0}, "a fox"),
        ("a fox", {}, "a fox"),
        ("a <lora:snow:2> fox <lora:ink>", {"snow": 0.5}, "a fox <lora:ink> <lora:snow:0.5>"),
        ("a fox <lora:snow:2>", {"snow": 0.0}, "a fox"),
        ("", {"snow": -1.0}, "<lora:snow:-1>"),
    ],
)
def test_weights_are_written_into_a_prompt(prompt: str, weights: dict[str, float], result: str) -> None:
    assert loras.with_weights(prompt, weights) == result


def a_file(path: Path, content: bytes, **metadata: str) -> Path:
    header = json.dumps({"__metadata__": metadata} if metadata else {}).encode()
    path.write_bytes(len(header).to_bytes(8, "little") + header + content)
    return path


def test_the_hash_is_that_of_the_weights_as_a1111_counts_it(tmp_path: Path) -> None:
    path = a_file(tmp_path / "snow.safetensors", b"weights")
    expected = hashlib.sha256(b"weights").hexdigest()
    assert (loras.content_hash(path), loras.shown_hash(path)) == (expected, expected[:12])
    assert loras.hashes("a fox <lora:snow:0.5>", tmp_path) == f"snow: {expected[:12]}"
    named = a_file(tmp_path / "snow.safetensors", b"weights", author="somebody")
    assert loras.content_hash(named) == expected


def test_a_hash_that_the_trainer_wrote_is_shown(tmp_path: Path) -> None:
    path = a_file(tmp_path / "snow.safetensors", b"weights", sshs_model_hash="0123456789abcdef" * 4)
    assert loras.shown_hash(path) == "0123456789ab"
    path = a_file(tmp_path / "snow.safetensors", b"weights", sshs_model_hash="Steps: 20, Seed: 1")
    assert loras.shown_hash(path) == hashlib.sha256(b"weights").hexdigest()[:12]


@pytest.mark.parametrize("content", [b"", b"\xff", b"\xff" * 8, b"\xff" * 100, b"\x05" + bytes(7) + b"[[[[["])
def test_any_file_has_a_hash(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "snow.safetensors"
    path.write_bytes(content)
    assert len(loras.shown_hash(path)) == 12


def test_a_file_that_was_replaced_has_another_hash(tmp_path: Path) -> None:
    path = a_file(tmp_path / "snow.safetensors", b"weights")
    before = loras.content_hash(path)
    a_file(path, b"other weights")
    assert loras.content_hash(path) != before


def test_what_is_not_used_or_not_there_has_no_hash(folder: Path) -> None:
    assert loras.hashes("a fox", folder) == ""
    assert loras.hashes("a fox <lora:snow:0>", folder) == ""
    assert loras.hashes("a fox <lora:rain:1>", folder) == ""
