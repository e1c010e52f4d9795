"""A member of the chat's room in Python: whoever connects says to it what they write, and hears what it hears."""

import asyncio
import json

from laureola.layers import NativeChannelLayer

GROUP = "chat_lobby"
layer = NativeChannelLayer()


async def application(scope, receive, send):
    """A page by HTTP, the room by WebSocket."""
    if scope["type"] == "lifespan":
        raise NotImplementedError
    if scope["type"] == "http":
        layer.group_send_sync(GROUP, {"type": "chat.message", "message": "from a page", "username": "page"})
        await send({"type": "http.response.start", "status": 200})
        return await send({"type": "http.response.body", "body": b"a page of Python's"})
    await receive()
    channel = await layer.new_channel()
    await layer.group_add(GROUP, channel)
    await send({"type": "websocket.accept"})
    hearing = asyncio.ensure_future(hear(channel, send))
    while (event := await receive())["type"] == "websocket.receive":
        message = {"type": "chat.message", "message": event["text"], "username": "python"}
        await layer.group_send(GROUP, message)
    hearing.cancel()
    await layer.group_discard(GROUP, channel)


async def hear(channel, send):
    """Sends on what comes, all of it."""
    while True:
        await send({"type": "websocket.send", "text": json.dumps(await layer.receive(channel))})
