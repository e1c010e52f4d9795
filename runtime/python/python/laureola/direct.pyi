from collections.abc import Awaitable
from typing import Any

__all__ = ["DirectDeliveryMixin"]

class DirectDeliveryMixin:
    def dispatch(self, message: dict[str, Any]) -> Awaitable[None]: ...
    def websocket_send(self, event: dict[str, Any]) -> Awaitable[None] | None: ...
