"""channels_redis in the bench `layer_peers`: the receiving or the sending process of one run.

The twin of benches/src/layer_peers/child.rs: the same loop, the same lines. Its one argument is JSON.
"""

import asyncio
import json
import os
import sys
import time

GROUP = "chat_bench"
JOIN_DEADLINE = 100
DRAIN_DEADLINE = 10


def open_layer(job):
    if job["layer"] == "core":
        from channels_redis.core import RedisChannelLayer as Layer
    else:
        from channels_redis.pubsub import RedisPubSubChannelLayer as Layer
    return Layer(hosts=[job["url"]], capacity=job["capacity"])


async def receive(layer, job):
    """Receives until standard input ends; a byte for each message that every member got."""
    loop = asyncio.get_running_loop()
    members = job["members"]
    counts = {}

    async def member(channel):
        while True:
            message = await layer.receive(channel)
            n = message["n"]
            count = counts.get(n, 0) + 1
            if count == members:
                counts.pop(n, None)
                os.write(1, b".")
            else:
                counts[n] = count

    tasks = []
    for _ in range(members):
        channel = await layer.new_channel()
        await layer.group_add(GROUP, channel)
        tasks.append(asyncio.ensure_future(member(channel)))
    os.write(1, b"r")

    ended = loop.create_future()
    loop.add_reader(0, lambda: ended.done() or ended.set_result(None))
    done, _ = await asyncio.wait([ended, *tasks], return_when=asyncio.FIRST_COMPLETED)
    for failed in done - {ended}:
        failed.result()
    # Redis is emptied after each run: there is nothing to leave.
    os._exit(1 if counts else 0)


async def send(layer, job):
    """Keeps `window` messages on their way, and reports what arrived."""
    loop = asyncio.get_running_loop()
    room = asyncio.Semaphore(job["window"])
    ready = loop.create_future()
    sent = completed = 0
    stopping = False

    def readable():
        nonlocal completed
        count = len(os.read(0, 1024))
        if not count:
            loop.remove_reader(0)
            return
        if not ready.done():
            ready.set_result(None)
            count -= 1
        completed += count
        for _ in range(count):
            room.release()

    loop.add_reader(0, readable)
    await asyncio.wait_for(ready, JOIN_DEADLINE)

    async def sender():
        nonlocal sent
        while True:
            await room.acquire()
            if stopping:
                return
            n, sent = sent, sent + 1
            await layer.group_send(GROUP, {"type": "chat.message", "text": "x" * 128, "n": n})

    senders = [asyncio.ensure_future(sender()) for _ in range(job["window"])]
    start = time.monotonic()
    for seconds in (job["warm_up"], job["seconds"]):
        await asyncio.sleep(seconds)
        print(json.dumps({"completed": completed, "seconds": time.monotonic() - start}), flush=True)
    stopping = True
    for _ in senders:
        room.release()
    await asyncio.gather(*senders)
    end = time.monotonic() + DRAIN_DEADLINE
    while completed < sent and time.monotonic() < end:
        await asyncio.sleep(0.005)
    print(json.dumps({"sent": sent, "completed": completed}), flush=True)
    os._exit(0)


async def main():
    task = json.loads(sys.argv[1])
    layer = open_layer(task["job"])
    await {"receive": receive, "send": send}[task["role"]](layer, task["job"])


if os.environ.get("LAYER_PEER_LOOP") == "uvloop":
    import uvloop

    uvloop.run(main())
else:
    asyncio.run(main())
