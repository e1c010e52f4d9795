"""Finding the application that the command line names, and calling it as ASGI 3 has it."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Awaitable, Callable
from typing import Any

Application = Callable[..., Awaitable[Any]]


class NotFound(Exception):
    """There is no such application; the message says what is missing."""


def load(target: str) -> Application:
    """Imports ``path.to.module:instance.path`` and makes a single callable of it.

    An exception of the module's own comes through as it is.
    """
    module_name, colon, path = target.partition(":")
    if not module_name or not colon or not path:
        raise NotFound(f"{target!r} is no application: write path.to.module:instance.path")
    found: Any = importlib.import_module(module_name)
    for name in path.split("."):
        try:
            found = getattr(found, name)
        except AttributeError:
            raise NotFound(f"there is no {path!r} in the module {module_name!r}") from None
    if not callable(found):
        raise NotFound(f"{target!r} is not callable, so it is no application")
    return single_callable(found)


def single_callable(application: Any) -> Application:
    """An ASGI 3 application of one of either kind (``asgiref.compatibility`` decides alike)."""
    if is_double_callable(application):
        return _Single(application)
    return application


def is_double_callable(application: Any) -> bool:
    """Whether it is of ASGI 2: called with the scope, it returns what takes ``receive`` and ``send``."""
    if getattr(application, "_asgi_single_callable", False):
        return False
    if getattr(application, "_asgi_double_callable", False):
        return True
    if inspect.isclass(application):
        return True
    call = getattr(application, "__call__", None)
    if call is not None and inspect.iscoroutinefunction(call):
        return False
    return not inspect.iscoroutinefunction(application)


class _Single:
    """A double callable, called at once."""

    def __init__(self, application: Any) -> None:
        self.application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> Any:
        instance = self.application(scope)
        return await instance(receive, send)


async def awaiting(awaitable: Awaitable[Any]) -> Any:
    """A coroutine of what an application returned that is none."""
    return await awaitable
