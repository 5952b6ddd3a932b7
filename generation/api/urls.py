from django.urls import URLPattern, path

from generation.api import docs, original
from generation.api.speaking import in_json
from generation.api.v1 import api

patterns, _, namespace = api.urls
for pattern in patterns:
    if isinstance(pattern, URLPattern):  # django-ninja would give its description to any method
        taken = ("GET",) if pattern.name == "openapi-json" else ()
        pattern.callback = in_json(*taken)(pattern.callback)

urlpatterns = [
    path("api/v1/", (patterns, "api", namespace)),
    path("api/docs/", docs.docs, name="api-docs"),
    path("api/docs/openapi.json", docs.description, name="api-description"),
    path("prompt", original.prompt),
    path("queue_status", original.queue_status),
    path("getlibrary", original.getlibrary),
    path("deleteimage", original.deleteimage),
]
