"""A process of a Python site: does on a real layer of channels_redis what it reads from stdin.

One JSON list a line, the operation and its arguments; one JSON value back.
"""

import asyncio
import json
import sys

from channels_redis.core import RedisChannelLayer
from channels_redis.pubsub import RedisPubSubChannelLayer

LAYERS = {"core": RedisChannelLayer, "pubsub": RedisPubSubChannelLayer}

# How long a receive may take.
DEADLINE = 20


async def main():
    layer = LAYERS[sys.argv[1]](**json.loads(sys.argv[2]))

    async def receive(channel):
        return await asyncio.wait_for(layer.receive(channel), DEADLINE)

    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        operation, *arguments = json.loads(line)
        call = receive if operation == "receive" else getattr(layer, operation)
        print(json.dumps(await call(*arguments)), flush=True)


asyncio.run(main())
