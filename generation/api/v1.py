"""The site's own dialect, below /api/v1/."""

import re
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from ninja import NinjaAPI, Query, Status
from ninja.errors import ValidationError
from ninja.openapi.schema import OpenAPISchema
from ninja.operation import Operation

from generation import defaults, known_models, queue, status
from generation.api import asking, bodies
from generation.api.pictures import router as pictures
from generation.api.schemas import (
    JobOut,
    Jobs,
    Loras,
    Models,
    Queue,
    Refused,
    Samplers,
    StatusOut,
    jobs_out,
    model_out,
    sent_out,
)
from generation.api.scopes import Delete, Generate, Read
from generation.api.speaking import Refusal
from generation.dialects import refusal
from generation.engine import loras
from generation.engine.samplers import SAMPLERS
from generation.models import Job
from generation.once import Taken, job_of, once
from generation.senders import sender_of
from generation.visitors import VisitorRequest
from library.askers import asker_of

Limit = Annotated[int, Query(ge=1, le=100)]
State = Literal["waiting", "running", "done", "failed", "cancelled"]


REFUSALS = {401: "No token where one is asked for, or an unknown one.", 403: "Not yours to do, or not this token's."}


class Api(NinjaAPI):
    def get_openapi_schema(self, **options: Any) -> OpenAPISchema:
        """With the refusals that any call may meet."""
        schema = super().get_openapi_schema(**options)
        content = {"application/json": {"schema": {"$ref": "#/components/schemas/Refused"}}}
        for described in (described for methods in schema["paths"].values() for described in methods.values()):
            for code, words in REFUSALS.items():
                described["responses"].setdefault(code, {"description": words, "content": content})
        return schema

    def get_openapi_operation_id(self, operation: Operation) -> str:
        return str(operation.view_func.__name__)


api = Api(title="Playground", version="1", docs_url=None, urls_namespace="api", auth=Delete())
"""A call that does not name its scope needs the one that reaches furthest."""
api.add_router("/images", pictures)


@api.exception_handler(Refusal)
def refused(request: HttpRequest, error: Refusal) -> HttpResponse:
    return error.response


@api.exception_handler(Taken)
def taken(request: HttpRequest, error: Taken) -> HttpResponse:
    return refusal(409, "Another request was sent with this Idempotency-Key within the last 24 hours.")


@api.exception_handler(Http404)
def not_found(request: HttpRequest, error: Http404) -> HttpResponse:
    return refusal(404, "There is nothing here. It may have been deleted.")


@api.exception_handler(ValidationError)
def not_valid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    fields = {str(found["loc"][-1]): [f"{found['msg']}."] for found in error.errors}
    return refusal(422, " ".join(f"{name}: {fields[name][0]}" for name in fields), fields=fields)


ASKED = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": asking.schema(), "example": {"prompt": "a fox", "num_images": 3}}},
    },
    "parameters": [
        {
            "in": "header",
            "name": "Idempotency-Key",
            "description": "1 to 255 visible ASCII characters. Sent again within 24 hours, it makes no second job.",
            "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
        }
    ],
}


MADE = {201: JobOut, 200: JobOut, **dict.fromkeys((400, 409, 413, 415, 422, 429), Refused)}


@api.post("/jobs", auth=Generate(), response=MADE, tags=["jobs"], openapi_extra=ASKED)
def create_job(request: VisitorRequest) -> HttpResponseBase | Status[Any]:
    """Ask for pictures. Settings that are left out, empty or null mean the default.

    A picture may have `max_pixels` px in all, which /status tells: what fits here, or what the owner allows.
    """
    values, files = bodies.read_fields(request)
    key, digest = request.headers.get("Idempotency-Key"), bodies.digest(values, files)
    if key is not None and not re.fullmatch(r"[\x21-\x7e]{1,255}", key):
        raise Refusal(400, "An Idempotency-Key has 1 to 255 visible ASCII characters.")
    sender = sender_of(request)
    job = job_of(sender.key, key, digest) if key else None
    is_new = job is None
    if job is None:
        submit = asking.submission(values, sender, files=files)
        job, is_new = once(sender.key, key, digest, submit) if key else (submit(), True)
    return Status(201 if is_new else 200, sent_out(job, asker=sender))


@api.get("/jobs", auth=Read(), response={200: Jobs, 422: Refused}, tags=["jobs"])
def list_jobs(
    request: VisitorRequest,
    state: State | None = None,
    mine: bool = False,
    after: UUID | None = None,
    limit: Limit = 20,
) -> dict[str, Any]:
    """Everybody's jobs, or only yours, the newest first."""
    jobs = Job.objects.of(asker_of(request)) if mine else Job.objects.all()
    if state:
        jobs = jobs.filter(state=state)
    if after:
        jobs = jobs.filter(pk__lt=_cursor(after).pk)
    found = list(jobs.order_by("-pk").select_related("person")[: limit + 1])
    more, found = len(found) > limit, found[:limit]
    return {"jobs": jobs_out(found, asker=asker_of(request)), "next": found[-1].uuid if more else None}


def _cursor(uuid: UUID) -> Job:
    if (job := Job.objects.filter(uuid=uuid).first()) is None:
        raise Refusal(422, "after: There is no such job.")
    return job


@api.get("/jobs/{uuid:job}", auth=Read(), response={200: JobOut, 404: Refused}, tags=["jobs"])
def show_job(request: VisitorRequest, job: UUID) -> dict[str, Any]:
    """One job, with its pictures so far."""
    [told] = jobs_out([get_object_or_404(Job.objects.select_related("person"), uuid=job)], asker=asker_of(request))
    return told


@api.post("/jobs/{uuid:job}/cancel", auth=Generate(), response={200: JobOut, 403: Refused, 404: Refused}, tags=["jobs"])
def cancel_job(request: VisitorRequest, job: UUID) -> dict[str, Any]:
    """Stop a job: yours, or one that was sent without a visitor's cookie. One that has ended stays as it is."""
    found = get_object_or_404(Job, uuid=job)
    is_nobodys = not found.visitor and found.person_id is None
    if not (is_nobodys or asker_of(request).made(found) or request.user.is_staff):
        raise Refusal(403, "Only whoever sent a job can cancel it.")
    found.cancel()
    return show_job(request, job)


@api.get("/queue", auth=Read(), response=Queue, tags=["queue"])
def show_queue(request: VisitorRequest) -> dict[str, Any]:
    """Everybody's running and waiting jobs in the order in which they are made."""
    places = queue.places()
    return {"jobs": jobs_out([place.job for place in places], asker=asker_of(request), places=places)}


@api.get("/models", auth=Read(), response=Models, tags=["settings"])
def list_models(request: HttpRequest) -> dict[str, Any]:
    """The models there are, as the worker has found them; the first that can be used is the default."""
    return {"models": [model_out(told) for told in known_models.told()]}


@api.get("/samplers", auth=Read(), response=Samplers, tags=["settings"])
def list_samplers(request: HttpRequest) -> dict[str, Any]:
    """The samplers by the names that people know."""
    return {"samplers": list(SAMPLERS)}


@api.get("/loras", auth=Read(), response=Loras, tags=["settings"])
def list_loras(request: HttpRequest) -> dict[str, Any]:
    """LoRA files by their names: a prompt uses one by `<lora:name:0.8>`."""
    return {"loras": list(loras.there(defaults.lora_folder()))}


@api.get("/status", auth=Read(), response=StatusOut, tags=["settings"])
def show_status(request: HttpRequest) -> dict[str, Any]:
    """How the workers are."""
    now = status.current()
    told = ("state", "words", "notice", "model", "is_demo", "lanes", "seconds_per_image", "defaults")
    active = Job.objects.filter(state__in=Job.ACTIVE).count()
    return {**{name: getattr(now, name) for name in told}, "max_pixels": now.limit.pixels, "jobs": active}
