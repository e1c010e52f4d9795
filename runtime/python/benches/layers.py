"""What a message costs a Python process: our channel layers beside those of channels_redis.

    python runtime/python/benches/layers.py [--members 100] [--seconds 4]

It starts a Redis-compatible server (as the tests do), then one process after the other: each has one
event loop that sends and receives by one layer. Figures are per second of that process's CPU time,
all of its threads; Redis's own is beside. Build the extension module with --release before.
"""

import argparse
import asyncio
import json
import pathlib
import resource
import subprocess
import sys
import time
from importlib import import_module

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "tests"))

LAYERS = {
    "core": ["channels_redis.core.RedisChannelLayer", "laureola.layers.RedisChannelLayer"],
    "pub/sub": [
        "channels_redis.pubsub.RedisPubSubChannelLayer",
        "laureola.layers.RedisPubSubChannelLayer",
    ],
    "in memory": ["channels.layers.InMemoryChannelLayer", "laureola.layers.NativeChannelLayer"],
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--members", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--uvloop", action="store_true")
    parser.add_argument("--child", nargs=3)
    args = parser.parse_args()
    if args.child:
        path, url, scenario = args.child
        if args.uvloop:
            import uvloop

            uvloop.install()
        print(json.dumps(asyncio.run(SCENARIOS[scenario](path, url, args))))
        return
    from layers_redis import RedisServer

    server = RedisServer()
    try:
        for scenario in SCENARIOS:
            for kind, paths in LAYERS.items():
                theirs, ours = (measure(path, server, scenario, args) for path in paths)
                gain = ours["per_cpu"] / theirs["per_cpu"]
                print(f"{scenario}, {kind}: {gain:.1f} times as many per second of CPU")
                for path, result in zip(paths, (theirs, ours)):
                    print(
                        f"  {path:45} {result['per_cpu']:>9,.0f} /s of CPU {result['per_second']:>9,.0f} /s"
                        f"   redis {result['redis']:.2f} s of {result['seconds']:.2f} s"
                    )
    finally:
        server.close()


def measure(path, server, scenario, args):
    server.command("FLUSHALL")
    command = [sys.executable, __file__, "--members", str(args.members), "--seconds", str(args.seconds)]
    command += ["--uvloop"] * args.uvloop + ["--child", path, server.url, scenario]
    before = server_cpu(server)
    result = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    result["redis"] = server_cpu(server) - before
    return result


def server_cpu(server):
    info = server.command("INFO", "cpu")
    info = info if isinstance(info, dict) else dict(line.split(":") for line in info.decode().split())
    return float(info["used_cpu_sys"]) + float(info["used_cpu_user"])


def open_layer(path, url):
    module, _, name = path.rpartition(".")
    options = {} if "Memory" in name or "Native" in name else {"hosts": [url]}
    return getattr(import_module(module), name)(**options)


def cpu():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


class Clock:
    """Counts from the first message on: imports and connections are behind."""

    def __init__(self, seconds):
        self.begin, self.cpu, self.seconds = time.monotonic(), cpu(), seconds

    def runs(self):
        return time.monotonic() - self.begin < self.seconds

    def result(self, count):
        seconds = time.monotonic() - self.begin
        return {"per_cpu": count / (cpu() - self.cpu), "per_second": count / seconds, "seconds": seconds}


async def room(path, url, args):
    """One group; each message is sent when every member has had the one before."""
    layer = open_layer(path, url)
    left, done = 0, asyncio.Event()

    async def member(channel):
        nonlocal left
        while True:
            message = await layer.receive(channel)
            assert message["type"] == "chat.message"
            left -= 1
            if left == 0:
                done.set()

    channels = [await layer.new_channel() for _ in range(args.members)]
    for channel in channels:
        await layer.group_add("room", channel)
    tasks = [asyncio.ensure_future(member(channel)) for channel in channels]

    async def turn():
        nonlocal left
        left = args.members
        done.clear()
        await layer.group_send("room", {"type": "chat.message", "message": "hello there", "user": "anne"})
        await asyncio.wait_for(done.wait(), 30)

    await turn()
    clock, turns = Clock(args.seconds), 0
    while clock.runs():
        await turn()
        turns += 1
    result = clock.result(turns * args.members)
    await end(layer, tasks)
    return result


async def direct(path, url, args):
    """One channel; ten senders, each of which waits for its own message."""
    layer = open_layer(path, url)
    channel = await layer.new_channel()
    waiting = {}

    async def receiver():
        while True:
            message = await layer.receive(channel)
            waiting.pop(message["n"]).set_result(None)

    async def sender(number, clock):
        count = 0
        while clock.runs():
            future = waiting[number] = asyncio.get_running_loop().create_future()
            await layer.send(channel, {"type": "job", "n": number, "text": "hello"})
            await asyncio.wait_for(future, 30)
            count += 1
        return count

    task = asyncio.ensure_future(receiver())
    await sender(0, Clock(0.1))
    clock = Clock(args.seconds)
    counts = await asyncio.gather(*(sender(number, clock) for number in range(10)))
    result = clock.result(sum(counts))
    await end(layer, [task])
    return result


async def end(layer, tasks):
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await layer.flush()


SCENARIOS = {"a room": room, "one channel": direct}

if __name__ == "__main__":
    main()
