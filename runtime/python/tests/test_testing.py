"""`laureola.testing`: a server for live tests."""

from __future__ import annotations

import httpx
import websockets

from laureola.testing import LaureolaProcess


async def application(scope, receive, send):
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        return await send({"type": "websocket.send", "text": scope["path"]})
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": scope["path"].encode()})


def fails():
    raise ValueError("no application today")


async def test_a_process_serves_until_it_is_terminated():
    process = LaureolaProcess("localhost", lambda: application, kwargs={"http_timeout": 5})
    process.start()
    assert process.ready.wait(30)
    place = f"localhost:{process.port.value}"
    async with httpx.AsyncClient(verify=False) as client:
        assert (await client.get(f"http://{place}/path")).text == "/path"
    async with websockets.connect(f"ws://{place}/socket") as socket:
        assert await socket.recv() == "/socket"
    process.terminate()
    process.join(30)
    assert process.exitcode == 0
    assert process.errors.empty()


def test_what_keeps_it_from_serving_is_told():
    process = LaureolaProcess("localhost", fails)
    process.start()
    assert process.ready.wait(30)
    error, text = process.errors.get(timeout=10)
    assert "no application today" in text and isinstance(error, Exception)
    process.join(30)
    assert process.exitcode == 1
