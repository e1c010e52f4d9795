"""Celery's workers: children of a process that has used the layer before it forked them, and threads."""

from __future__ import annotations

import asyncio
import os

import pytest
from apps.celery_broker import broker
from celery import Celery
from conftest import DEADLINE, Server
from layers_redis import RedisServer, redis, redis_server  # noqa: F401

from laureola.layers import RedisChannelLayer

TASKS = ["by_async", "by_sync", "by_receiving"]
ROUNDS = 5


class Worker(Server):
    """``celery worker``."""

    module = "celery"

    def __init__(self, folder, redis, pool, *more):
        folder.mkdir()
        quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "INFO"]
        variables = {"TASKS_FOLDER": str(folder), "REDIS_URL": redis.url}
        super().__init__("-A", "tasks", "worker", "--pool", pool, *more, *quiet, **variables)
        self.client = Celery("tasks", broker="filesystem://", **broker(str(folder)))

    def do(self, name, argument):
        """Has it do a task, some time soon."""
        self.client.send_task(f"tasks.{name}", [argument])


@pytest.mark.parametrize("pool", ["prefork", "threads"])
async def test_tasks_reach_a_receiver_in_another_process(redis, tmp_path, pool):  # noqa: F811
    layer = RedisChannelLayer(hosts=[redis.url])
    channel = await layer.new_channel()
    await layer.group_add("results", channel)
    # A child makes way for a new one after a few tasks, while its parent's layer is at work.
    more = ["--max-tasks-per-child", "4"] if pool == "prefork" else []
    worker = Worker(tmp_path / "tasks", redis, pool, "--concurrency", "2", *more)
    try:
        worker.wait_for("celery@.* ready")
        wanted = {(name, number) for name in TASKS for number in range(ROUNDS)}
        for name, number in sorted(wanted):
            await asyncio.to_thread(worker.do, name, number)
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


@pytest.mark.parametrize("how", ["by_async", "by_sync"])
def test_a_preforked_worker_logs_that_redis_is_away(tmp_path, how):
    redis = RedisServer()
    worker = Worker(tmp_path / "tasks", redis, "prefork", "--concurrency", "1")
    try:
        worker.wait_for("celery@.* ready")
        worker.do(how, 0)
        worker.wait_for(rf"tasks\.{how}\[.*\] succeeded")
        worker.do("through_an_outage", how)
        redis.stop()
        # Its parent has a layer, too, and a line of its own.
        worker.wait_for(r"WARNING/ForkPoolWorker-\d+\] redis is away; reconnecting")
    finally:
        worker.kill()
        redis.close()
