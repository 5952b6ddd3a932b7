"""The home page, jobs as people watch them, the queue and the worker's state."""

import secrets
from typing import Any, NamedTuple

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe
from django_htmx.http import reselect, reswap, retarget, trigger_client_event

from generation import dropping, inspiration, queue, status
from generation.carried import WITHOUT_A_BOX
from generation.engine.recipe import SEEDS
from generation.fingerprint import UNCHANGED, fingerprint
from generation.forms import HomeForm, RecipeForm, in_threes
from generation.models import Job
from generation.panel import panel_of, queue_versions
from generation.senders import sender_of
from generation.sending import refusal, send, too_much
from generation.usable import from_address
from generation.veil import veiled
from generation.visitors import VisitorRequest
from library.askers import asker_of
from library.models import Batch, Image
from library.settings_of import NoSettings

ENDED_TO_SHOW = 3
"""Jobs that have ended and still stand on the home page of whoever sent them."""


class Tile(NamedTuple):
    """A place for a picture: the image, or what there is of it so far."""

    image: Image | None
    is_now: bool = False
    preview: str = ""
    """WebP in base64."""


@require_safe
@never_cache
def home(request: VisitorRequest) -> HttpResponse:
    taken = from_address(request.GET.dict())
    values, in_all = in_threes({"num_images": 3, **taken.values})
    form = HomeForm(initial=values)
    form.origin = f"{taken.line} {in_all}".strip()
    return _home(request, form)


def _home(request: VisitorRequest, form: HomeForm, code: int = 200) -> HttpResponse:
    beside = panel_of(request, shown_in(form))
    cards = cards_of(request, jobs_of(request), beside["places"])
    return render(request, "generation/home.html", {"form": form, "cards": cards, **beside}, status=code)


def shown_in(form: RecipeForm) -> dict[str, Any]:
    """What stands in the form, right or wrong."""
    return {field.name: field.value() for field in form}


def jobs_of(request: VisitorRequest) -> list[Job]:
    """The visitor's jobs, newest first: all active ones and the last that ended."""
    mine = Job.objects.of(asker_of(request))
    ended = mine.exclude(state__in=Job.ACTIVE).order_by("-pk")[:ENDED_TO_SHOW]
    return sorted([*mine.active(), *ended], key=lambda job: -job.pk)


def cards_of(request: VisitorRequest, jobs: list[Job], places: list[queue.Place] | None = None) -> list[dict[str, Any]]:
    """What `_job_card.html` needs of each job: five queries at most in all.

    Args:
        places: the queue, where the caller has it already.
    """
    (_, order), asker = queue_versions(request), asker_of(request)
    batches = Batch.objects.with_images().in_bulk(
        [job.uuid for job in jobs if _may_have_pictures(job)], field_name="uuid"
    )
    if places is None:
        places = _places_for(jobs, order)
    jobs = [veiled(job, asker) for job in jobs]
    first = places[0].job if places else None
    place_of = {place.job.pk: place for place in places}
    return [
        {
            "job": job,
            "version": card_version(request, job),
            "tiles": _tiles(job, batches.get(job.uuid), is_first=job == first),
            "place": place_of.get(job.pk),
            "is_mine": asker.made(job),
        }
        for job in jobs
    ]


def _may_have_pictures(job: Job) -> bool:
    """Most that wait have none, so that nobody looks for them."""
    return job.state != Job.State.WAITING or job.attempts > 0 or job.recipe.strength is not None


def _places_for(jobs: list[Job], order: str) -> list[queue.Place]:
    """The queue, as far as their cards need it. Those that only wait share one look at it for two seconds.

    A job that is made does not: its card's version tells each change, so a card that had missed one would keep missing.
    """
    active = {job.state for job in jobs if job.is_active}
    if active == {Job.State.WAITING}:
        return queue.shared_places.get(order, queue.places)
    return queue.places() if active else []


def card_version(request: VisitorRequest, job: Job) -> str:
    """Changes whenever the card does. A waiting job's tells its place, too, which the jobs before it change."""
    if job.state == Job.State.RUNNING and job.loading:
        return f"{job.version}-{fingerprint(job.loading)}"
    if job.state != Job.State.WAITING:
        return str(job.version)
    return f"{job.version}-{queue_versions(request)[0]}"


def _tiles(job: Job, batch: Batch | None, *, is_first: bool) -> list[Tile]:
    """A job has its places reserved once it is the first in the queue; those that wait behind it take a line each.

    A place before those that are made now was filled, and its picture deleted since.
    """
    if job.is_veiled:
        return []
    images = {image.position: image for image in batch.kept_images} if batch else {}
    source = [Tile(images.pop(0))] if 0 in images else []
    if not job.is_active or not (images or is_first or job.state == Job.State.RUNNING):
        return [*source, *map(Tile, images.values())] if images else []
    now = range(job.first, job.last + 1) if job.state == Job.State.RUNNING and job.first else range(0)
    return source + [
        Tile(images.get(position), position in now, job.preview.get(position, ""))
        for position in range(1, job.recipe.num_images + 1)
        if position in images or position >= job.first
    ]


@require_http_methods(["GET", "HEAD", "POST"])
def create(request: VisitorRequest) -> HttpResponse:
    if request.method != "POST":  # a form that was refused leaves this address behind; Enter in it asks again
        return redirect("generation:home")
    if "roll" in request.POST and not request.htmx:  # the die of somebody without JavaScript
        return _home(request, HomeForm(initial={**request.POST.dict(), "seed": secrets.randbelow(SEEDS)}))
    if "surprise" in request.POST:
        return _surprise(request)
    form = HomeForm(request.POST)
    job = send(form, sender_of(request))
    if job is None:
        return _invalid(request, form)
    if not request.htmx:
        return redirect("generation:job", job.uuid)
    [card] = cards_of(request, [job])
    response = render(request, "generation/_submitted.html", {"card": card, "form": form})
    return trigger_client_event(response, "queue-changed")


def _surprise(request: VisitorRequest) -> HttpResponse:
    """The form with a prompt that nobody has foreseen; all else in it stays."""
    [prompt] = inspiration.fresh(1)
    return in_its_place(_composer(request, HomeForm(initial={**request.POST.dict(), "prompt": prompt})))


def _invalid(request: VisitorRequest, form: HomeForm) -> HttpResponse:
    code, headers = refusal(form)
    if form.retry_after and request.htmx:
        return too_much(request, form)
    response = in_its_place(_composer(request, form, code))
    for name, value in headers.items():
        response[name] = value
    return response


def in_its_place(response: HttpResponse) -> HttpResponse:
    """A form that htmx puts in the place of the one before at any status; of other errors it shows a sentence."""
    return reselect(reswap(retarget(response, "#composer"), "outerHTML"), "#composer")


def _composer(request: VisitorRequest, form: HomeForm, code: int = 200) -> HttpResponse:
    """The form anew; to others than htmx within its page."""
    if not request.htmx:
        return _home(request, form, code)
    return render(
        request, "generation/_composer.html", {"form": form, **panel_of(request, shown_in(form))}, status=code
    )


@require_http_methods(["GET", "HEAD", "POST"])
def settings_of_picture(request: VisitorRequest) -> HttpResponse:
    """The form, filled in with what a picture was made with; asked to reset, with what has a box alone."""
    if request.method != "POST":  # as in `create`
        return redirect("generation:home")
    typed = request.POST.dict()
    if "reset" in request.POST:
        return _composer(request, HomeForm(initial={**typed, **dict.fromkeys(WITHOUT_A_BOX)}))
    try:
        taken = dropping.take(request.FILES.get("picture"))
    except NoSettings as error:
        form = HomeForm(initial=typed)
        form.refused = str(error)
        return _composer(request, form, code=422)
    form = HomeForm(initial={**typed, **taken.values})
    form.origin = taken.line
    return _composer(request, form)


@require_safe
@never_cache
def inspire(request: VisitorRequest) -> HttpResponse:
    """Ten prompts, each a link to the prompt box; other ones every time."""
    return render(request, "generation/inspiration.html", {"prompts": inspiration.fresh()})


@require_safe
@never_cache
def status_line(request: VisitorRequest) -> HttpResponse:
    now = status.current()
    if request.GET.get("v") == now.version:
        return HttpResponse(status=UNCHANGED)
    return render(request, "_status_and_banner.html", {"status": now})
