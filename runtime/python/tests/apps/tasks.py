"""Celery's tasks, which tell a group of a channel layer that its parent process has used already."""

import contextlib
import os
import time

from asgiref.sync import async_to_sync
from celery import Celery
from celery_broker import broker
from laureola.layers import BackendError, RedisChannelLayer

GROUP = "results"


folder = os.environ["TASKS_FOLDER"]
app = Celery("tasks", broker="filesystem://", **broker(folder))
layer = RedisChannelLayer(hosts=[os.environ["REDIS_URL"]])
own = async_to_sync(layer.new_channel)()
layer.send_sync(own, {"type": "own"})


@app.task
def by_async(number):
    """As the documentation of Channels has it."""
    async_to_sync(layer.group_send)(GROUP, told("by_async", number))


@app.task
def by_sync(number):
    """Without an event loop."""
    layer.group_send_sync(GROUP, told("by_sync", number))


@app.task
def by_receiving(number):
    """With a channel of its own."""

    async def main():
        channel = await layer.new_channel()
        await layer.send(channel, told("by_receiving", number))
        await layer.group_send(GROUP, await layer.receive(channel))

    async_to_sync(main)()


@app.task
def through_an_outage(how):
    """Goes on and on, whether Redis is there or not; not for ever, if nobody ends it."""
    for _ in range(2000):
        with contextlib.suppress(BackendError):
            {"by_async": by_async, "by_sync": by_sync}[how](0)
        time.sleep(0.02)


def told(how, number):
    """A message that says who sent it."""
    return {"type": "told", "how": how, "number": number, "pid": os.getpid()}
