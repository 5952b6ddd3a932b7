from django import forms
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.helpers import ActionForm
from django.db.models import QuerySet
from django.http import HttpRequest

from generation import queue
from generation.models import Download, Job, Pause, Prompt, Worker
from library.admin import ReadOnlyAdmin

# django-q2's rows hold pickles: who could edit them could run code in the worker.
admin.site.unregister(
    [model for model in apps.get_app_config("django_q").get_models() if admin.site.is_registered(model)]
)


@admin.register(Prompt)
class PromptAdmin(ReadOnlyAdmin):
    list_display = ("words", "created")
    search_fields = ("words",)


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin):
    list_display = ("prompt", "state", "created", "started", "finished", "promised_seconds", "took_seconds", "error")
    list_filter = ("state",)
    list_select_related = ("prompt",)
    search_fields = ("prompt__words",)
    actions = ("cancel",)

    @admin.display(description="promised", ordering="promised")
    def promised_seconds(self, job: Job) -> str:
        return _seconds(job.promised)

    @admin.display(description="took")
    def took_seconds(self, job: Job) -> str:
        return _seconds(job.took)

    @admin.action(description="Cancel selected jobs", permissions=["change"])
    def cancel(self, request: HttpRequest, jobs: QuerySet[Job]) -> None:
        cancelled = sum(job.cancel() for job in jobs)
        self.message_user(request, f"{cancelled} of {len(jobs)} jobs cancelled; the others had ended.")


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
    list_display = ("host", "slot", "state", "model", "pid", "seen", "notice")
    actions = ("pause", "resume")
    action_form = PauseForm

    @admin.action(description="Pause all workers before their next group of pictures", permissions=["change"])
    def pause(self, request: HttpRequest, workers: QuerySet[Worker]) -> None:
        Pause.objects.begin(request.POST.get("reason", ""))
        self.message_user(request, "Paused: no worker begins another group of pictures.")

    @admin.action(description="Resume", permissions=["change"])
    def resume(self, request: HttpRequest, workers: QuerySet[Worker]) -> None:
        was_paused = Pause.objects.end()
        queue.ring()
        self.message_user(request, "The workers go on." if was_paused else "Nothing was paused.")
