"""From a form that somebody sent to a job: checked, with its source picture, and with what was promised."""

import json
import re
from hashlib import sha256

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from generation import queue
from generation.forms import RecipeForm
from generation.models import Job
from generation.once import Taken, once
from generation.senders import Sender
from generation.waiting import Full


def send(form: RecipeForm, sender: Sender) -> Job | None:
    """Submit what the form asks for. None: the form says what is wrong."""
    if not form.is_valid():
        return None
    try:
        queue.demand_room(sender)  # before a picture is fetched for nothing
        if not form.take_source(sender.key):
            return None
        return _once(form, sender)
    except Full as full:
        form.add_error(None, str(full))
        form.retry_after = full.retry_after
        return None


def _once(form: RecipeForm, sender: Sender) -> Job:
    """A form that is sent twice (a double click) makes one job: it carries a key, new each time it is shown.

    A key that comes with other settings means nothing: somebody changed them after an answer was lost.
    """
    # To fetch a picture took its time: the workers are looked at anew.
    foreseen = queue.places(form.recipe(), now=None if form.source else form.now)

    def submit() -> Job:
        return queue.submit(form.recipe(), sender=sender, source=form.source, promised=foreseen[-1].seconds)

    given = str(form.data.get("once", ""))
    has_key = re.fullmatch(r"[\w-]{1,100}", given, re.ASCII)
    try:
        job, is_new = once(sender.key, f"form {given}", _digest(form), submit) if has_key else (submit(), True)
    except Taken:
        job, is_new = submit(), True
    if is_new:
        queue.share(foreseen, job)
    return job


def _digest(form: RecipeForm) -> str:
    given = {name: str(form.data.get(name, "")) for name in form.fields}
    file = form.files.get("source_file")
    given["source_file"] = f"{file.name} {file.size}" if isinstance(file, UploadedFile) else ""
    return sha256(json.dumps(given, sort_keys=True).encode()).hexdigest()


def refusal(form: RecipeForm) -> tuple[int, dict[str, str]]:
    """Status and headers of the answer to a form that was not submitted."""
    return (429, {"Retry-After": str(form.retry_after)}) if form.retry_after else (422, {})


def too_much(request: HttpRequest, form: RecipeForm) -> HttpResponse:
    """To htmx, whose page shows the sentence alone: what stands in the form stays there, chosen files too."""
    sentence = " ".join(str(error) for errors in form.errors.values() for error in errors)
    return come_back(request, sentence, form.retry_after)


def come_back(request: HttpRequest, sentence: str, seconds: int) -> HttpResponse:
    """Nothing is wrong, but too much is going on."""
    response = render(request, "refused.html", {"sentence": sentence}, status=429)
    response["Retry-After"] = str(seconds)
    return response
