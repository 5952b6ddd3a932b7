"""Others' words in the queue, which PLAYGROUND_QUEUE_WORDS can hide: nothing that leaves the server has them then."""

from copy import copy

from django.conf import settings

from generation.models import Job
from library.askers import Asker


def is_veiling() -> bool:
    return bool(settings.PLAYGROUND_QUEUE_WORDS != "everyone")


def veiled(job: Job, asker: Asker) -> Job:
    """The job as the asker may see it: of somebody else's a copy that only says how it is with it."""
    if not is_veiling() or asker.made(job):
        return job
    shown = copy(job)
    shown.is_veiled = True
    shown.recipe_data = {"prompt": "", "seed": 0, "num_images": job.recipe.num_images}
    shown.worker, shown.error, shown.remake_of = None, "", None  # the worker's row has the previews
    return shown
