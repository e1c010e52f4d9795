"""Which consumer has the rooms."""

import os

from django.urls import path

if os.environ.get("DIRECT") == "1":
    from chat.direct import ChatConsumer
else:
    from chat.consumers import ChatConsumer

websocket_urlpatterns = [path("ws/chat/<slug:room_name>/", ChatConsumer.as_asgi())]
