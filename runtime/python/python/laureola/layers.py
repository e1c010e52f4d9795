"""Channel layers for Django Channels, in Rust.

``RedisChannelLayer`` and ``RedisPubSubChannelLayer`` take the place of those of channels_redis: the
same arguments, the same keys and bytes in Redis, so that processes with either share channels and
groups. ``NativeChannelLayer`` is in memory, and shared with the Rust consumers of the process::

    CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "laureola.layers.RedisChannelLayer",
            "CONFIG": {"hosts": [("localhost", 6379)]},
        },
    }

What differs from channels_redis, for all of them:

- Connections belong to the process, not to an event loop: any number of loops and threads use the
  same few, and none is left behind when a loop closes. A fork makes its own.
- A ``receive`` that is cancelled loses no message. A channel whose last receiver was cancelled lives
  on for ``expiry`` seconds, then leaves its groups.
- Group members do not go stale while their process lives, and those of a process that died are
  removed by the others.
- ``send_sync`` and ``group_send_sync`` need no event loop at all.
- Names that Channels refuses are a ``TypeError`` everywhere, and a message that cannot be sent says
  under which key it holds what.
"""

import atexit as _atexit
import os as _os

from laureola import _laureola
from laureola._channels import (
    BackendError,
    ChannelFull,
    ChannelLayer,
    compiled_capacities,
    decoded_hosts,
    described_hosts,
    host_options,
)

__all__ = [
    "BackendError",
    "ChannelFull",
    "ChannelLayer",
    "NativeChannelLayer",
    "RedisChannelLayer",
    "RedisPubSubChannelLayer",
]

# Before modules are torn down: no thread of ours may outlive the interpreter.
_atexit.register(_laureola.end_channel_layers)
_os.register_at_fork(after_in_child=_laureola.channel_layers_forked)


class RedisChannelLayer(ChannelLayer):
    """The counterpart of ``channels_redis.core.RedisChannelLayer``, whose arguments it takes.

    It connects with the first call that needs Redis. While a host is away such calls raise
    :class:`BackendError`, and the connection comes back by itself.

    Beyond those of channels_redis there are:

    on_disconnect, on_reconnect
        The ``type`` of a message that every receiver of this process gets when Redis goes, and when
        it is back: the moment to fetch what may have been missed.
    membership
        ``"channel"`` (default) or ``"process"``: one member per process and group stands in Redis,
        and the work there no longer grows with the members. Other processes cannot discard a single
        one of them then.
    overflow
        What happens to a message for a consumer that is ``capacity`` messages behind:
        ``"drop-oldest"`` (default), ``"drop-newest"`` or ``"close"``, which gives the channel up and
        tells its consumer by a message of type ``on_overflow``.
    heartbeat
        For how many seconds this process may be silent until others remove its group members;
        default 15.
    """

    extensions = ["groups", "flush"]

    def __init__(
        self,
        hosts=None,
        prefix="asgi",
        expiry=60,
        group_expiry=86400,
        capacity=100,
        channel_capacity=None,
        symmetric_encryption_keys=None,
        random_prefix_length=12,
        serializer_format="msgpack",
        *,
        on_disconnect=None,
        on_reconnect=None,
        on_overflow=None,
        membership="channel",
        overflow="drop-oldest",
        heartbeat=15,
    ):
        super().__init__(expiry=expiry, capacity=capacity, channel_capacity=channel_capacity)
        assert isinstance(prefix, str), "Prefix must be unicode"
        self.prefix = prefix
        self.group_expiry = group_expiry
        self.hosts = decoded_hosts(hosts)
        self.ring_size = len(self.hosts)
        options = {
            "hosts": host_options(self.hosts),
            "prefix": prefix,
            "expiry": expiry,
            "group_expiry": group_expiry,
            "capacity": capacity,
            "symmetric_encryption_keys": _keys(symmetric_encryption_keys),
            "random_prefix_length": random_prefix_length,
            "serializer_format": _format(serializer_format),
            "membership": membership,
            "overflow": overflow,
            "heartbeat": heartbeat,
        }
        notices = [on_disconnect, on_reconnect, on_overflow]
        self._core = _laureola.LayerCore.redis(
            options, self._exceptions, _types(notices), [expiry, group_expiry]
        )

    @property
    def client_prefix(self):
        """What stands for this process in the names of its channels; 32 hexadecimal digits."""
        return self._core.client_prefix

    async def wait_received(self):
        """Does nothing: there is no clean-up that somebody would have to wait for."""

    def __str__(self):
        return f"{type(self).__name__}(hosts={described_hosts(self.hosts)})"

    __repr__ = __str__


class RedisPubSubChannelLayer(ChannelLayer):
    """The counterpart of ``channels_redis.pubsub.RedisPubSubChannelLayer``, whose arguments it takes.

    Nothing is kept in Redis: a message is for those who are subscribed when it comes, and there is
    no ``ChannelFull``. Each channel of this process holds ``capacity`` messages, then drops by
    ``overflow`` (see :class:`RedisChannelLayer`); channels_redis grows without end there.

    ``on_disconnect`` and ``on_reconnect`` are the types of messages that every receiver of this
    process gets when Redis goes and comes back. channels_redis takes them, and never sends them.
    """

    extensions = ["groups", "flush"]

    def __init__(
        self,
        hosts=None,
        prefix="asgi",
        on_disconnect=None,
        on_reconnect=None,
        *,
        symmetric_encryption_keys=None,
        serializer_format="msgpack",
        expiry=60,
        group_expiry=86400,
        capacity=100,
        channel_capacity=None,
        overflow="drop-oldest",
        on_overflow=None,
        **ignored,
    ):
        if ignored:
            names = ", ".join(sorted(ignored))
            _warn(f"RedisPubSubChannelLayer does not know {names}, and goes on without")
        super().__init__(expiry=expiry, capacity=capacity, channel_capacity=channel_capacity)
        self.prefix = prefix
        self.group_expiry = group_expiry
        self.hosts = decoded_hosts(hosts)
        self.on_disconnect = on_disconnect
        self.on_reconnect = on_reconnect
        options = {
            "hosts": host_options(self.hosts),
            "prefix": prefix,
            "capacity": capacity,
            "symmetric_encryption_keys": _keys(symmetric_encryption_keys),
            "serializer_format": _format(serializer_format),
            "overflow": overflow,
        }
        notices = [on_disconnect, on_reconnect, on_overflow]
        self._core = _laureola.LayerCore.redis_pubsub(
            options, self._exceptions, _types(notices), [expiry, group_expiry]
        )

    def __str__(self):
        return f"{type(self).__name__}(hosts={described_hosts(self.hosts)})"

    __repr__ = __str__


class NativeChannelLayer(ChannelLayer):
    """A layer in memory, which the Rust consumers of this process share.

    It does what ``channels.layers.InMemoryChannelLayer`` does, for all threads and event loops of a
    process. Layers of the same ``name`` are one: its options are those of the one that came first, be
    it a Rust program's (``laureola_python::layers::native::provide``). A process-specific channel
    exists once ``new_channel`` made it; what is sent to others is dropped.
    """

    extensions = ["groups", "flush"]

    def __init__(
        self, expiry=60, group_expiry=86400, capacity=100, channel_capacity=None, name="default"
    ):
        super().__init__(expiry=expiry, capacity=capacity, channel_capacity=channel_capacity)
        self.group_expiry = group_expiry
        self.name = name
        self._core = _laureola.LayerCore.native(
            name, capacity, self._exceptions, [expiry, group_expiry]
        )

    async def close(self):
        """Does nothing: the layer is the whole process's."""

    def __str__(self):
        return f"{type(self).__name__}(name={self.name!r})"

    __repr__ = __str__


def _warn(text):
    import warnings

    warnings.warn(text, RuntimeWarning, stacklevel=3)


def _types(names):
    for name in names:
        if name is not None and not isinstance(name, str):
            raise TypeError(
                "on_disconnect, on_reconnect and on_overflow are types of messages, such as "
                f'"redis.disconnect", not {type(name).__name__}'
            )
    return names


def _keys(keys):
    if not keys:
        return []
    if isinstance(keys, (str, bytes)):
        raise ValueError("symmetric_encryption_keys must be a list of possible keys")
    return [key.decode("utf-8") if isinstance(key, bytes) else key for key in keys]


def _format(name):
    if name not in ("msgpack", "json"):
        raise KeyError(
            f"serializer_format {name!r}: this layer knows msgpack and json; serializers registered "
            "with channels_redis are Python's, and its own have to work without the interpreter"
        )
    return name
