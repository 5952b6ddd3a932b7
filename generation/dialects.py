"""Which addresses are for programs, and how these are refused: in JSON, always."""

from typing import Any

from django.http import JsonResponse

ORIGINAL = ("/prompt", "/queue_status", "/getlibrary", "/deleteimage")
"""The calls of the original playground, which its pages and scripts make."""


def speaks_json(path: str) -> bool:
    return path in ORIGINAL or (path.startswith("/api/") and not path.startswith("/api/docs"))


def refusal(status: int, sentence: str, **more: Any) -> JsonResponse:
    return JsonResponse({"error": sentence, **more}, status=status)
