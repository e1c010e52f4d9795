"""The command beyond serving: plugins, reloading, usage."""

from __future__ import annotations

import os
import signal
import time

import pytest
from conftest import APPS
from websockets.asyncio.client import connect


async def test_a_plugin_has_its_routes_first_and_the_application_the_rest(serve, tmp_path):
    server = serve("plain:application", "--plugin", "chat", cwd=tmp_path, PYTHONPATH=str(APPS))
    assert server.get("/scope").text.startswith("{'type': 'http'")
    page = server.get("/")
    assert page.status_code == 200 and page.text != "hello"
    async with connect(server.ws + "/echo") as client:
        await client.send("to Python")
        assert await client.recv() == "to Python"
    assert "lifespan is over" not in server.log
    assert server.ends() == 0
    assert "lifespan is over" in server.log


def test_plugins_alone(start, tmp_path):
    server = start("-p", "0", "--plugin", "chat", cwd=tmp_path).ready()
    assert server.get("/").status_code == 200
    assert server.ends() == 0


@pytest.mark.parametrize(
    ("args", "status", "said"),
    [
        ([], 2, "there is nothing to serve: name an application, as in mysite.asgi:application"),
        (["--no-such-flag", "plain:application"], 2, "unexpected argument '--no-such-flag'"),
        (["--plugin", "none", "plain:application"], 1, 'there is no plugin "none" in this command'),
        (["--loop", "other", "plain:application"], 2, "invalid value 'other'"),
        (["--reload", "--workers", "2", "plain:application"], 2, "cannot be used with"),
        (["--version"], 0, "laureola "),
        (["--help"], 0, "--websocket_connect_timeout"),
        (["layer", "ping"], 1, "memory:// lives inside the server's process"),
    ],
)
def test_usage(start, args, status, said):
    server = start(*args)
    assert server.ends(None) == status, server.log
    assert said in server.log


def test_a_change_starts_it_again(start, tmp_path):
    module = tmp_path / "changing.py"
    text = "async def application(scope, receive, send):\n    raise ValueError('version %d')\n"
    module.write_text(text % 1)
    server = start("-p", "0", "--reload", "--lifespan", "off", "changing:application", cwd=tmp_path).ready()
    try:
        assert server.get("/").status_code == 500
        server.wait_for("ValueError: version 1")
        module.write_text("this is no Python\n")
        os.utime(module, (time.time() + 5, time.time() + 5))
        server.wait_for(r"changing\.py changed, starting again")
        server.wait_for("SyntaxError")
        module.write_text(text % 2)
        server.wait_for("listens on", times=2)
        server.ready()
        server.get("/")
        server.wait_for("ValueError: version 2")
    finally:
        assert server.ends(signal.SIGINT) == 0
