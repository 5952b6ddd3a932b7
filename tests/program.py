"""A program that talks to the site."""

import json
from typing import Any

from django.http import HttpResponse
from django.test import Client

from tests.pages import browser

JSON = "application/json"


class Program:
    """Sends and reads JSON, over a client without cookies unless it is given one."""

    def __init__(self, client: Client | None = None) -> None:
        self.client = client or browser()

    def send(self, path: str, values: Any = None, *, method: str = "POST", **headers: str) -> Any:
        """The answer; `values` as JSON, or text as it stands."""
        body = values if isinstance(values, (str, bytes)) else json.dumps(values or {})
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.generic(method, path, body, content_type=JSON, headers=named)

    def get(self, path: str, **query: Any) -> Any:
        """What a question is answered with."""
        answer = self.client.get(path, query)
        assert answer.status_code == 200, answer.content
        return answer.json()


def refused(answer: HttpResponse, status_code: int, sentence: str = "") -> None:
    """It is JSON with a sentence that has this in it."""
    assert (answer.status_code, answer["Content-Type"]) == (status_code, JSON)
    error = json.loads(answer.content)["error"]
    assert error.endswith(".")
    assert sentence in error
