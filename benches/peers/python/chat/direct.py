"""The same chat with direct delivery: the group carries what clients get."""

import json

from laureola.direct import DirectDeliveryMixin

from chat import consumers


class ChatConsumer(DirectDeliveryMixin, consumers.ChatConsumer):
    async def receive(self, text_data):
        message = json.loads(text_data)["message"]
        text = json.dumps({"message": message})
        await self.channel_layer.group_send(self.room_group_name, {"type": "websocket.send", "text": text})
