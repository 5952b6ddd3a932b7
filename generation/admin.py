from django.apps import apps
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from generation.models import Job, Prompt, Worker
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
    list_display = ("prompt", "state", "created", "started", "finished", "error")
    list_filter = ("state",)
    list_select_related = ("prompt",)
    search_fields = ("prompt__words",)
    actions = ("cancel",)

    @admin.action(description="Cancel selected jobs", permissions=["change"])
    def cancel(self, request: HttpRequest, jobs: QuerySet[Job]) -> None:
        cancelled = sum(job.cancel() for job in jobs)
        self.message_user(request, f"{cancelled} of {len(jobs)} jobs cancelled; the others had ended.")


@admin.register(Worker)
class WorkerAdmin(ReadOnlyAdmin):
    list_display = ("host", "slot", "state", "paused", "model", "pid", "seen", "notice")
    actions = ("pause", "resume")

    @admin.action(description="Pause before the next group of pictures", permissions=["change"])
    def pause(self, request: HttpRequest, workers: QuerySet[Worker]) -> None:
        self.message_user(request, f"{workers.update(paused=True)} workers pause.")

    @admin.action(description="Resume", permissions=["change"])
    def resume(self, request: HttpRequest, workers: QuerySet[Worker]) -> None:
        self.message_user(request, f"{workers.update(paused=False)} workers go on.")
