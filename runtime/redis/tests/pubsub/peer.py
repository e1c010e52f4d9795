"""A process with the real channels_redis.pubsub: does on its channel layer what it reads from stdin.

One JSON object a line in each direction. Messages cross in hexadecimal msgpack, so that every kind survives.
"""

import asyncio
import json
import sys

import msgpack
from channels_redis.pubsub import RedisPubSubChannelLayer

# How long a receive may take.
DEADLINE = 20


class Peer:
    def __init__(self, layer):
        self.layer = layer

    async def new_channel(self):
        return await self.layer.new_channel()

    async def listen(self, channel):
        """Subscribes to a plain channel, as receive() does."""
        await self.layer._get_layer()._subscribe_to_channel(channel)

    async def send(self, channel, messages):
        for message in messages:
            await self.layer.send(channel, msgpack.unpackb(bytes.fromhex(message)))

    async def receive(self, channel, count):
        received = []
        for _ in range(count):
            message = await asyncio.wait_for(self.layer.receive(channel), DEADLINE)
            received.append(msgpack.packb(message).hex())
        return received

    async def group_add(self, group, channel):
        await self.layer.group_add(group, channel)

    async def group_discard(self, group, channel):
        await self.layer.group_discard(group, channel)

    async def group_send(self, group, messages):
        for message in messages:
            await self.layer.group_send(group, msgpack.unpackb(bytes.fromhex(message)))


async def main():
    peer = Peer(RedisPubSubChannelLayer(**json.loads(sys.argv[1])))
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        operation, *arguments = json.loads(line)
        result = await getattr(peer, operation)(*arguments)
        print(json.dumps(result), flush=True)
    await peer.layer.flush()


asyncio.run(main())
