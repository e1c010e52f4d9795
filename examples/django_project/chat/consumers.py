"""The chat itself: every browser in a room is a member of that room's group."""

from urllib.parse import parse_qs

from channels.generic.websocket import AsyncJsonWebsocketConsumer

MAX_USERNAME = 32


class ChatConsumer(AsyncJsonWebsocketConsumer):
    """One browser in one room.

    The browser sends {"message": …} and receives {"message": …, "username": …}. Within the room's group the event
    is {"type": "chat.message", "message": …, "username": …}: any member of the group may send it, in any language.
    """

    async def connect(self):
        self.group = "chat_" + self.scope["url_route"]["kwargs"]["room_name"]
        self.username = guest_name(self.scope["query_string"])
        await self.channel_layer.group_add(self.group, self.channel_name)
        await self.accept()

    async def disconnect(self, code):
        await self.channel_layer.group_discard(self.group, self.channel_name)

    async def receive_json(self, content, **kwargs):
        # Clients may send more, such as the room or a username of their choice; it is not theirs to say.
        message = content.get("message") if isinstance(content, dict) else None
        if isinstance(message, str) and message:
            event = {"type": "chat.message", "message": message, "username": self.username}
            await self.channel_layer.group_send(self.group, event)

    async def chat_message(self, event):
        await self.send_json({"message": event["message"], "username": event["username"]})


def guest_name(query_string):
    """The name chosen on the page, from `?username=` of the WebSocket's URL."""
    query = parse_qs(query_string.decode("ascii", "replace"))
    return query.get("username", [""])[0].strip()[:MAX_USERNAME] or "guest"
