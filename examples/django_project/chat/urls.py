"""Where the pages are."""

from django.urls import path, re_path

from . import views
from .routing import ROOM_NAME

urlpatterns = [
    path("", views.index, name="index"),
    re_path(rf"^chat/{ROOM_NAME}/$", views.room, name="room"),
]
