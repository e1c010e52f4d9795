"""What our layers tell Python's ``logging``, where no server of ours has a log."""

import asyncio
import contextlib
import time

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


def test_without_a_loop_the_next_call_tells(caplog):
    caplog.set_level("INFO", logger="laureola.layers")
    redis = RedisServer()
    try:
        layer = RedisChannelLayer(hosts=[redis.url])
        layer.send_sync("plain", {"type": "x"})
        redis.stop()
        deadline = time.monotonic() + 30
        while "redis is away" not in caplog.text:
            assert time.monotonic() < deadline
            with contextlib.suppress(BackendError):
                layer.send_sync("plain", {"type": "x"})
            time.sleep(0.02)
    finally:
        redis.close()
