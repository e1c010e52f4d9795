"""The tutorial's chat as an ASGI application; with DIRECT=1 the one whose messages are delivered directly."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mysite.settings")

# Sets Django up; the chat's modules may be imported only after it.
django_application = get_asgi_application()

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402

from chat.routing import websocket_urlpatterns  # noqa: E402

application = ProtocolTypeRouter(
    {
        "http": django_application,
        # Without the tutorial's AuthMiddlewareStack: the Rust and Node chats know no sessions, either.
        "websocket": URLRouter(websocket_urlpatterns),
    }
)
