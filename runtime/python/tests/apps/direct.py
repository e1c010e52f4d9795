"""Consumers with and without direct delivery. LAYER is the layer: its class, and its arguments as JSON."""

import asyncio
import json
import os

from django.conf import settings

backend, _, config = os.environ["LAYER"].partition(" ")
settings.configure(
    CHANNEL_LAYERS={"default": {"BACKEND": backend, "CONFIG": json.loads(config or "{}")}},
    LOGGING_CONFIG=None,
    SECRET_KEY="a test's",
)

from channels.generic.websocket import (  # noqa: E402
    AsyncJsonWebsocketConsumer,
    AsyncWebsocketConsumer,
    WebsocketConsumer,
)

from laureola.direct import DirectDeliveryMixin  # noqa: E402

DIRECT = "websocket.send"
LATE = 120


class Seen:
    """Knows what Python was woken for."""

    async def dispatch(self, message):
        self.__dict__.setdefault("seen", []).append(message["type"])
        await super().dispatch(message)


class Ordinary(Seen, AsyncWebsocketConsumer):
    """Does what a text of the client says, such as ``{"send": MESSAGE}``; ``bytes`` of 3 stand for three zeros."""

    groups = ["room"]
    released = asyncio.Event()

    async def receive(self, text_data):
        for what, argument in json.loads(text_data).items():
            await getattr(self, f"do_{what}")(argument)

    async def do_send(self, message):
        if isinstance(message.get("bytes"), int):
            message["bytes"] = bytes(message["bytes"])
        await self.channel_layer.group_send("room", message)

    async def do_seen(self, _):
        await self.send(json.dumps(self.seen))

    async def do_channel(self, _):
        await self.send(self.channel_name)

    async def do_flush(self, _):
        await self.channel_layer.flush()
        await self.channel_layer.group_add("room", self.channel_name)
        await self.send("flushed")

    async def do_wait(self, _):
        await self.send("waiting")
        await self.released.wait()

    async def do_release(self, _):
        self.released.set()
        self.released.clear()

    async def do_leave(self, code):
        await self.close(code)

    async def chat_message(self, event):
        await self.send("handled " + event["text"])

    async def websocket_send(self, event):
        await self.send("ordinary " + event["text"])

    async def disconnect(self, code):
        print("left with", code, flush=True)


class Direct(DirectDeliveryMixin, Ordinary):
    websocket_send = DirectDeliveryMixin.websocket_send


class Sync(Seen, DirectDeliveryMixin, WebsocketConsumer):
    """Says what it has seen, whatever it is told."""

    groups = ["room"]

    def receive(self, text_data):
        self.send(json.dumps(self.seen))

    def chat_message(self, event):
        self.send("handled " + event["text"])


class Json(Seen, DirectDeliveryMixin, AsyncJsonWebsocketConsumer):
    """The same."""

    groups = ["room"]

    async def receive_json(self, content):
        await self.send_json(self.seen)

    async def chat_message(self, event):
        await self.send("handled " + event["text"])


class Early(Direct):
    """Is sent messages before it accepts."""

    async def connect(self):
        for text in ["1", "2", "3"]:
            await self.channel_layer.group_send("room", {"type": DIRECT, "text": text})
        await self.channel_layer.send(self.channel_name, {"type": DIRECT, "bytes": b"4"})
        await self.channel_layer.send(self.channel_name, {"type": "chat.message", "text": "5"})
        await asyncio.sleep(0.02)
        await self.accept()


class Late(Direct):
    """Accepts when more came for it than waits."""

    async def connect(self):
        for number in range(LATE):
            await self.channel_layer.group_send("room", {"type": DIRECT, "text": str(number)})
        await self.accept()


class Rejecting(Direct):
    async def connect(self):
        await self.channel_layer.group_send("room", {"type": DIRECT, "text": "1"})
        await self.close()


PATHS = {
    "/": Direct,
    "/ordinary": Ordinary,
    "/sync": Sync,
    "/json": Json,
    "/early": Early,
    "/late": Late,
    "/rejecting": Rejecting,
}
APPLICATIONS = {path: consumer.as_asgi() for path, consumer in PATHS.items()}


async def application(scope, receive, send):
    if scope["type"] != "websocket":
        raise ValueError("only websockets here")

    # As middlewares do, such as that of the sessions.
    async def wrapped(message):
        await send(message)

    await APPLICATIONS[scope["path"]](dict(scope), receive, wrapped)
