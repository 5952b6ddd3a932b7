"""Every address that the site has."""

import re
from collections.abc import Iterator
from typing import Any

from django.urls import URLPattern, URLResolver


def every_path(patterns: list[Any], values: dict[str, Any], start: str = "/") -> Iterator[str]:
    """Every address of the site, its parameters filled in from `values`, else with 1."""
    for pattern in patterns:
        route = str(pattern.pattern)
        route = re.sub(r"<(?:\w+:)?(\w+)>", lambda match: str(values.get(match[1], 1)), route)
        route = re.sub(r"\(\?P<\w+>.*?\)\$?$", "1", route).strip("^$")
        if isinstance(pattern, URLResolver):
            yield from every_path(pattern.url_patterns, values, start + route)
        elif isinstance(pattern, URLPattern):
            yield start + route


def every_name(patterns: list[Any], start: str = "") -> Iterator[str]:
    """Of every view, as `request.resolver_match.view_name` has it."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from every_name(pattern.url_patterns, f"{start}{pattern.namespace}:" if pattern.namespace else start)
        elif isinstance(pattern, URLPattern):
            yield start + (pattern.name or pattern.lookup_str)
