"""ASGI's extensions, one for each path."""

from __future__ import annotations

import json
import os
import tempfile


def _file() -> str:
    with tempfile.NamedTemporaryFile(delete=False) as file:
        file.write(b"0123456789" * 20_000)
    return file.name


FILE = _file()
LENGTH = [(b"content-length", b"200000")]


async def application(scope, receive, send):
    """Takes a path's turn."""
    if scope["type"] == "lifespan":
        while (await receive())["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        os.unlink(FILE)
        return await send({"type": "lifespan.shutdown.complete"})
    if scope["type"] == "websocket":
        return await denied(scope, receive, send)
    await PATHS[scope["path"]](scope, send)


async def denied(scope, receive, send):
    """Any WebSocket: no, with a page that says why."""
    await receive()
    start = {"type": "websocket.http.response.start", "status": 403, "headers": [(b"x-why", b"closed")]}
    await send(start)
    await send({"type": "websocket.http.response.body", "body": b"not ", "more_body": True})
    await send({"type": "websocket.http.response.body", "body": b"today"})


async def start(send, headers=(), **more):
    """The head of a response."""
    await send({"type": "http.response.start", "status": 200, "headers": headers, **more})


async def body(send, data, more=False):
    """A part of its body."""
    await send({"type": "http.response.body", "body": data, "more_body": more})


async def shown(scope, send):
    """What the scope says."""
    tls = scope["extensions"].get("tls")
    seen = {"version": scope["http_version"], "extensions": sorted(scope["extensions"]), "tls": tls}
    await start(send)
    await body(send, json.dumps(seen).encode())


async def hinted(scope, send):
    """A hint before the response, twice."""
    await send({"type": "http.response.early_hint", "links": [b"</a.css>; rel=preload", b"</b.js>; rel=preload"]})
    await send({"type": "http.response.early_hint", "links": [b"</c.css>; rel=preload"]})
    await start(send)
    await body(send, b"hinted")


async def trailed(scope, send):
    """Headers behind the body, in two messages."""
    # HTTP/1.1 has only such as were announced.
    await start(send, [(b"trailer", b"x-sum, x-end")], trailers=True)
    await body(send, b"one ", more=True)
    await body(send, b"two")
    await send({"type": "http.response.trailers", "headers": [(b"x-sum", b"3")], "more_trailers": True})
    await send({"type": "http.response.trailers", "headers": [(b"x-end", b"yes")]})


async def by_path(scope, send):
    """A file by its name."""
    await start(send, LENGTH)
    await send({"type": "http.response.pathsend", "path": FILE})


async def by_missing_path(scope, send):
    """The name of no file."""
    await start(send, LENGTH)
    await send({"type": "http.response.pathsend", "path": FILE + ".gone"})


async def by_file(scope, send):
    """Parts of an open file, between others; ours is closed at once."""
    await start(send)
    await body(send, b"<", more=True)
    with open(FILE, "rb") as file:
        part = {"type": "http.response.zerocopysend", "file": file, "offset": 5, "count": 10, "more_body": True}
        await send(part)
        file.seek(199_998)
        await send({"type": "http.response.zerocopysend", "file": file.fileno(), "more_body": True})
    await body(send, b">")


async def pushed(scope, send):
    """A promise, where the client takes any."""
    await start(send)
    if "http.response.push" in scope["extensions"]:
        await send({"type": "http.response.push", "path": "/promised", "headers": [(b"x-of", b"push")]})
    await body(send, b"pushed")


async def promised(scope, send):
    """What a promise is about."""
    await start(send)
    await body(send, dict(scope["headers"]).get(b"x-of", b"nobody"))


PATHS = {
    "/scope": shown,
    "/hint": hinted,
    "/trailers": trailed,
    "/path": by_path,
    "/missing": by_missing_path,
    "/file": by_file,
    "/push": pushed,
    "/promised": promised,
}
