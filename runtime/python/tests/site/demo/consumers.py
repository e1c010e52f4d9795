"""Consumers of each kind."""

from asgiref.sync import sync_to_async
from channels.consumer import AsyncConsumer
from channels.generic.websocket import AsyncJsonWebsocketConsumer, AsyncWebsocketConsumer, WebsocketConsumer
from django.db import connection


class Echo(AsyncWebsocketConsumer):
    """Sends everything back; "close" closes with 4000."""

    async def connect(self):
        if self.scope["query_string"] == b"reject":
            return await self.close()
        offers = self.scope["subprotocols"]
        await self.accept(subprotocol=offers[0] if offers else None)

    async def receive(self, text_data=None, bytes_data=None):
        if text_data == "close":
            await self.close(code=4000)
        elif text_data == "raise":
            raise ValueError("asked for")
        else:
            await self.send(text_data=text_data, bytes_data=bytes_data)

    async def disconnect(self, code):
        print("echo disconnected", code, flush=True)


class SyncEcho(WebsocketConsumer):
    """The same in a thread, and says who is there."""

    def connect(self):
        self.accept()
        self.send(text_data=str(self.scope["user"]))

    def receive(self, text_data=None, bytes_data=None):
        self.send(text_data=text_data, bytes_data=bytes_data)

    def disconnect(self, code):
        print("sync echo disconnected", code, flush=True)


class Database(AsyncWebsocketConsumer):
    """Says whether the thread of synchronous code has a connection to the database; "open" opens one and leaves it."""

    async def receive(self, text_data=None, bytes_data=None):
        if text_data == "open":
            await sync_to_async(lambda: connection.ensure_connection())()
        await self.send(text_data=str(await sync_to_async(lambda: connection.connection is not None)()))


class Room(AsyncJsonWebsocketConsumer):
    """Everybody in a room sees everything; a "job" goes to the worker, which tells the room."""

    async def connect(self):
        self.group = "room_" + self.scope["url_route"]["kwargs"]["room"]
        await self.channel_layer.group_add(self.group, self.channel_name)
        await self.accept()

    async def disconnect(self, code):
        await self.channel_layer.group_discard(self.group, self.channel_name)

    async def receive_json(self, content, **kwargs):
        if "job" in content:
            await self.channel_layer.send("jobs", {"type": "job", "job": content["job"], "group": self.group})
        else:
            await self.channel_layer.group_send(self.group, {"type": "said", "text": content["text"]})

    async def said(self, event):
        await self.send_json({"text": event["text"]})


class Jobs(AsyncConsumer):
    """What `runworker jobs` runs."""

    async def job(self, message):
        text = f"done: {message['job']}"
        await self.channel_layer.group_send(message["group"], {"type": "said", "text": text})
