"""Every address of the site."""

from django.contrib import admin
from django.urls import include, path

from playground import views

urlpatterns = [
    path("", include("generation.urls")),
    path("", include("generation.api.urls")),
    path("", include("library.urls")),
    path("", include("people.urls")),
    path("theme/", views.theme, name="theme"),
    path("admin/", admin.site.urls),
    path("healthz", views.healthz, name="healthz"),
    path("livez", views.livez, name="livez"),
]

handler400 = "playground.views.bad_request"
handler403 = "playground.views.forbidden"
handler404 = "playground.views.not_found"
handler500 = "playground.views.server_error"
