"""Direct delivery: what a channel layer carries to a client, without its consumer's being woken.

A message of type ``websocket.send``, with a ``text`` or ``bytes``, is ASGI's own event: it is what the
client gets, whoever it is. A consumer with the mixin has such messages written to its socket by the
server, framed once for all members of a group; everything else comes to its handlers as ever::

    from channels.generic.websocket import AsyncWebsocketConsumer
    from laureola.direct import DirectDeliveryMixin

    class ChatConsumer(DirectDeliveryMixin, AsyncWebsocketConsumer):
        groups = ["chat"]

        async def receive(self, text_data):
            await self.channel_layer.group_send("chat", {"type": "websocket.send", "text": text_data})

The sender may be anybody who shares the layer, such as a view or a Celery task, also by channels_redis.
"""

from laureola import _laureola

__all__ = ["DirectDeliveryMixin"]


class DirectDeliveryMixin:
    """For websocket consumers of Channels, sync and async; it goes before their base class.

    On the laureola server, with a layer of ``laureola.layers``:

    - A message that comes before the consumer has accepted waits until then, at most 100 of them
      (then the oldest is dropped). Afterwards it is written at once, whatever the consumer does.
    - Messages written directly keep their order for each sender, and so do those for handlers; between
      the two, and what the consumer sends itself, there is none.
    - A client that does not keep up is closed with 1013. A message for one that has left is dropped.
    - Middleware that wraps ``send`` does not see these messages, and neither does a ``send`` of the
      consumer.

    Anywhere else (another server or layer, a communicator of ``channels.testing``) the consumer's
    ``websocket_send`` sends the same message in Python.
    """

    def dispatch(self, message):
        # With the first message: nobody knows the channel's name before, so none for it is missed.
        if message.get("type") == "websocket.connect":
            self._begin_direct_delivery()
        return super().dispatch(message)

    def websocket_send(self, event):
        """Sends the ``text`` or else the ``bytes`` of ``event`` to the client."""
        message = {"type": "websocket.send"}
        if event.get("text") is not None:
            message["text"] = event["text"]
        else:
            message["bytes"] = event.get("bytes")
        # A coroutine in an async consumer, whose dispatch awaits it.
        return self.base_send(message)

    def _begin_direct_delivery(self):
        connection = (self.scope.get("extensions") or {}).get("laureola.direct")
        core = getattr(self.channel_layer, "_core", None)
        if connection is not None and isinstance(core, _laureola.LayerCore):
            core.deliver_directly(self.channel_name, connection)
