"""Tells of requests and WebSockets as Daphne's server tells its ``action_logger``."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

Log = Callable[[str, str, dict[str, Any]], None]


class Logged:
    """An application around another one, for ``runserver``: calls ``log(protocol, action, details)``."""

    def __init__(self, application: Callable[..., Any], log: Log) -> None:
        self.application = application
        self.log = log

    async def __call__(self, scope: Any, receive: Any, send: Any) -> Any:
        if scope["type"] == "http":
            return await self._http(scope, receive, send)
        if scope["type"] == "websocket":
            return await self._websocket(scope, receive, send)
        return await self.application(scope, receive, send)

    async def _http(self, scope: Any, receive: Any, send: Any) -> Any:
        begun = time.monotonic()
        details = {**_details(scope), "method": scope["method"], "status": 500, "size": 0}

        async def logged(message: Any) -> None:
            if message["type"] == "http.response.start":
                details["status"] = message["status"]
            elif message["type"] == "http.response.body":
                details["size"] += len(message.get("body", b""))
            await send(message)

        try:
            return await self.application(scope, receive, logged)
        finally:
            details["time_taken"] = time.monotonic() - begun
            self.log("http", "complete", details)

    async def _websocket(self, scope: Any, receive: Any, send: Any) -> Any:
        details = _details(scope)
        accepted = False
        self.log("websocket", "connecting", details)

        async def logged(message: Any) -> None:
            nonlocal accepted
            await send(message)
            if message["type"] == "websocket.accept":
                accepted = True
                self.log("websocket", "connected", details)

        try:
            return await self.application(scope, receive, logged)
        finally:
            self.log("websocket", "disconnected" if accepted else "rejected", details)


def _details(scope: Any) -> dict[str, Any]:
    path = scope["raw_path"].decode("ascii", "replace")
    if scope["query_string"]:
        path += "?" + scope["query_string"].decode("ascii", "replace")
    client = scope["client"]
    return {"path": path, "client": "%s:%s" % tuple(client) if client else None}
