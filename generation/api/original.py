"""The calls of the original playground, answered as its pages and scripts expect it."""

import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse

from generation.api import asking, bodies
from generation.api.speaking import Refusal, in_json
from generation.engine.recipe import SEEDS
from generation.models import Job
from generation.senders import sender_of
from generation.veil import veiled
from generation.visitors import VisitorRequest
from library.askers import asker_of
from library.models import Batch, Image
from library.views.deleting import NOT_YOURS, may_delete
from library.views.files import is_in_the_library

NAMES = {"ddim_steps": "steps", "ddim_eta": "eta", "scale": "guidance_scale"}
THEIRS = {
    **{ours: theirs for theirs, ours in NAMES.items()},
    **dict.fromkeys(("source_image", "source_url"), "original_image_path"),
}
SAME = ("prompt", "num_images", "seed", "height", "width", "downsampling_factor", "strength")
RANDOM = (0, SEEDS)
"""Seeds that stand for none: the original's form went one too far."""
NEWEST, MOST = 1000, 100_000  # groups
PATH = re.compile(
    r"library/([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})/([0-9]{2})(?:-original)?\.[a-z]{3,4}"
)


@in_json("POST", scope="generate")
def prompt(request: VisitorRequest) -> HttpResponse:
    asked = {name: value for name, value in bodies.read(request).items() if value not in ("", None)}
    values = {name: asked[name] for name in SAME if name in asked}
    values |= {ours: asked[theirs] for theirs, ours in NAMES.items() if theirs in asked}
    if _is_random(values.get("seed")):
        del values["seed"]
    source = _source(request, asked.get("original_image_path", ""))
    if not source:
        values.pop("strength", None)
    job = asking.submission({**values, **source}, sender_of(request), names=THEIRS)()
    return JsonResponse({"queue_id": str(job.uuid)})


def _is_random(seed: Any) -> bool:
    try:
        return not isinstance(seed, bool) and float(seed) in RANDOM
    except (TypeError, ValueError, OverflowError):
        return False


def _source(request: HttpRequest, path: Any) -> dict[str, str]:
    """The setting that names the source picture; a path is looked up, whatever the disk has."""
    if not path:
        return {}
    if not isinstance(path, str):
        raise Refusal(422, "original_image_path: This has to be text.")
    if path.startswith(("http://", "https://")):
        return {"source_url": path}
    if (image := _image_at(request, path)) is None:
        raise Refusal(422, "original_image_path: There is no such picture in the library.")
    return {"source_image": str(image.uuid)}


def _image_at(request: HttpRequest, path: str) -> Image | None:
    match = PATH.fullmatch(path)
    if match is None:
        return None
    images = Image.objects.kept().select_related("batch")
    image = images.filter(batch__uuid=UUID(match[1]), position=int(match[2])).first()
    if not image or _path(image.batch, image) != path or not is_in_the_library(request, image):
        return None
    return image


def _path(batch: Batch, image: Image) -> str:
    return f"library/{batch.uuid}/{image.name}"


@in_json("GET", scope="read")
def queue_status(request: HttpRequest) -> HttpResponse:
    active = Job.objects.active().defer("worker__preview")
    jobs = sorted(active, key=lambda job: (job.state != Job.State.RUNNING, job.pk))
    asker = asker_of(request)
    return JsonResponse([_waiting(veiled(job, asker)) for job in jobs], safe=False)


def _waiting(job: Job) -> dict[str, Any]:
    return {"queue_id": str(job.uuid), "prompt": job.recipe.prompt, **_settings(job.recipe_data)}


@in_json("GET", scope="read")
def getlibrary(request: HttpRequest) -> HttpResponse:
    limit = request.GET.get("limit", str(NEWEST))
    if not re.fullmatch("[0-9]{1,6}", limit) or int(limit) > MOST:
        raise Refusal(422, f"limit: This is a whole number up to {MOST}.")
    batches = Batch.objects.worth_showing().order_by("-created", "-pk").select_related("source__batch").with_images()
    return JsonResponse([_group(batch) for batch in batches[: int(limit)]], safe=False)


def _group(batch: Batch) -> dict[str, Any]:
    return {
        "text_prompt": batch.words,
        "queue_id": str(batch.uuid),
        "time_taken": float(batch.seconds),
        **_settings(batch.recipe),
        "error": batch.error,
        "original_image_path": _original(batch),
        "creation_unixtime": batch.created.timestamp(),
        "generated_images": [_path(batch, image) for image in batch.kept_images],
    }


def _settings(recipe: Mapping[str, Any]) -> dict[str, float]:
    """Numbers, whatever the recipe leaves out."""
    return {
        **{name: recipe.get(name) or 0 for name in ("num_images", "seed", "height", "width")},
        "ddim_steps": recipe.get("steps") or 0,
        "ddim_eta": float(recipe.get("eta") or 0),
        "scale": float(recipe.get("guidance_scale") or 0),
        "downsampling_factor": recipe.get("downsampling_factor") or 8,
        "strength": -1 if recipe.get("strength") is None else recipe["strength"],
    }


def _original(batch: Batch) -> str:
    """Where the source picture is; empty where there is none, or it was deleted."""
    if batch.source and batch.source.is_kept:
        return _path(batch.source.batch, batch.source)
    return str(batch.recipe.get("source_url") or "")


@in_json("POST", scope="delete")
def deleteimage(request: HttpRequest) -> HttpResponse:
    path = bodies.read(request).get("path")
    image = _image_at(request, path) if isinstance(path, str) else None
    if image and not may_delete(request, image):
        return JsonResponse({"success": False, "error": NOT_YOURS}, status=403)
    if image is None or not Image.objects.filter(pk=image.pk).move_to_trash():
        return JsonResponse({"success": False, "error": "There is no such picture in the library."}, status=404)
    return JsonResponse({"success": True})


FOX = {"prompt": "a fox", "num_images": "3", "ddim_steps": "50"}
GROUPS = f"The newest {NEWEST:,} groups with their pictures; ?limit= asks for another number."
CALLS: tuple[tuple[str, str, str, str, dict[str, Any] | None], ...] = (
    ("POST", "/prompt", "generate", "Ask for pictures.", FOX),
    ("GET", "/queue_status", "read", "The running and the waiting requests, the running one first.", None),
    ("GET", "/getlibrary", "read", GROUPS, None),
    ("POST", "/deleteimage", "delete", "Move a picture to the trash.", {"path": "library/<queue_id>/01.png"}),
)
"""For the page that describes them: method, address, scope, what it does, what is sent."""
