"""The site's ASGI application."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "site_project.settings")

from django.core.asgi import get_asgi_application

django = get_asgi_application()

from channels.auth import AuthMiddlewareStack
from channels.routing import ChannelNameRouter, ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from demo import consumers
from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler
from django.urls import path

application = ProtocolTypeRouter(
    {
        "http": ASGIStaticFilesHandler(django),
        "websocket": AllowedHostsOriginValidator(
            AuthMiddlewareStack(
                URLRouter(
                    [
                        path("ws/echo/", consumers.Echo.as_asgi()),
                        path("ws/sync/", consumers.SyncEcho.as_asgi()),
                        path("ws/database/", consumers.Database.as_asgi()),
                        path("ws/room/<str:room>/", consumers.Room.as_asgi()),
                    ]
                )
            )
        ),
        "channel": ChannelNameRouter({"jobs": consumers.Jobs.as_asgi()}),
    }
)
