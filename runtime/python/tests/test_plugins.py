"""The built-in chat beside a Python application, in one room by the layer in memory."""

from __future__ import annotations

import asyncio
import json

from conftest import APPS, DEADLINE
from websockets.asyncio.client import connect


async def heard(socket, text):
    """The next event with this text; others tell of who came and what was said before."""
    async with asyncio.timeout(DEADLINE):
        while True:
            event = json.loads(await socket.recv())
            if event.get("message") == text:
                return event


async def test_the_chat_and_a_python_member_share_a_room(serve, tmp_path):
    server = serve("member:application", "--plugin", "chat", cwd=tmp_path, PYTHONPATH=str(APPS))
    browser = connect(server.ws + "/ws/chat/lobby/?username=ada", proxy=None)
    member = connect(server.ws + "/member", proxy=None)
    async with browser as browser, member as member:
        await browser.send(json.dumps({"message": "from Rust"}))
        for socket in (browser, member):
            assert (await heard(socket, "from Rust"))["username"] == "ada"
        await member.send("from Python")
        for socket in (browser, member):
            assert (await heard(socket, "from Python"))["username"] == "python"
        # Without an event loop's turn, too.
        page = await asyncio.to_thread(server.get, "/page")
        assert page.text == "a page of Python's"
        for socket in (browser, member):
            assert (await heard(socket, "from a page"))["username"] == "page"
    assert server.ends() == 0
