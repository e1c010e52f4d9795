"""What all layers have in common: the methods of Channels' ``BaseChannelLayer``, and its errors.

Channels need not be installed; where it is, ``ChannelFull`` is its own and the layers are instances of
its base class.
"""

import fnmatch
import re
import warnings
from urllib.parse import urlsplit

from laureola import _laureola

try:
    from channels.exceptions import ChannelFull
    from channels.layers import BaseChannelLayer as _Base
except ImportError:

    class ChannelFull(Exception):
        """A channel holds as many messages as it may."""

    class _Base:
        pass


class BackendError(ConnectionError):
    """Redis cannot be reached, or refused. Its text says which host, and why."""


class ChannelLayer(_Base):
    """The methods of a channel layer, by the extension module's ``LayerCore``."""

    MAX_NAME_LENGTH = 100
    channel_name_regex = re.compile(r"^[a-zA-Z\d\-_.]+(\![\d\w\-_.]*)?\Z", re.ASCII)
    group_name_regex = re.compile(r"^[a-zA-Z\d\-_.]+\Z", re.ASCII)
    invalid_name_error = (
        "{} name must be a valid unicode string with length < 100 containing only ASCII "
        "alphanumerics, hyphens, underscores, or periods."
    )

    def __init__(self, expiry=60, capacity=100, channel_capacity=None):
        self.expiry = expiry
        self.capacity = capacity
        self.channel_capacity = self.compile_capacities(channel_capacity or {})
        self._exceptions = compiled_capacities(channel_capacity or {})

    # ---- Channel layer API

    async def send(self, channel, message):
        """Sends a message to a channel, of this process or another.

        Raises ``ChannelFull`` where it holds as many messages as its capacity.
        """
        pending = self._core.send(channel, message)
        if pending is not None:
            await pending

    async def receive(self, channel):
        """Waits for the next message of a channel. Of several that wait the first gets it.

        Cancelled, it takes no message with it: the next ``receive`` gets it.
        """
        while True:
            found = self._core.receive(channel)
            if type(found) is dict:
                return found
            if found is None:
                opening = self._core.open(channel)
                if opening is not None:
                    await opening
                continue
            try:
                message = await found.future
            except BaseException:
                found.cancel()
                raise
            if message is not None:
                return message

    async def new_channel(self, prefix="specific"):
        """The name of a new channel that only this process receives from."""
        made = self._core.new_channel(prefix.removesuffix("."))
        return made if isinstance(made, str) else await made

    # ---- Groups extension

    async def group_add(self, group, channel):
        """Adds a channel to a group."""
        pending = self._core.group_add(group, channel)
        if pending is not None:
            await pending

    async def group_discard(self, group, channel):
        """Removes a channel from a group. No error where it is not in it."""
        pending = self._core.group_discard(group, channel)
        if pending is not None:
            await pending

    async def group_send(self, group, message):
        """Sends a message to every channel in a group. Those that are full miss it."""
        pending = self._core.group_send(group, message)
        if pending is not None:
            await pending

    # ---- Flush extension

    async def flush(self):
        """Forgets every group and message, and closes connections nobody needs."""
        pending = self._core.flush()
        if pending is not None:
            await pending
        await self.close_pools()

    async def close_pools(self):
        """Closes the layer's connections, unless a channel of this process needs them; the next
        call opens new ones. There is no need to: they belong to no event loop."""
        pending = self._core.close_pools()
        if pending is not None:
            await pending

    # ---- For code without an event loop

    def send_sync(self, channel, message):
        """``send``, waiting in this thread. It needs no event loop, and blocks one that runs."""
        self._core.send_sync(channel, message)

    def group_send_sync(self, group, message):
        """``group_send``, waiting in this thread. It needs no event loop, and blocks one that runs."""
        self._core.group_send_sync(group, message)

    # ---- What Channels' BaseChannelLayer offers

    def compile_capacities(self, channel_capacity):
        """A list of compiled patterns and capacities."""
        return [
            (pattern if hasattr(pattern, "match") else re.compile(fnmatch.translate(pattern)), value)
            for pattern, value in channel_capacity.items()
        ]

    def get_capacity(self, channel):
        """How many messages may wait in a channel: by the first pattern that matches its name."""
        for pattern, capacity in self.channel_capacity:
            if pattern.match(channel):
                return capacity
        return self.capacity

    def match_type_and_length(self, name):
        """Whether it is a text that is short enough."""
        return isinstance(name, str) and len(name) < self.MAX_NAME_LENGTH

    def require_valid_channel_name(self, name, receive=False):
        """Raises ``TypeError`` for what is no channel's name."""
        _laureola.LayerCore.check_channel_name(name)
        if receive and "!" in name and not name.endswith("!"):
            raise TypeError("Specific channel names in receive() must end at the !")
        return True

    def require_valid_group_name(self, name):
        """Raises ``TypeError`` for what is no group's name."""
        _laureola.LayerCore.check_group_name(name)
        return True

    def valid_channel_names(self, names, receive=False):
        """Raises unless it is a list of at least one channel's name."""
        assert names and isinstance(names, list), "names must be a non-empty list"
        for name in names:
            self.require_valid_channel_name(name, receive=receive)
        return True

    def non_local_name(self, name):
        """A name up to and including its ``!``; whole where it has none."""
        before, mark, _ = name.partition("!")
        return before + mark

    def valid_channel_name(self, channel_name, receive=False):
        """Deprecated: ``require_valid_channel_name``."""
        _deprecated("valid_channel_name", "require_valid_channel_name")
        return self.require_valid_channel_name(channel_name)

    def valid_group_name(self, group_name):
        """Deprecated: ``require_valid_group_name``."""
        _deprecated("valid_group_name", "require_valid_group_name")
        return self.require_valid_group_name(group_name)


def _deprecated(old, new):
    warnings.warn(
        f"{old} is deprecated, use {new} instead.", DeprecationWarning, stacklevel=3
    )


def compiled_capacities(channel_capacity):
    """``channel_capacity`` for the extension module: patterns, whether regular expressions, values."""
    exceptions = []
    for pattern, capacity in channel_capacity.items():
        is_regex = hasattr(pattern, "match")
        text = _inline_flags(pattern) + pattern.pattern if is_regex else pattern
        exceptions.append((text, is_regex, capacity))
    return exceptions


def _inline_flags(pattern):
    letters = {re.IGNORECASE: "i", re.MULTILINE: "m", re.DOTALL: "s", re.VERBOSE: "x"}
    flags = "".join(letter for flag, letter in letters.items() if pattern.flags & flag)
    return f"(?{flags})" if flags else ""


def decoded_hosts(hosts):
    """The ``hosts`` argument as a list of connection arguments."""
    if not hosts:
        return [{"address": "redis://localhost:6379"}]
    if isinstance(hosts, (str, bytes)):
        raise ValueError("You must pass a list of Redis hosts, even if there is only one.")
    decoded = []
    for entry in hosts:
        if isinstance(entry, dict):
            decoded.append(entry)
        elif isinstance(entry, (tuple, list)):
            decoded.append({"host": entry[0], "port": entry[1]})
        else:
            decoded.append({"address": entry})
    return decoded


# What only tunes redis-py's own pool and sockets, and may be of types nobody else knows.
_TUNING = re.compile("socket_.*|retry.*|health_check_interval|max_connections|client_name|lib_.*")


def host_options(hosts):
    """The hosts for the extension module."""
    return [_host_options(host) for host in hosts]


def _host_options(host):
    options = {name: value for name, value in host.items() if not _TUNING.fullmatch(name)}
    if options.get("ssl_cert_reqs", "") is None:
        # redis-py's word for not looking at the certificate; here it would be the default.
        options["ssl_cert_reqs"] = "none"
    return options


def described_hosts(hosts):
    """Where the hosts are, without their passwords."""
    return [_described_host(host) for host in hosts]


def _described_host(host):
    if "address" in host:
        parts = urlsplit(str(host["address"]))
        place = parts.netloc.rpartition("@")[2] + parts.path
        return f"{parts.scheme}://{place}"
    if "master_name" in host:
        return f"sentinel:{host['master_name']}"
    return f"{host.get('host', 'localhost')}:{host.get('port', 6379)}"
