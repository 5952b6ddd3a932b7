"""What lies in the models' folder, as the worker found it: whoever shows or chooses a model reads this."""

from django.db import models
from django.db.models import Subquery

from generation.engine.checkpoints import PREDICTIONS
from generation.models.workers import Worker

NAMED = 12  # models that a sentence names


class KnownModelQuerySet(models.QuerySet["KnownModel"]):
    def there(self) -> "KnownModelQuerySet":
        """In the order in which they are tried."""
        return self.filter(is_there=True).order_by("place", "pk")

    def usable(self) -> "KnownModelQuerySet":
        return self.there().filter(problem="")

    def called(self, name: str) -> "KnownModel | None":
        return self._named(name).first()

    def _named(self, name: str) -> "KnownModelQuerySet":
        """PostgreSQL refuses to look for what it could not store."""
        return self.none() if "\0" in name else self.usable().filter(name=name)

    def as_shown(self) -> list[tuple[object, ...]]:
        """All that a page of them depends on, what the workers have loaded included: one query."""
        loaded = Worker.objects.order_by("-beats").values("loaded")[:1]
        loading = Worker.objects.order_by("-beats").values("loading")[:1]
        told = ("name", "problem", "looks", "sha256", "speed", "prediction_type", "prediction_chosen")
        return list(self.there().values_list(*told, Subquery(loaded), Subquery(loading)))

    def no_such(self, name: str) -> str:
        """What to say to whoever asked for a model that is not there."""
        names = list(self.usable().values_list("name", flat=True)[: NAMED + 1])
        there = f" There {'is' if len(names) == 1 else 'are'} {', '.join(names[:NAMED])}" if names else ""
        more = " and more" if len(names) > NAMED else ""
        return f"There is no model {name[:100]}.{there}{more}{'.' if there else ''}"

    def choose_prediction(self, name: str, prediction_type: str) -> bool:
        """Say what a model predicts; "" is as the file says. False: there is none of that name that has to be told."""
        told = self._named(name).filter(is_told=True)
        return bool(told.update(prediction_chosen=prediction_type))


class KnownModel(models.Model):
    """A model that is, or was, in the folder. Its path is the worker's affair and leaves the server nowhere."""

    path = models.CharField(max_length=1024, unique=True)
    name = models.CharField(max_length=300)
    place = models.PositiveSmallIntegerField(default=0, help_text="In the order in which they are tried.")
    is_there = models.BooleanField(default=True)
    is_demo = models.BooleanField(default=False)
    problem = models.TextField(blank=True, help_text="Why it cannot be used, in words for people.")

    deaths = models.PositiveSmallIntegerField(
        default=0, help_text="Workers that died, one after the other, while they looked into it or loaded it."
    )

    family = models.CharField(max_length=64, blank=True)
    words = models.TextField(blank=True, help_text="What it is good at.")
    size = models.BigIntegerField(default=0, help_text="Bytes on the disk.")
    numbers = models.BigIntegerField(default=0, help_text="How many its weights are.")
    modified = models.FloatField(default=0.0, help_text="When its files last changed, s since 1970.")
    sha256 = models.CharField(max_length=64, blank=True, help_text="Empty until it is known.")
    looks = models.CharField(max_length=16, blank=True, help_text="To tell whether it has changed since.")
    defaults = models.JSONField(default=dict, help_text="What a request with it means where it says nothing.")

    prediction_type = models.CharField(max_length=16, blank=True, help_text="Of a Stable Diffusion 2.")
    is_told = models.BooleanField(default=False, help_text="Whether somebody can say what it predicts.")
    prediction_chosen = models.CharField(
        max_length=16, blank=True, choices=[(one, one) for one in PREDICTIONS], help_text="What staff says it predicts."
    )

    # As the worker last measured it
    speed = models.FloatField(default=0.0, help_text="Seconds per picture, step and megapixel; 0 until measured.")
    group_size = models.PositiveSmallIntegerField(default=0, help_text="Pictures denoised together; 0 until measured.")

    max_pixels = models.PositiveIntegerField(default=0, help_text="Px that fit into memory at once; 0 until measured.")

    objects = KnownModelQuerySet.as_manager()

    class Meta:
        ordering = ("place", "pk")

    def __str__(self) -> str:
        return self.name

    @property
    def hash(self) -> str:
        """As other tools show it."""
        return self.sha256[:10]

    @property
    def side(self) -> tuple[int, int] | None:
        """(width, height) in px that it is made for."""
        size = self.defaults.get("width"), self.defaults.get("height")
        return size if all(size) else None
