from django.urls import path

from library import views

app_name = "library"

urlpatterns = [
    path("library/", views.library, name="library"),
    path("library/<uuid:batch>/<str:name>", views.picture, name="picture"),
    path("thumbs/<uuid:image>.webp", views.thumbnail, name="thumbnail"),
]
