"""Celery's workers: children of a process that has used the layer before it forked them, and threads."""

from __future__ import annotations

import asyncio
import os

import pytest
from apps.celery_broker import broker
from celery import Celery
from conftest import DEADLINE, Server
from layers_redis import redis, redis_server  # noqa: F401

from laureola.layers import RedisChannelLayer

TASKS = ["by_async", "by_sync", "by_receiving"]
ROUNDS = 5


class Worker(Server):
    """``celery worker``."""

    module = "celery"


@pytest.mark.parametrize("pool", ["prefork", "threads"])
async def test_tasks_reach_a_receiver_in_another_process(redis, tmp_path, pool):  # noqa: F811
    folder = tmp_path / "tasks"
    folder.mkdir()
    variables = {"TASKS_FOLDER": str(folder), "REDIS_URL": redis.url}
    layer = RedisChannelLayer(hosts=[redis.url])
    channel = await layer.new_channel()
    await layer.group_add("results", channel)
    # A child makes way for a new one after a few tasks, while its parent's layer is at work.
    more = ["--max-tasks-per-child", "4"] if pool == "prefork" else []
    quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "INFO"]
    worker = Worker("-A", "tasks", "worker", "--pool", pool, "--concurrency", "2", *more, *quiet, **variables)
    try:
        worker.wait_for("celery@.* ready")
        client = Celery("tasks", broker="filesystem://", **broker(str(folder)))
        wanted = {(name, number) for name in TASKS for number in range(ROUNDS)}
        for name, number in sorted(wanted):
            await asyncio.to_thread(client.send_task, f"tasks.{name}", [number])
        pids = set()
        async with asyncio.timeout(DEADLINE):
            while wanted:
                message = await layer.receive(channel)
                wanted.remove((message["how"], message["number"]))
                pids.add(message["pid"])
        if pool == "prefork":
            assert worker.process.pid not in pids and len(pids) > 1, pids
        else:
            assert pids == {worker.process.pid}
        assert os.getpid() not in pids
        assert worker.ends() == 0, worker.log
        assert "Traceback" not in worker.log, worker.log
    finally:
        worker.kill()
        await layer.flush()
