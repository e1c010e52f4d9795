"""A process with the real channels_redis: does on its channel layer what it reads from stdin.

One JSON object a line in each direction. Messages cross in hexadecimal msgpack, so that every kind survives.
"""

import asyncio
import json
import os
import sys

import msgpack
from channels.exceptions import ChannelFull
from channels_redis.core import RedisChannelLayer

# How long a receive may take.
DEADLINE = 20


def pack(message):
    return msgpack.packb(message).hex()


class Peer:
    def __init__(self, layer):
        self.layer = layer

    async def new_channel(self):
        return await self.layer.new_channel()

    async def send(self, channel, messages):
        """How many were sent before the channel was full."""
        for count, message in enumerate(messages):
            try:
                await self.layer.send(channel, msgpack.unpackb(bytes.fromhex(message)))
            except ChannelFull:
                return count
        return len(messages)

    async def receive(self, channel, count):
        received = []
        for _ in range(count):
            message = await asyncio.wait_for(self.layer.receive(channel), DEADLINE)
            received.append(pack(message))
        await self.layer.wait_received()
        return received

    async def hash(self, name):
        """Which host the layer takes for this name."""
        return self.layer.consistent_hash(name)

    async def group_add(self, group, channel):
        await self.layer.group_add(group, channel)

    async def group_discard(self, group, channel):
        await self.layer.group_discard(group, channel)

    async def group_send(self, group, messages):
        for message in messages:
            await self.layer.group_send(group, msgpack.unpackb(bytes.fromhex(message)))

    async def die_with_message_in_flight(self, channel):
        """Takes a message as receive() does, and ends before it is handed over."""
        await self.layer._brpop_with_clean(0, self.layer.prefix + channel, timeout=DEADLINE)
        os._exit(9)


async def main():
    peer = Peer(RedisChannelLayer(**json.loads(sys.argv[1])))
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        operation, *arguments = json.loads(line)
        result = await getattr(peer, operation)(*arguments)
        print(json.dumps(result), flush=True)
    await peer.layer.close_pools()


asyncio.run(main())
