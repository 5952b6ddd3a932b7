from datetime import datetime

from django import forms
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.helpers import ActionForm
from django.db.models import Count, Max, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from generation import queue
from generation.models import Download, Job, Pause, Prompt, Worker
from library.admin import MakerFilter, ReadOnlyAdmin
from library.askers import maker

# django-q2's rows hold pickles: who could edit them could run code in the worker.
admin.site.unregister(
    [model for model in apps.get_app_config("django_q").get_models() if admin.site.is_registered(model)]
)


@admin.register(Prompt)
class PromptAdmin(ReadOnlyAdmin):
    list_display = ("words", "times_used", "last_used", "created")
    search_fields = ("words",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Prompt]:
        """Counted for each line that is shown: to join and group all of them would take all of them."""
        jobs = Job.objects.filter(prompt=OuterRef("pk")).order_by().values("prompt")
        used, last = jobs.annotate(count=Count("pk")).values("count"), jobs.annotate(at=Max("created")).values("at")
        prompts: QuerySet[Prompt] = super().get_queryset(request)
        return prompts.annotate(used=Coalesce(Subquery(used), 0), last=Subquery(last))

    @admin.display(description="used", ordering="used")
    def times_used(self, prompt: Prompt) -> SafeString:
        address = f"{reverse('admin:generation_job_changelist')}?prompt__id__exact={prompt.pk}"
        count = prompt.used  # type: ignore[attr-defined]
        return format_html('<a href="{}">{} job{}</a>', address, f"{count:,}", "" if count == 1 else "s")

    @admin.display(description="last used", ordering="last")
    def last_used(self, prompt: Prompt) -> datetime | None:
        return prompt.last  # type: ignore[attr-defined,no-any-return]


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin):
    list_display = ("prompt", "state", "progress", "promised_seconds", "took_seconds", "made_for", "created", "error")
    list_filter = ("state", "created", MakerFilter)
    list_select_related = ("prompt", "person")
    search_fields = ("prompt__words", "error")
    ordering = ("-pk",)
    actions = ("cancel", "retry")

    @admin.display(description="progress")
    def progress(self, job: Job) -> SafeString | str:
        count = job.recipe.num_images
        if job.state == Job.State.DONE:
            return f"all {count}"
        if not job.steps:
            return f"0 of {count}"
        percent = round(100 * job.fraction)
        bar = '<progress max="100" value="{}" aria-label="Progress"></progress> {} % of {}'
        return format_html(bar, percent, percent, count)

    @admin.display(description="for", ordering="person")
    def made_for(self, job: Job) -> str:
        return maker(job)

    @admin.display(description="promised", ordering="promised")
    def promised_seconds(self, job: Job) -> str:
        return _seconds(job.promised)

    @admin.display(description="took")
    def took_seconds(self, job: Job) -> str:
        took = _seconds(job.took)
        if not job.promised or job.took is None or job.state != Job.State.DONE:
            return took
        return f"{took} (× {job.took / job.promised:.1f})"

    @admin.action(description="Cancel selected jobs", permissions=["change"])
    def cancel(self, request: HttpRequest, jobs: QuerySet[Job]) -> None:
        cancelled = sum(job.cancel() for job in jobs)
        self.message_user(request, f"{cancelled} of {len(jobs)} jobs cancelled; the others had ended.")

    @admin.action(description="Put failed or cancelled jobs back into the queue", permissions=["change"])
    def retry(self, request: HttpRequest, jobs: QuerySet[Job]) -> None:
        back = sum(queue.retry(job) for job in jobs.order_by("pk"))
        told = f"{back} of {len(jobs)} jobs wait at their old place again, with the pictures they have."
        self.message_user(request, told if back == len(jobs) else f"{told} The others wait, run or are done.")


@admin.register(Download)
class DownloadAdmin(ReadOnlyAdmin):
    list_display = ("name", "state", "amount", "percent", "created", "finished", "note")
    list_filter = ("state",)


def _seconds(seconds: float | None) -> str:
    return "–" if seconds is None else f"{seconds:.1f} s"


class PauseForm(ActionForm):
    """The list's actions, with a reason for a pause beside them."""

    reason = forms.CharField(max_length=200, required=False, help_text="Everybody reads it while paused.")


@admin.register(Worker)
class WorkerAdmin(ReadOnlyAdmin):
    list_display = ("host", "slot", "state", "model", "pid", "beat", "memory_used", "notice")
    actions = ("pause", "resume")
    action_form = PauseForm

    @admin.display(description="last heartbeat", ordering="seen")
    def beat(self, worker: Worker) -> str:
        return f"{max(0.0, (timezone.now() - worker.seen).total_seconds()):.0f} s ago"

    @admin.display(description="memory", ordering="memory")
    def memory_used(self, worker: Worker) -> str:
        gpu = f", and {filesizeformat(worker.device_memory)} of its GPU's" if worker.device_memory else ""
        return f"{filesizeformat(worker.memory)}{gpu}"

    @admin.action(description="Pause all workers before their next group of pictures", permissions=["change"])
    def pause(self, request: HttpRequest, workers: QuerySet[Worker]) -> None:
        Pause.objects.begin(request.POST.get("reason", ""))
        self.message_user(request, "Paused: no worker begins another group of pictures.")

    @admin.action(description="Resume", permissions=["change"])
    def resume(self, request: HttpRequest, workers: QuerySet[Worker]) -> None:
        was_paused = Pause.objects.end()
        queue.ring()
        self.message_user(request, "The workers go on." if was_paused else "Nothing was paused.")
