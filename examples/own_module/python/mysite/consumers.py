"""The Python half of the room."""

from channels.generic.websocket import AsyncWebsocketConsumer
from laureola.direct import DirectDeliveryMixin


class Member(DirectDeliveryMixin, AsyncWebsocketConsumer):
    """One WebSocket in the room."""

    groups = ["room"]

    async def receive(self, text_data):
        if text_data.startswith("!"):
            # For every client as it is: no consumer is woken, neither of Python nor of Rust.
            event = {"type": "websocket.send", "text": text_data}
        else:
            event = {"type": "room.said", "text": text_data}
        await self.channel_layer.group_send("room", event)

    async def room_said(self, event):
        await self.send(f"Python hears {event['text']}")
