import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_Message = dict[str, Any]
_Host = str | tuple[str, int] | list[Any] | dict[str, Any]
_Capacities = Mapping[str | re.Pattern[str], int]

__all__ = [
    "BackendError",
    "ChannelFull",
    "ChannelLayer",
    "NativeChannelLayer",
    "RedisChannelLayer",
    "RedisPubSubChannelLayer",
]

class ChannelFull(Exception): ...
class BackendError(ConnectionError): ...

class ChannelLayer:
    MAX_NAME_LENGTH: int
    channel_name_regex: re.Pattern[str]
    group_name_regex: re.Pattern[str]
    invalid_name_error: str
    extensions: list[str]
    expiry: float
    group_expiry: float
    capacity: int
    channel_capacity: list[tuple[re.Pattern[str], int]]
    def __init__(
        self, expiry: float = ..., capacity: int = ..., channel_capacity: _Capacities | None = ...
    ) -> None: ...
    async def send(self, channel: str, message: _Message) -> None: ...
    async def receive(self, channel: str) -> _Message: ...
    async def new_channel(self, prefix: str = ...) -> str: ...
    async def group_add(self, group: str, channel: str) -> None: ...
    async def group_discard(self, group: str, channel: str) -> None: ...
    async def group_send(self, group: str, message: _Message) -> None: ...
    async def flush(self) -> None: ...
    async def close_pools(self) -> None: ...
    def send_sync(self, channel: str, message: _Message) -> None: ...
    def group_send_sync(self, group: str, message: _Message) -> None: ...
    def compile_capacities(self, channel_capacity: _Capacities) -> list[tuple[re.Pattern[str], int]]: ...
    def get_capacity(self, channel: str) -> int: ...
    def match_type_and_length(self, name: object) -> bool: ...
    def require_valid_channel_name(self, name: str, receive: bool = ...) -> bool: ...
    def require_valid_group_name(self, name: str) -> bool: ...
    def valid_channel_names(self, names: list[str], receive: bool = ...) -> bool: ...
    def non_local_name(self, name: str) -> str: ...
    def valid_channel_name(self, channel_name: str, receive: bool = ...) -> bool: ...
    def valid_group_name(self, group_name: str) -> bool: ...

class RedisChannelLayer(ChannelLayer):
    prefix: str
    hosts: list[dict[str, Any]]
    ring_size: int
    def __init__(
        self,
        hosts: Iterable[_Host] | None = ...,
        prefix: str = ...,
        expiry: float = ...,
        group_expiry: float = ...,
        capacity: int = ...,
        channel_capacity: _Capacities | None = ...,
        symmetric_encryption_keys: Sequence[str | bytes] | None = ...,
        random_prefix_length: int = ...,
        serializer_format: str = ...,
        *,
        on_disconnect: str | None = ...,
        on_reconnect: str | None = ...,
        on_overflow: str | None = ...,
        membership: str = ...,
        overflow: str = ...,
        heartbeat: float = ...,
    ) -> None: ...
    @property
    def client_prefix(self) -> str: ...
    async def wait_received(self) -> None: ...

class RedisPubSubChannelLayer(ChannelLayer):
    prefix: str
    hosts: list[dict[str, Any]]
    on_disconnect: str | None
    on_reconnect: str | None
    def __init__(
        self,
        hosts: Iterable[_Host] | None = ...,
        prefix: str = ...,
        on_disconnect: str | None = ...,
        on_reconnect: str | None = ...,
        *,
        symmetric_encryption_keys: Sequence[str | bytes] | None = ...,
        serializer_format: str = ...,
        expiry: float = ...,
        group_expiry: float = ...,
        capacity: int = ...,
        channel_capacity: _Capacities | None = ...,
        overflow: str = ...,
        on_overflow: str | None = ...,
        **ignored: object,
    ) -> None: ...

class NativeChannelLayer(ChannelLayer):
    name: str
    def __init__(
        self,
        expiry: float = ...,
        group_expiry: float = ...,
        capacity: int = ...,
        channel_capacity: _Capacities | None = ...,
        name: str = ...,
    ) -> None: ...
    async def close(self) -> None: ...
