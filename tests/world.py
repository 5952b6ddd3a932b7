"""A site with one thing behind every address, and the people who may come to it."""

import copy
import http.cookies
import json
import re
from typing import Any

from django.apps import apps
from django.contrib.auth.models import User
from django.core import signing
from django.db import transaction
from django.utils import timezone

from generation import queue
from generation.engine.recipe import Recipe
from generation.models import Download, KnownModel
from generation.senders import Sender
from library.models import Batch
from people.models import SCOPES, Invitation, Token
from tests.library.make import a_batch, an_image, trashed
from tests.pages import browser

WAITING = "a zebra that nobody may know of"
"""The words of the maker's job that waits."""
LOST = "a mammoth that was thrown away"
"""Those of a picture in the trash."""


class World:
    """
    Args:
        shut: the site asks for accounts: the maker has one, and the things are that account's.
    """

    def __init__(self, *, shut: bool) -> None:
        self.people = {
            "maker": User.objects.create_user("maker"),
            "member": User.objects.create_user("member"),
            "staff": User.objects.create_user("staff", is_staff=True),
            "owner": User.objects.create_superuser("owner"),
        }
        maker = self.people["maker"] if shut else None
        sender = Sender("", maker) if maker else Sender("maker")
        self.image = an_image(_of(a_batch("a fox", visitor=sender.visitor), maker))
        self.other = an_image(_of(a_batch("an owl", visitor=sender.visitor), maker))
        self.lost = trashed(an_image(_of(a_batch(LOST, visitor=sender.visitor), maker)))
        self.job = queue.submit(Recipe(prompt=WAITING, seed=1, width=64, height=64), sender=sender)
        self.download = Download.objects.start("owner/model")
        KnownModel.objects.create(path="/x", name="two", is_told=True)
        self.invitation, self.told = Invitation.objects.make(self.people["owner"], days=7)
        self.files = {image.path: image.path.read_bytes() for image in (self.image, self.other, self.lost)}
        self._tokens = {
            scope: Token.objects.make(self.people["maker" if shut else "member"], name=scope, scopes=[scope])[1]
            for scope in SCOPES
        }
        Token.objects.update(last_used=timezone.now())
        self.token, _ = Token.objects.make(self.people["maker"], name="to be revoked", scopes=["read"])
        self.client = browser()
        self.client.raise_request_exception = False
        self._cookies = {role: self._cookies_of(role, shut=shut) for role in ("maker", "other visitor", *self.people)}

    def _cookies_of(self, role: str, *, shut: bool) -> http.cookies.SimpleCookie:
        client = browser()
        if role in ("maker", "other visitor"):
            client.cookies["visitor"] = signing.get_cookie_signer(salt="visitor").sign(role)
        if role in self.people and (role != "maker" or shut):
            client.force_login(self.people[role])
        return client.cookies

    def ask(self, role: str, method: str, route: str, *, undo: bool = True, **headers: str) -> Any:
        """The answer to a request that makes sense there.

        Args:
            undo: whatever it changed is as it was again.
        """
        looks = method in ("GET", "HEAD", "OPTIONS")
        sent = {} if looks else self._body(route)
        if not undo:
            return self.send(role, method, self.address(route, looks=looks), headers, **sent)
        with transaction.atomic():
            answer = self.send(role, method, self.address(route, looks=looks), headers, **sent)
            transaction.set_rollback(True)
        for path, data in self.files.items():
            if not path.exists():
                path.parent.mkdir(exist_ok=True)
                path.write_bytes(data)
        return answer

    def token_of(self, scope: str) -> str:
        return self._tokens[scope]

    def send(self, role: str, method: str, address: str, headers: dict[str, str], **sent: str) -> Any:
        self.client.cookies = copy.deepcopy(self._cookies.get(role, http.cookies.SimpleCookie()))
        token = {"authorization": f"Bearer {self._tokens[role]}"} if role in self._tokens else {}
        answer = self.client.generic(method, address, headers={**headers, **token}, **sent)
        answer.body = b"".join(answer).decode(errors="replace")  # type: ignore[attr-defined]
        return answer

    def address(self, route: str, *, looks: bool) -> str:
        """Where there is something: a route's parameters filled in."""
        image = self.lost if route.startswith("trash/") or route.endswith("/restore") else self.image
        model = re.match(r"admin/(auth|people|library|generation)/(\w+)/", route)
        row = apps.get_model(model[1], model[2])._default_manager.first() if model else None
        values = {
            "uuid": self.job.uuid,
            "job": self.job.uuid,
            "batch": image.batch.uuid,
            "position": 1,
            "image": image.uuid,
            "name": image.name,
            "told": self.told,
            "invitation": self.invitation.uuid,
            "token": self.token.uuid,
            "object_id": getattr(row, "pk", 1),
            "id": self.people["maker"].pk,
        }
        if route.startswith("downloads/"):
            values["uuid"] = self.download.uuid
        if route.startswith("images/"):
            values["uuid"] = image.uuid
        if "two_digits" in route:
            return image.download_url
        path = re.sub(r"<(?:\w+:)?(\w+)>", lambda match: str(values.get(match[1], 1)), route)
        path = re.sub(r"\^?\(\?P<\w+>(\w+).*?\)(/?)\$$", r"\1\2", path)
        return f"/{path}" + (f"?a={self.image.uuid}&b={self.other.uuid}" if "compare" in route and looks else "")

    def _body(self, route: str) -> dict[str, str]:
        image = self.lost if route.startswith("trash/") else self.image
        if f"/{route}".startswith(("/api/", "/prompt", "/deleteimage")):
            path = f"library/{image.batch.uuid}/{image.name}"
            sent = json.dumps({"path": path} if route == "deleteimage" else {"prompt": "a fox"})
            return {"data": sent, "content_type": "application/json"}
        fields = {
            "jobs/": "prompt=a+fox",
            "advanced/": "prompt=a+fox",
            "settings/": "reset=yes",
            "downloads/": "name=owner/other",
            "models/prediction/": "model=two&prediction_type=epsilon",
            "account/tokens/": "name=x&scopes=read",
            "invitations/": "days=7",
        }
        sent = fields.get(route, f"images={image.uuid}&favourite=yes")
        return {"data": sent, "content_type": "application/x-www-form-urlencoded"}


def _of(batch: Batch, person: User | None) -> Batch:
    Batch.objects.filter(pk=batch.pk).update(person=person)
    batch.refresh_from_db()
    return batch


def everything() -> dict[str, list[Any]]:
    """All rows of all tables."""
    return {model._meta.label: list(model._default_manager.order_by("pk").values()) for model in apps.get_models()}
