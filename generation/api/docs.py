"""The API's own page: django-ninja's needs scripts that the content security policy refuses."""

import json
from typing import Any, NamedTuple

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from generation.api import asking, original
from generation.api.v1 import api

JSON = "-H 'Content-Type: application/json'"


class Call(NamedTuple):
    method: str
    path: str
    scope: str
    words: str
    parameters: list[dict[str, Any]]
    example: str


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """Every call, from the same description that /api/v1/openapi.json gives to programs."""
    site = f"{request.scheme}://{request.get_host()}"
    context = {
        "needs_token": settings.PLAYGROUND_LOGIN_REQUIRED,
        "groups": _groups(site),
        "settings": _settings(),
        "original": _original(site),
    }
    return render(request, "api/docs.html", context)


@require_safe
def description(request: HttpRequest) -> JsonResponse:
    """What /api/v1/openapi.json gives to programs, for whoever reads the page: there a token would be needed."""
    return JsonResponse(api.get_openapi_schema())


def _groups(site: str) -> dict[str, list[Call]]:
    groups: dict[str, list[Call]] = {}
    for path, methods in api.get_openapi_schema()["paths"].items():
        for method, described in methods.items():
            call = _call(site, path, method.upper(), described)
            groups.setdefault(described["tags"][0], []).append(call)
    return groups


def _call(site: str, path: str, method: str, described: dict[str, Any]) -> Call:
    given = [one for one in described.get("parameters", []) if one["in"] != "path"]
    parameters = [{**one, "takes": _takes(one["schema"])} for one in given]
    words = described.get("description") or f"{described['summary']}."
    body = described.get("requestBody", {}).get("content", {}).get("application/json", {}).get("example")
    [scope] = described["security"][0]
    return Call(method, path, scope.lower(), words, parameters, _curl(site + path, method, body))


def _curl(address: str, method: str, body: dict[str, Any] | None = None) -> str:
    named = "" if method == "GET" or body else f"-X {method} "
    token = " \\\n  -H 'Authorization: Bearer TOKEN'" if settings.PLAYGROUND_LOGIN_REQUIRED else ""
    sent = f" \\\n  {JSON} \\\n  -d '{json.dumps(body)}'" if body else ""
    return f"curl {named}{address}{token}{sent}"


def _settings() -> list[tuple[str, str]]:
    return [(name, _takes(schema)) for name, schema in asking.schema()["properties"].items()]


def _takes(schema: dict[str, Any]) -> str:
    """What a value may be, in words.

    >>> _takes({"type": "integer", "minimum": 1, "maximum": 30})
    'integer, 1 to 30'
    """
    schema = next(part for part in schema.get("anyOf", [schema]) if part.get("type") != "null")
    if "enum" in schema:
        return ", ".join(map(str, schema["enum"]))
    words = [schema.get("format") or schema["type"]]
    if "minimum" in schema and "maximum" in schema:
        words.append(f"{schema['minimum']} to {schema['maximum']}")
    if "multipleOf" in schema:
        words.append(f"in steps of {schema['multipleOf']}")
    if "maxLength" in schema:
        words.append(f"up to {schema['maxLength']} characters")
    return ", ".join(words)


def _original(site: str) -> list[Call]:
    return [
        Call(method, path, scope, words, [], _curl(site + path, method, body))
        for method, path, scope, words, body in original.CALLS
    ]
