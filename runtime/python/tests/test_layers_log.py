"""What our layers tell Python's ``logging``, where no server of ours has a log."""

import asyncio
import contextlib
import os
import signal
import time

import pytest
from forks import exit_status, fork
from layers_redis import RedisServer

from laureola.layers import BackendError, RedisChannelLayer


async def logged(caplog, text):
    """Waits until it stands in Python's log."""
    deadline = asyncio.get_running_loop().time() + 30
    while not any(text in record.getMessage() for record in caplog.records if record.name == "laureola.layers"):
        assert asyncio.get_running_loop().time() < deadline, caplog.text
        await asyncio.sleep(0.02)


async def test_an_outage_is_in_pythons_log(caplog):
    caplog.set_level("INFO", logger="laureola.layers")
    redis = RedisServer()
    try:
        layer = RedisChannelLayer(hosts=[redis.url])
        channel = await layer.new_channel()
        await layer.group_add("room", channel)
        redis.stop()
        # The loop has nothing else to do, and nobody calls the layer.
        await logged(caplog, "redis is away; reconnecting (redis=")
        redis.start()
        await logged(caplog, "redis is back (redis=")
        assert {record.levelname for record in caplog.records if "redis is" in record.getMessage()} == {
            "WARNING",
            "INFO",
        }
        await layer.flush()
    finally:
        redis.close()


async def test_a_loop_whose_calls_were_all_done_at_once_is_told_too(caplog):
    caplog.set_level("INFO", logger="laureola.layers")
    redis = RedisServer()
    try:
        layer = RedisChannelLayer(hosts=[redis.url])
        # It connects in a thread; a new channel then waits for nothing.
        await asyncio.to_thread(layer.send_sync, "plain", {"type": "x"})
        await layer.new_channel()
        redis.stop()
        await logged(caplog, f"redis is away; reconnecting (redis=127.0.0.1:{redis.port},")
    finally:
        redis.close()


async def test_an_outage_that_a_call_in_a_loop_finds_is_logged_once(caplog):
    caplog.set_level("INFO", logger="laureola.layers")
    redis = RedisServer()
    try:
        layer = RedisChannelLayer(hosts=[redis.url])
        await layer.send("plain", {"type": "x"})
        redis.stop()
        # The connection is gone, which nobody knows yet: the next call finds it in its own thread, this one.
        async with asyncio.timeout(30):
            while redis.is_connected():
                await asyncio.sleep(0.01)
        with pytest.raises(BackendError):
            await layer.send("plain", {"type": "x"})
        place = f"(redis=127.0.0.1:{redis.port},"
        await logged(caplog, f"redis is away; reconnecting {place}")
        redis.start()
        await logged(caplog, f"redis is back {place}")
        assert caplog.text.count(f"redis is away; reconnecting {place}") == 1
        await layer.flush()
    finally:
        redis.close()


def calls_until_told(layer, caplog, redis):
    """Calls the layer until Python's log has the outage."""
    deadline = time.monotonic() + 15
    # This one: layers of earlier tests may have their own to tell.
    while f"redis is away; reconnecting (redis=127.0.0.1:{redis.port}," not in caplog.text:
        assert time.monotonic() < deadline
        with contextlib.suppress(BackendError):
            layer.send_sync("plain", {"type": "x"})
        time.sleep(0.02)


def test_without_a_loop_the_next_call_tells(caplog):
    caplog.set_level("INFO", logger="laureola.layers")
    redis = RedisServer()
    try:
        layer = RedisChannelLayer(hosts=[redis.url])
        layer.send_sync("plain", {"type": "x"})
        redis.stop()
        calls_until_told(layer, caplog, redis)
    finally:
        redis.close()


@pytest.mark.parametrize("generations", [1, 2])
def test_a_fork_of_a_process_that_has_used_the_layer_tells_its_own_log(caplog, generations):
    caplog.set_level("INFO", logger="laureola.layers")
    redis = RedisServer()
    layer = RedisChannelLayer(hosts=[redis.url])

    def use(forks):
        layer.send_sync("plain", {"type": "x"})
        if forks:
            return exit_status(fork(lambda: use(forks - 1))) == 0
        # Not its child, which `stop` would wait for.
        os.kill(redis.process.pid, signal.SIGKILL)
        calls_until_told(layer, caplog, redis)

    try:
        assert use(generations)
    finally:
        redis.close()
