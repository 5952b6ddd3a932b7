"""Checkpoints that are pickles with a payload: read by nobody who would run it, and named."""

import builtins
import os
import pickle
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from generation.engine import weights


class Payload:
    """Calls something when it is unpickled."""

    def __init__(self, call: Callable[..., Any], *arguments: Any) -> None:
        self.call, self.arguments = call, arguments

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return self.call, self.arguments


def payloads(target: Path) -> dict[str, Payload]:
    code = f"open({str(target)!r}, 'w').close()"
    return {
        "os.system": Payload(os.system, f"touch {target}"),
        "subprocess": Payload(subprocess.check_output, ["touch", str(target)]),
        "exec": Payload(exec, code),
        "eval": Payload(eval, code),
        "import": Payload(getattr, Payload(builtins.__import__, "os"), "name"),
        "a file": Payload(Path.touch, target),
        "another pickle": Payload(pickle.loads, pickle.dumps(Payload(exec, code))),
    }


@pytest.mark.parametrize("kind", payloads(Path("x")))
@pytest.mark.parametrize("place", ["alone", "beside weights", "old"])
def test_cve_2024_12029_a_payload_is_named_and_not_run(tmp_path: Path, kind: str, place: str) -> None:
    import torch

    target, file = tmp_path / "sprung", tmp_path / "evil.ckpt"
    payload = payloads(target)[kind]
    if place == "old":
        file.write_bytes(pickle.dumps({"state_dict": payload}))
    else:
        torch.save(payload if place == "alone" else {"state_dict": {"a": torch.zeros(1)}, "b": payload}, file)
    with pytest.raises(ValueError, match=r"^it (would execute|is no checkpoint)"):
        weights.shapes(file)
    assert not target.exists()


def test_cve_2025_32434_a_torch_whose_weights_only_runs_code_reads_no_pickle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    torch.save({"a": torch.zeros(1)}, tmp_path / "sound.ckpt")
    assert weights.shapes(tmp_path / "sound.ckpt") == {"a": (1,)}
    for version in ("2.5.1", "1.13.0", "2.5.1+cu121"):
        monkeypatch.setattr(torch, "__version__", version)
        with pytest.raises(ValueError, match=r"^this PyTorch is too old"):
            weights.shapes(tmp_path / "sound.ckpt")
