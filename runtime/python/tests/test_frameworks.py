"""Frameworks run unchanged."""

from __future__ import annotations

import pytest
import websockets


@pytest.mark.parametrize("framework", ["starlette", "fastapi", "quart"])
async def test_a_framework_runs_unchanged(serve, framework):
    server = serve(f"frameworks:{framework}_app")
    assert "started" in server.log
    assert server.get("/").text.strip('"') == "hello"
    assert server.get("/stream").text == "0 1 2 3 4 "
    assert server.get("/missing").status_code == 404
    async with websockets.connect(server.ws + "/ws") as socket:
        for text in ["one", "two"]:
            await socket.send(text)
            assert await socket.recv() == text
    assert server.ends() == 0
    assert "stopped" in server.log
    assert "ERROR" not in server.log, server.log
