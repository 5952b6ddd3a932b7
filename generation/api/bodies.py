"""What a program sends, read with care: JSON can carry more than any setting can."""

import json
from hashlib import sha256
from math import isfinite
from typing import Any, NoReturn

from django.http import HttpRequest
from django.utils.datastructures import MultiValueDict

from generation.api.speaking import JSON, MULTIPART, Refusal

LONGEST = 1024 * 1024  # bytes of JSON


class _Nonsense(ValueError):
    """It is written correctly and means nothing."""


def read(request: HttpRequest) -> dict[str, Any]:
    """The object in the body of the request.

    Raises:
        Refusal: there is none, or it could mean different things to different readers.
    """
    if request.content_type != JSON:
        raise Refusal(415, f"Send it as JSON, with the header “Content-Type: {JSON}”.")
    if int(request.META.get("CONTENT_LENGTH") or 0) > LONGEST:
        raise Refusal(413, f"That is too large: {LONGEST // 1024**2} MiB of JSON is the most that is read.")
    data = _parse(request.body)
    if not isinstance(data, dict):
        raise Refusal(400, "The JSON has to be an object, such as {“prompt”: “a fox”}.")
    return data


def _parse(body: bytes) -> Any:
    try:
        data = json.loads(
            body.decode("utf-8-sig"), object_pairs_hook=_object, parse_constant=_constant, parse_float=_float
        )
        json.dumps(data, ensure_ascii=False).encode()
    except _Nonsense as error:
        raise Refusal(400, str(error)) from error
    except UnicodeError as error:
        raise Refusal(400, "The JSON contains something that is not text.") from error
    except RecursionError as error:
        raise Refusal(400, "The JSON is nested too deeply.") from error
    except ValueError as error:
        raise Refusal(400, "That is not JSON.") from error
    return data


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Nonsense("A name stands twice in one object of the JSON.")
    return found


def _constant(name: str) -> NoReturn:
    raise _Nonsense(f"{name} is no number that anything could be set to.")


def _float(text: str) -> float:
    number = float(text)
    if not isfinite(number):
        raise _Nonsense("The JSON contains a number beyond all bounds.")
    return number


Files = MultiValueDict[str, Any]


def read_fields(request: HttpRequest) -> tuple[dict[str, Any], Files]:
    """(values, files): those of a form with files, or the object in the body, which can have none."""
    if request.content_type != MULTIPART:
        return read(request), MultiValueDict()
    values = {name: value for name, value in request.POST.dict().items() if name != "csrfmiddlewaretoken"}
    return values, request.FILES


def digest(values: dict[str, Any], files: Files) -> str:
    """The same for the same request, however its JSON is written."""
    found = sha256(json.dumps(values, sort_keys=True).encode())
    for name, file in [(name, file) for name, given in sorted(files.lists()) for file in given]:
        found.update(f"\n{name} {file.size}\n".encode())
        for chunk in file.chunks():
            found.update(chunk)
        file.seek(0)
    return found.hexdigest()
