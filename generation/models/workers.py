"""Workers: what lives, whether they may work, and how fast they turned out to be."""

from collections.abc import Iterable

from django.conf import settings
from django.db import models
from django.db.models import F
from django.db.models.functions import Least
from django.utils import timezone

from generation.engine.recipe import Recipe

RECENT = 4
"""Of how many the mean counts as the pace: few enough to follow a machine that gets busy."""


def together(recipe: Recipe, group_size: int, max_pixels: int) -> int:
    """How many of a recipe's pictures are denoised together: as many as pay, fit and may be, at least one."""
    fitting = max_pixels // recipe.pixels if max_pixels else group_size
    return max(1, min(group_size, fitting, settings.PLAYGROUND_MOST_TOGETHER))


class Worker(models.Model):
    """One life of a worker process. The row goes when the life is known to be over."""

    class State(models.TextChoices):
        STARTING = "starting"
        LOADING = "loading"
        READY = "ready"
        GENERATING = "generating"
        FAILED = "failed"

    host = models.CharField(max_length=255)
    slot = models.CharField(max_length=255, blank=True, help_text="The device it holds; empty until it does.")
    pid = models.PositiveIntegerField()
    state = models.CharField(max_length=16, choices=State, default=State.STARTING)
    model = models.CharField(max_length=300, blank=True, help_text="The one for whoever names none.")
    is_demo = models.BooleanField(default=False, help_text="Whether the model is the one that ships with the site.")
    model_defaults = models.JSONField(default=dict, help_text="What a request with the model means where it is silent.")
    loaded = models.JSONField(default=list, help_text="Names of the models that are loaded, the last used first.")
    loading = models.CharField(max_length=300, blank=True, help_text="The model that a job waits for just now.")
    device = models.CharField(max_length=255, blank=True)
    notice = models.TextField(blank=True, help_text="What is wrong, in words for people.")
    group_size = models.PositiveSmallIntegerField(default=1, help_text="Pictures it denoises together.")
    speed = models.FloatField(default=0.0, help_text="Seconds per picture, step and megapixel; 0 until measured.")
    max_pixels = models.PositiveIntegerField(default=0, help_text="Px that fit into memory at once; 0 until measured.")
    ready_by = models.DateTimeField(null=True, blank=True, help_text="When loading will have ended, as far as known.")
    preview = models.JSONField(default=dict, help_text="How the group being made looks now: WebP in base64.")
    memory = models.PositiveBigIntegerField(default=0, help_text="Bytes of the machine's memory that it has.")
    device_memory = models.PositiveBigIntegerField(default=0, help_text="Bytes that it has of its GPU's memory.")
    beats = models.PositiveBigIntegerField(default=0, help_text="Raised every 2 s while it lives.")
    started = models.DateTimeField(default=timezone.now)
    seen = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.host} {self.slot or 'starting'} ({self.pid})"

    def group_for(self, recipe: Recipe) -> int:
        """How many of a recipe's pictures it denoises together, with the default model."""
        return together(recipe, self.group_size, self.max_pixels)


class PauseQuerySet(models.QuerySet["Pause"]):
    def begin(self, reason: str = "") -> None:
        """Pause for `reason`, which replaces that of a pause there is already."""
        self.update_or_create(pk=1, defaults={"reason": reason[:200]})

    def end(self) -> bool:
        """False: nothing was paused."""
        return bool(self.delete()[0])


class Pause(models.Model):
    """While there is one, no worker begins another group of pictures."""

    reason = models.CharField(max_length=200, blank=True)
    created = models.DateTimeField(default=timezone.now)

    objects = PauseQuerySet.as_manager()

    def __str__(self) -> str:
        return self.reason or "paused"


class PaceQuerySet(models.QuerySet["Pace"]):
    def learn(self, kind: str, seconds: float) -> None:
        """Correct what is known of `kind` by one that took `seconds`: the mean of the first few, then of the last."""
        weight = Least(F("count") + 1, RECENT) * 1.0
        learned = self.filter(kind=kind).update(
            seconds=F("seconds") + (seconds - F("seconds")) / weight, count=F("count") + 1
        )
        if not learned:
            self.get_or_create(kind=kind, defaults={"seconds": seconds})

    def known(self, kinds: Iterable[str]) -> dict[str, float]:
        """Seconds by kind, for those of `kinds` that are known: one query."""
        return dict(self.filter(kind__in=set(kinds)).values_list("kind", "seconds"))


class Pace(models.Model):
    """How long something of one kind takes on this machine, learned every time it is done."""

    kind = models.CharField(max_length=400, unique=True)
    seconds = models.FloatField()
    count = models.PositiveIntegerField(default=1, help_text="How often it was done.")

    objects = PaceQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.kind}: {self.seconds:.2f} s"
