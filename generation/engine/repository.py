"""A repository of the hub: which of its files a download brings, and what may be in the way.

Only weights as safetensors are wanted, and never any code. HF_ENDPOINT and HF_TOKEN mean what they mean to the hub's
own programs.
"""

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from generation.engine.resuming import Broken, Part, Refused, may_pass

NAME = re.compile(r"([\w-][\w.-]{0,95}/[\w-][\w.-]{0,95})(?:@([\w-][\w./-]{0,199}))?", re.ASCII)
MAIN = "main"
INDEX = "model_index.json"
NOT_LOADED = ("safety_checker", "feature_extractor")  # parts of a pipeline that this site leaves out
_WEIGHTS = re.compile(r"(diffusion_pytorch_model|model)(-\d{5}-of-\d{5})?\.safetensors")
_ANY_WEIGHTS = (".safetensors", ".bin", ".msgpack", ".onnx", ".pt", ".ckpt")
_TEXTS = re.compile(r"[\w-]+(\.safetensors\.index)?\.json|[\w-]+\.txt")
COMMIT = re.compile(r"[0-9a-f]{40}")


def split(name: str) -> tuple[str, str]:
    """'owner/repository@revision' -> both. Raises Refused for anything else.

    >>> split("stable-diffusion-v1-5/stable-diffusion-v1-5")
    ('stable-diffusion-v1-5/stable-diffusion-v1-5', 'main')
    """
    if not is_name(name):
        raise Refused(f"{name[:200]} is no model of the hub: they are named like owner/repository.")
    repository, _, revision = name.partition("@")
    return repository, revision or MAIN


def is_name(name: str) -> bool:
    """Whether a model of the hub could be called so. Then nothing in it leads out of the cache's folder."""
    return bool(NAME.fullmatch(name)) and ".." not in name and "--" not in name and not name.endswith((".", "/"))


@dataclass(frozen=True)
class Plan:
    """What a download will bring."""

    repository: str
    revision: str
    commit: str
    parts: tuple[Part, ...]

    @property
    def size(self) -> int:
        """Bytes in all."""
        return sum(part.size for part in self.parts)


def plan(name: str) -> Plan:
    """Ask the hub what there is. Raises Refused, or Broken: it cannot be reached."""
    repository, revision = split(name)
    with faults_in_words(repository, revision):
        from huggingface_hub import HfApi

        info = HfApi(endpoint=endpoint()).model_info(repository, revision=revision, files_metadata=True, timeout=30)
        commit = str(info.sha)
        if not COMMIT.fullmatch(commit):
            raise Refused(f"The hub's answer about {repository} cannot be understood.")
        sizes = {file.rfilename: file for file in info.siblings or []}
        if INDEX not in sizes:
            raise Refused(
                f"{repository} is no model in diffusers' layout: it has no {INDEX}. A single .safetensors file "
                "of it can be downloaded by hand, into the models folder."
            )
        wanted = _wanted(list(sizes), _components(repository, commit), repository)
    return Plan(repository, revision, commit, tuple(_part(sizes[path]) for path in wanted))


def _part(file: Any) -> Part:
    sha256 = str(file.lfs.sha256) if file.lfs else ""
    is_large = file.size and re.fullmatch(r"[0-9a-f]{64}", sha256)
    return Part(file.rfilename, int(file.size or 0), sha256 if is_large else "")


def _components(repository: str, commit: str) -> list[str]:
    """The folders that the model's index names."""
    from huggingface_hub import get_session, hf_hub_url
    from huggingface_hub.utils import build_hf_headers, hf_raise_for_status  # type: ignore[attr-defined]

    url = hf_hub_url(repository, INDEX, revision=commit, endpoint=endpoint())
    answer = get_session().get(url, headers=build_hf_headers(), timeout=30)
    hf_raise_for_status(answer)
    try:
        index = json.loads(answer.text[: 256 * 1024])
    except (ValueError, RecursionError):
        index = None
    if not isinstance(index, dict):
        raise Refused(f"{repository} cannot be used: its {INDEX} makes no sense.")
    named = [key for key, value in index.items() if isinstance(value, list) and len(value) == 2 and all(value)]
    return [name for name in named if re.fullmatch(r"\w+", name) and name not in NOT_LOADED]


def _wanted(paths: list[str], components: list[str], repository: str) -> list[str]:
    """Of all files those that are loaded: the index, and of each component its texts and its plain safetensors."""
    wanted = [INDEX]
    for component in components:
        names = [path.removeprefix(f"{component}/") for path in paths if path.startswith(f"{component}/")]
        weights = [name for name in names if _WEIGHTS.fullmatch(name)]
        if not weights and any(name.endswith(_ANY_WEIGHTS) for name in names):
            raise Refused(
                f"{repository} has no plain .safetensors weights for its {component}; in other forms they are not "
                "downloaded."
            )
        wanted += [f"{component}/{name}" for name in names if _TEXTS.fullmatch(name)]
        wanted += [f"{component}/{name}" for name in weights]
    return wanted


def endpoint() -> str | None:
    return os.environ.get("HF_ENDPOINT") or None


@contextmanager
def faults_in_words(repository: str, revision: str) -> Iterator[None]:
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")  # read when the library is first imported
    import httpx2
    from huggingface_hub import errors

    try:
        yield
    except errors.GatedRepoError as error:
        raise Refused(
            f"{repository} has terms that somebody has to agree to on huggingface.co/{repository}; then put a token "
            "of that account into HF_TOKEN."
        ) from error
    except errors.RepositoryNotFoundError as error:
        raise Refused(f"There is no {repository} on the hub, or it is private.") from error
    except errors.RevisionNotFoundError as error:
        raise Refused(f"{repository} has no revision {revision}.") from error
    except errors.OfflineModeIsEnabled as error:
        raise Refused("HF_HUB_OFFLINE is set: nothing is downloaded.") from error
    except errors.HfHubHTTPError as error:
        code = error.response.status_code
        raise (Broken if may_pass(code) else Refused)(f"The hub answers with status {code}.") from error
    except (httpx2.HTTPError, errors.LocalEntryNotFoundError) as error:
        raise Broken(f"The hub cannot be reached ({type(error).__name__}).") from error
    except OSError as error:
        raise Refused(f"The cache folder cannot be written to ({error.strerror}).") from error
