"""The compiled part of laureola. Import what you need from `laureola` instead."""

from asyncio import Future
from collections.abc import Sequence
from typing import Any, final, type_check_only

from laureola._host import Host

__all__ = [
    "__version__",
    "ClientDisconnected",
    "run",
    "Connection",
    "LayerCore",
    "channel_layers_forked",
    "end_channel_layers",
]

__version__: str

class ClientDisconnected(OSError):
    """Raised by ``send`` once the client has gone (ASGI 2.4 asks for an ``OSError``)."""

def run(argv: Sequence[str], host: Host) -> int:
    """Runs the ``laureola`` command with ``argv`` and returns its exit status."""

_Exception = tuple[str, bool, int]

@final
@type_check_only
class _Receiving:
    @property
    def future(self) -> Future[dict[str, Any] | None]: ...
    def cancel(self) -> None: ...

@final
class Connection:
    """A websocket connection, as ``scope["extensions"]["laureola.direct"]`` holds it."""

    def __len__(self) -> int: ...
    def __copy__(self) -> Connection: ...
    def __deepcopy__(self, _memo: object) -> Connection: ...

@final
class LayerCore:
    """A channel layer; what it returns is there at once, or a future of the running event loop."""

    @staticmethod
    def redis(
        options: dict[str, Any],
        channel_capacity: list[_Exception],
        notices: list[str | None],
        expiries: list[float],
    ) -> LayerCore: ...
    @staticmethod
    def redis_pubsub(
        options: dict[str, Any],
        channel_capacity: list[_Exception],
        notices: list[str | None],
        expiries: list[float],
    ) -> LayerCore: ...
    @staticmethod
    def native(
        name: str, capacity: int, channel_capacity: list[_Exception], expiries: list[float]
    ) -> LayerCore: ...
    @staticmethod
    def check_channel_name(name: object) -> None: ...
    @staticmethod
    def check_group_name(name: object) -> None: ...
    @property
    def client_prefix(self) -> str: ...
    def send(self, channel: str, message: dict[str, Any]) -> Future[None] | None: ...
    def send_sync(self, channel: str, message: dict[str, Any]) -> None: ...
    def group_send(self, group: str, message: dict[str, Any]) -> Future[None] | None: ...
    def group_send_sync(self, group: str, message: dict[str, Any]) -> None: ...
    def group_add(self, group: str, channel: str) -> Future[None] | None: ...
    def group_discard(self, group: str, channel: str) -> Future[None] | None: ...
    def new_channel(self, prefix: str) -> Future[str] | str: ...
    def receive(self, channel: str) -> dict[str, Any] | _Receiving | None: ...
    def open(self, channel: str) -> Future[None] | None: ...
    def is_open(self, channel: str) -> bool: ...
    def deliver_directly(self, channel: str, connection: Connection) -> bool: ...
    def flush(self) -> Future[None] | None: ...
    def close_pools(self) -> Future[None] | None: ...

def end_channel_layers() -> None: ...
def channel_layers_forked() -> None: ...
