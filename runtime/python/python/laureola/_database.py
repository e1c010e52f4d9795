"""Spares Channels' consumers a thread's turn for each message.

Before a consumer's handler is called, Channels closes database connections that are too old, in the thread where
synchronous code runs: two switches of threads for every message, the dearest part of most. Where no connection is open
there is nothing to close, and nobody need go there.
"""

from __future__ import annotations

import sys
from typing import Any

MODULES = ("channels.db", "channels.consumer", "channels.generic.http", "channels.generic.websocket")


def spare_idle_turns() -> None:
    """Has Channels close old connections only while one may be open. Nothing happens where it is not loaded."""
    original = getattr(sys.modules.get("channels.db"), "aclose_old_connections", None)
    if original is None or hasattr(original, "laureola"):
        return
    try:
        spared = _spared(original)
    except (ImportError, AttributeError):
        # Of a Channels, an asgiref or a Django that are not known here.
        return
    for name in MODULES:
        module: Any = sys.modules.get(name)
        # Whoever has put something else there wants that.
        if getattr(module, "aclose_old_connections", None) is original:
            module.aclose_old_connections = spared


def _spared(original: Any) -> Any:
    from asgiref.sync import AsyncToSync, SyncToAsync, sync_to_async
    from django.db import connections
    from django.db.backends.signals import connection_created

    db: Any = sys.modules["channels.db"]
    context = SyncToAsync.thread_sensitive_context
    executors = AsyncToSync.executors
    # Whether the thread of synchronous code may have a connection: Django tells of each one that is made, in
    # whatever thread. It stays so until a look at them finds none.
    may_be_open = True

    def made(**kwargs: Any) -> None:
        nonlocal may_be_open
        may_be_open = True

    def look() -> None:
        nonlocal may_be_open
        may_be_open = False
        db.close_old_connections()
        if any(one.connection is not None for one in connections.all(initialized_only=True)):
            may_be_open = True

    look_there = sync_to_async(look)

    async def aclose_old_connections() -> None:
        if context.get(None) is not None or getattr(executors, "current", None) is not None:
            # Its synchronous code has a thread of its own.
            await original()
        elif may_be_open:
            await look_there()

    aclose_old_connections.laureola = True  # type: ignore[attr-defined]
    connection_created.connect(made, weak=False, dispatch_uid="laureola")
    return aclose_old_connections
