from django.urls import path

from generation import job_views, models_page, panel, views
from generation.advanced import advanced
from generation.downloads_page import cancel_download, downloads

app_name = "generation"

urlpatterns = [
    path("", views.home, name="home"),
    path("advanced/", advanced, name="advanced"),
    path("jobs/", views.create, name="create"),
    path("jobs/<uuid:uuid>/", job_views.job, name="job"),
    path("jobs/<uuid:uuid>/card/", job_views.job_card, name="job-card"),
    path("jobs/<uuid:uuid>/cancel/", job_views.cancel, name="cancel"),
    path("downloads/", downloads, name="downloads"),
    path("downloads/<uuid:uuid>/cancel/", cancel_download, name="cancel-download"),
    path("inspiration/", views.inspire, name="inspiration"),
    path("models/", models_page.models, name="models"),
    path("models/prediction/", models_page.say_prediction, name="prediction"),
    path("settings/", views.settings_of_picture, name="settings-of-picture"),
    path("images/<uuid:uuid>/again/", job_views.again, name="again"),
    path("queue/", panel.queue_panel, name="queue"),
    path("promise/", panel.promise, name="promise"),
    path("status/", views.status_line, name="status"),
]
