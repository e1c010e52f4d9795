"""Our layers where event loops, threads and processes come and go."""

import asyncio
import gc
import os
import socket
import subprocess
import sys
import threading
import time

import channels_redis.core
import pytest
import uvloop
from asgiref.sync import async_to_sync
from forks import exit_status, fork
from layers_redis import RedisServer, redis, redis_server  # noqa: F401

from laureola.layers import (
    BackendError,
    NativeChannelLayer,
    RedisChannelLayer,
    RedisPubSubChannelLayer,
)

LAYERS = [RedisChannelLayer, RedisPubSubChannelLayer, NativeChannelLayer]


@pytest.fixture(params=LAYERS)
def layer(request, redis):
    if request.param is NativeChannelLayer:
        layer = NativeChannelLayer(name=request.node.name)
    else:
        layer = request.param(hosts=[redis.url])
    yield layer
    async_to_sync(layer.flush)()


async def receive(layer, channel):
    return await asyncio.wait_for(layer.receive(channel), 10)


def descriptors():
    return len(os.listdir("/proc/self/fd"))


def test_each_loop_uses_the_same_channel(layer):
    channel = asyncio.run(layer.new_channel())
    for n in range(20):
        asyncio.run(layer.send(channel, {"type": "x", "n": n}))
    assert [asyncio.run(receive(layer, channel))["n"] for _ in range(20)] == list(range(20))


def test_loops_leave_nothing_behind(redis):
    layer = RedisChannelLayer(hosts=[redis.url])

    async def use():
        await layer.send("thumbnails", {"type": "x"})
        return await receive(layer, "thumbnails")

    asyncio.run(use())
    gc.collect()
    before, connections = descriptors(), redis.connections()
    for _ in range(50):
        asyncio.run(use())
    gc.collect()
    assert descriptors() <= before + 1
    assert redis.connections() <= connections + 1


@pytest.mark.parametrize("factory", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_any_kind_of_loop_will_do(layer, factory):
    async def main():
        channel = await layer.new_channel()
        await layer.group_add("room", channel)
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(layer.receive(channel), 0.01)
        task = asyncio.ensure_future(layer.receive(channel))
        await layer.group_send("room", {"type": "x"})
        assert await asyncio.wait_for(task, 10) == {"type": "x"}
        asyncio.ensure_future(layer.receive(channel))
        await asyncio.sleep(0)

    before = None
    for _ in range(5):
        with asyncio.Runner(loop_factory=factory) as runner:
            runner.run(main())
        gc.collect()
        before = before or descriptors()
    assert descriptors() <= before + 1


def test_a_loop_that_is_closed_with_a_receiver_holds_no_message_back(layer):
    loop = asyncio.new_event_loop()
    channel = loop.run_until_complete(layer.new_channel())
    task = loop.create_task(layer.receive(channel))
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()
    layer.send_sync(channel, {"type": "x"})
    assert asyncio.run(receive(layer, channel)) == {"type": "x"}
    # Else asyncio would complain.
    task._log_destroy_pending = False


def test_receivers_in_several_threads_share_a_channel(layer):
    channel = asyncio.run(layer.new_channel())
    received = []

    def work():
        async def main():
            for _ in range(10):
                received.append((await receive(layer, channel))["n"])

        asyncio.run(main())

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for n in range(40):
        layer.send_sync(channel, {"type": "x", "n": n})
    for thread in threads:
        thread.join(20)
    assert sorted(received) == list(range(40))


def test_sync_code_needs_no_loop(layer):
    channel = async_to_sync(layer.new_channel)()
    async_to_sync(layer.group_add)("room", channel)
    layer.send_sync(channel, {"type": "direct"})
    layer.group_send_sync("room", {"type": "grouped"})
    kinds = {async_to_sync(layer.receive)(channel)["type"] for _ in range(2)}
    assert kinds == {"direct", "grouped"}
    with pytest.raises(TypeError, match="Group name"):
        layer.group_send_sync("a b", {"type": "x"})


async def test_a_cancelled_receive_loses_no_message(layer):
    channel = await layer.new_channel()
    received = []

    async def impatient():
        while len(received) < 500:
            try:
                # No sleep of any length lands on the moment between a message's arrival and its
                # receiver's turn as reliably as none.
                message = await asyncio.wait_for(layer.receive(channel), 0.0005)
            except asyncio.TimeoutError:
                continue
            received.append(message["n"])

    task = asyncio.ensure_future(impatient())
    for n in range(500):
        await layer.send(channel, {"type": "x", "n": n})
        if n % 7 == 0:
            await asyncio.sleep(0.0004)
    await asyncio.wait_for(task, 30)
    assert received == list(range(500))


async def test_a_message_that_came_before_the_cancellation_is_for_the_next(layer):
    channel = await layer.new_channel()
    first = asyncio.ensure_future(layer.receive(channel))
    await asyncio.sleep(0)
    waiting = first.get_coro().cr_frame.f_locals["found"].future
    sending = asyncio.ensure_future(layer.send(channel, {"type": "x", "list": [1]}))
    while not waiting.done():
        await asyncio.sleep(0)
    # The task has not had its turn: the message is in the future, and the task is cancelled.
    assert not first.done()
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert await receive(layer, channel) == {"type": "x", "list": [1]}
    await sending


async def test_of_several_that_wait_the_first_is_served(layer):
    channel = await layer.new_channel()
    tasks = []
    for _ in range(4):
        tasks.append(asyncio.ensure_future(layer.receive(channel)))
        await asyncio.sleep(0)
    tasks.pop(1).cancel()
    for n in range(3):
        await layer.send(channel, {"type": "x", "n": n})
    assert [message["n"] for message in await asyncio.gather(*tasks)] == [0, 1, 2]


async def test_members_do_not_share_what_they_get(layer):
    channels = [await layer.new_channel() for _ in range(3)]
    for channel in channels:
        await layer.group_add("room", channel)
    for message in [{"type": "flat", "text": "a"}, {"type": "deep", "list": [{}]}]:
        await layer.group_send("room", message)
        got = [await receive(layer, channel) for channel in channels]
        got[0]["mine"] = 1
        got[0].get("list", [{}])[0]["mine"] = 1
        assert got[1:] == [message, message]


async def test_a_flush_does_not_strand_those_who_wait(layer):
    channel = await layer.new_channel()
    task = asyncio.ensure_future(layer.receive(channel))
    await asyncio.sleep(0)
    await layer.flush()
    await layer.send(channel, {"type": "x"})
    assert await asyncio.wait_for(task, 10) == {"type": "x"}


async def test_closing_the_pools_does_not_disturb_those_who_receive(layer):
    channel = await layer.new_channel()
    await layer.group_add("room", channel)
    await layer.close_pools()
    await layer.group_send("room", {"type": "x"})
    assert await receive(layer, channel) == {"type": "x"}


@pytest.mark.parametrize("layer_class", LAYERS[:2])
def test_forks_make_connections_of_their_own(redis, layer_class):
    # As Celery's workers do: the parent has used the layer before it forks.
    layer = layer_class(hosts=[redis.url])
    channel = asyncio.run(layer.new_channel())
    prefix = getattr(layer, "client_prefix", None)

    def child():
        async def main():
            await layer.send(channel, {"type": "async"})
            own = await layer.new_channel()
            await layer.group_add("room", own)
            await layer.group_send("room", {"type": "grouped"})
            assert await receive(layer, own) == {"type": "grouped"}

        asyncio.run(main())
        layer.send_sync(channel, {"type": "sync"})
        return prefix is None or layer.client_prefix != prefix

    for pid in [fork(child) for _ in range(3)]:
        assert exit_status(pid) == 0
    kinds = [asyncio.run(receive(layer, channel))["type"] for _ in range(6)]
    assert sorted(kinds) == ["async"] * 3 + ["sync"] * 3
    # The parent's are as they were.
    layer.send_sync(channel, {"type": "after"})
    assert asyncio.run(receive(layer, channel)) == {"type": "after"}


async def test_a_fork_within_a_coroutine_uses_a_loop_of_its_own(redis):
    layer = RedisChannelLayer(hosts=[redis.url])
    channel = await layer.new_channel()
    task = asyncio.ensure_future(receive(layer, channel))
    await asyncio.sleep(0)

    def child():
        thread = threading.Thread(target=lambda: asyncio.run(layer.send(channel, {"type": "x"})))
        thread.start()
        thread.join()

    pid = fork(child)
    assert await task == {"type": "x"}
    assert exit_status(pid) == 0


def script(text, *args, **options):
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-X", "faulthandler", "-c", text, *args],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        **options,
    )


RECEIVER = """
import asyncio, sys
from importlib import import_module
module, name, url = sys.argv[1:]
layer = getattr(import_module(module), name)(hosts=[url])
async def main():
    channel = await layer.new_channel()
    await layer.group_add("room", channel)
    print(channel, flush=True)
    while (message := await layer.receive(channel))["type"] != "stop":
        await layer.group_send("answers", message)
    await layer.group_discard("room", channel)
    await layer.flush()
asyncio.run(main())
"""


@pytest.mark.parametrize("ours_receives", [True, False])
@pytest.mark.parametrize("kind", ["core.RedisChannelLayer", "pubsub.RedisPubSubChannelLayer"])
async def test_processes_of_both_kinds_talk(redis, kind, ours_receives):
    module, name = kind.split(".")
    theirs, ours = (f"channels_redis.{module}", name), ("laureola.layers", name)
    there, here = (ours, theirs) if ours_receives else (theirs, ours)
    process = script(RECEIVER, *there, redis.url)
    __import__(here[0])
    layer = getattr(sys.modules[here[0]], name)(hosts=[redis.url])
    answers = await layer.new_channel()
    await layer.group_add("answers", answers)
    channel = (await asyncio.to_thread(process.stdout.readline)).strip()
    for n in range(20):
        await layer.group_send("room", {"type": "x", "n": n})
        assert (await receive(layer, answers))["n"] == n
        await layer.send(channel, {"type": "x", "n": -n})
        assert (await receive(layer, answers))["n"] == -n
    await layer.send(channel, {"type": "stop"})
    output, _ = await asyncio.to_thread(process.communicate, timeout=20)
    assert (process.returncode, output) == (0, "")
    await layer.flush()


ENDS = {
    "while a receiver waits": """
async def main():
    channel = await layer.new_channel()
    asyncio.ensure_future(layer.receive(channel))
    await asyncio.sleep(0)
asyncio.run(main())
""",
    "without a word": """
async def main():
    channel = await layer.new_channel()
    await layer.group_add("room", channel)
asyncio.run(main())
""",
    "with a loop left open": """
loop = asyncio.new_event_loop()
channel = loop.run_until_complete(layer.new_channel())
task = loop.create_task(layer.receive(channel))
loop.run_until_complete(asyncio.sleep(0))
task._log_destroy_pending = False
import warnings; warnings.simplefilter("ignore")
""",
    "with a daemon thread at work": """
import threading
def work():
    while True:
        try:
            layer.group_send_sync("room", {"type": "x"})
        except RuntimeError:
            return
threading.Thread(target=work, daemon=True).start()
asyncio.run(layer.send("c", {"type": "x"}))
""",
    "with a loop in a daemon thread": """
import threading
def work():
    async def main():
        channel = await layer.new_channel()
        while True:
            await layer.send(channel, {"type": "x"})
            await layer.receive(channel)
    try:
        asyncio.run(main())
    except RuntimeError:
        pass
threading.Thread(target=work, daemon=True).start()
asyncio.run(asyncio.sleep(0.05))
""",
    "by an exception": """
async def main():
    channel = await layer.new_channel()
    asyncio.ensure_future(layer.receive(channel))
    await asyncio.sleep(0)
    sys.exit(0)
asyncio.run(main())
""",
}


@pytest.mark.parametrize("layer_class", ["RedisChannelLayer", "RedisPubSubChannelLayer", "NativeChannelLayer"])
@pytest.mark.parametrize("end", ENDS)
def test_the_interpreter_ends(redis, layer_class, end):
    options = "" if layer_class.startswith("Native") else "hosts=[sys.argv[1]]"
    head = f"import asyncio, sys\nfrom laureola.layers import {layer_class}\nlayer = {layer_class}({options})\n"
    begin = time.monotonic()
    process = script(head + ENDS[end], redis.url)
    output, _ = process.communicate(timeout=30)
    assert (process.returncode, output) == (0, "")
    assert time.monotonic() - begin < 20
    # Whoever ends in order leaves no member behind.
    if layer_class == "RedisChannelLayer":
        assert redis.command("EXISTS", "asgi:group:room") == 0


APPLICATION = """
from laureola.layers import NativeChannelLayer
layer = NativeChannelLayer()
async def application(scope, receive, send):
    if scope["type"] == "lifespan":
        raise NotImplementedError
    channel = await layer.new_channel()
    await layer.group_add("server", channel)
    await layer.group_send("room", {"type": "asked", "path": scope["path"]})
    answer = await layer.receive(channel)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": answer["text"].encode()})
"""


async def test_on_our_server_the_native_layer_is_the_servers(redis, tmp_path):
    # Whatever kind it is: here it goes through Redis, where another process hears of it.
    (tmp_path / "site_of_test.py").write_text(APPLICATION)
    layer = channels_redis.core.RedisChannelLayer(hosts=[redis.url])
    channel = await layer.new_channel()
    await layer.group_add("room", channel)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "laureola", "site_of_test:application"]
        + ["-b", "127.0.0.1", "-p", str(port), "--channel-layer", redis.url],
        cwd=tmp_path,
    )
    try:
        deadline = time.monotonic() + 20
        while True:
            try:
                _, writer = connection = await asyncio.open_connection("127.0.0.1", port)
                break
            except OSError:
                assert process.poll() is None and time.monotonic() < deadline
                await asyncio.sleep(0.05)
        writer.write(b"GET /here HTTP/1.0\r\nHost: localhost\r\n\r\n")
        assert await receive(layer, channel) == {"type": "asked", "path": "/here"}
        await layer.group_send("server", {"type": "answer", "text": "from elsewhere"})
        response = await asyncio.wait_for(connection[0].read(), 10)
        assert response.endswith(b"from elsewhere"), response
        writer.close()
    finally:
        process.terminate()
        status = process.wait(20)
    assert status == 0
    await layer.flush()


@pytest.mark.parametrize("layer_class", LAYERS[:2])
async def test_an_outage_is_an_error_and_then_over(layer_class):
    redis = RedisServer()
    try:
        layer = layer_class(hosts=[redis.url], on_disconnect="redis.gone", on_reconnect="redis.back")
        channel = await layer.new_channel()
        await layer.group_add("room", channel)
        redis.stop()
        assert await receive(layer, channel) == {"type": "redis.gone"}
        with pytest.raises(BackendError, match="127.0.0.1"):
            await layer.group_send("room", {"type": "x"})
        redis.start()
        assert await receive(layer, channel) == {"type": "redis.back"}
        await layer.group_send("room", {"type": "x"})
        assert await receive(layer, channel) == {"type": "x"}
        await layer.flush()
    finally:
        redis.close()


async def test_a_server_that_comes_late_is_found():
    redis = RedisServer()
    try:
        redis.stop()
        layer = RedisChannelLayer(hosts=[redis.url])
        with pytest.raises(BackendError):
            await layer.send("c", {"type": "x"})
        with pytest.raises(BackendError):
            layer.send_sync("c", {"type": "x"})
        redis.start()
        await layer.send("c", {"type": "x"})
        assert await receive(layer, "c") == {"type": "x"}
        await layer.flush()
    finally:
        redis.close()


async def test_a_plain_channel_nobody_waits_at_is_left_to_others(redis):
    ours = RedisChannelLayer(hosts=[redis.url])
    theirs = channels_redis.core.RedisChannelLayer(hosts=[redis.url])
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(ours.receive("jobs"), 0.2)
    for n in range(3):
        await theirs.send("jobs", {"type": "x", "n": n})
    assert {(await receive(theirs, "jobs"))["n"] for _ in range(3)} == {0, 1, 2}
    await ours.flush()
    await theirs.flush()
