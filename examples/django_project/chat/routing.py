"""Where the chat's WebSocket is."""

from django.urls import re_path

from .consumers import ChatConsumer

# ASCII, because a group's name is; 94 characters, because with "chat_" in front it must stay below 100.
ROOM_NAME = r"(?P<room_name>[-a-zA-Z0-9_]{1,94})"

websocket_urlpatterns = [
    re_path(rf"^ws/chat/{ROOM_NAME}/$", ChatConsumer.as_asgi()),
]
