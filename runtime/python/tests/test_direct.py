"""Direct delivery: what reaches a client past its consumer."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, suppress

import pytest
from conftest import APPS, DEADLINE, Server
from layers_redis import redis_server  # noqa: F401
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

OURS = ["NativeChannelLayer", "RedisChannelLayer", "RedisPubSubChannelLayer"]
OTHERS = ["channels.layers.InMemoryChannelLayer", "channels_redis.core.RedisChannelLayer"]
DIRECT = "websocket.send"

# A process with plain channels_redis: the class, the server, how many.
SENDER = """
import asyncio, importlib, sys
module, name, host, count = sys.argv[1:]
# Channels_redis drops what is over its own capacity for the key of a whole process.
layer = getattr(importlib.import_module(module), name)(hosts=[host], capacity=1000)
async def main():
    for n in range(int(count)):
        message = {"text": str(n)} if n % 2 else {"text": None, "bytes": str(n).encode()}
        await layer.group_send("room", {"type": "websocket.send", **message})
asyncio.run(main())
"""


def layer_of(name, redis):
    backend = name if "." in name else f"laureola.layers.{name}"
    return backend + (" " + json.dumps({"hosts": [redis.url]}) if "Redis" in name else "")


class Room:
    """A server, and clients of it."""

    def __init__(self, server, clients):
        self.server = server
        self.clients = clients

    def join(self, path="/"):
        return self.clients.enter_context(connect(self.server.ws + path, proxy=None, max_size=None))


@pytest.fixture(scope="module")
def servers(redis_server):
    """One server for each layer."""
    servers = {}

    def server(layer):
        if layer not in servers:
            servers[layer] = Server("-p", "0", "direct:application", LAYER=layer_of(layer, redis_server))
        return servers[layer].ready()

    yield server
    for server in servers.values():
        server.process.kill()
        server.process.wait()


@pytest.fixture
def room(servers):
    with ExitStack() as clients:
        yield lambda layer: Room(servers(layer), clients)


def do(client, **what):
    client.send(json.dumps(what))


def receive(client):
    return client.recv(timeout=DEADLINE)


def seen(client):
    """What its consumer was called for, but for this."""
    do(client, seen=True)
    return json.loads(receive(client))[:-1]


@pytest.mark.parametrize("layer", OURS)
def test_members_get_a_message_without_a_turn_of_their_consumers(room, layer):
    room = room(layer)
    direct = [room.join() for _ in range(3)] + [room.join("/sync"), room.join("/json")]
    ordinary = room.join("/ordinary")
    do(ordinary, send={"type": DIRECT, "text": "häh"})
    do(ordinary, send={"type": DIRECT, "text": ""})
    do(ordinary, send={"type": "chat.message", "text": "private"})
    for client in direct:
        assert [receive(client), receive(client)] == ["häh", ""]
    expected = ["ordinary häh", "ordinary ", "handled private"]
    assert [receive(ordinary) for _ in range(3)] == expected
    for client in direct:
        assert receive(client) == "handled private"
        assert seen(client) == ["websocket.connect", "chat.message"]
    assert seen(ordinary).count(DIRECT) == 2


@pytest.mark.parametrize("layer", OURS)
def test_bytes_are_a_binary_message(room, layer):
    room = room(layer)
    client = room.join()
    do(client, send={"type": DIRECT, "bytes": 70_000})
    assert receive(client) == bytes(70_000)
    assert seen(client) == ["websocket.connect", "websocket.receive"]


@pytest.mark.parametrize("layer", OURS)
def test_messages_before_accept_wait_in_order(room, layer):
    client = room(layer).join("/early")
    assert [receive(client) for _ in range(5)] == ["1", "2", "3", b"4", "handled 5"]
    assert DIRECT not in seen(client)


def test_of_too_many_before_accept_the_oldest_go(room):
    room = room("NativeChannelLayer")
    client = room.join("/late")
    assert [receive(client) for _ in range(100)] == [str(n) for n in range(20, 120)]
    room.server.wait_for("accepted too late.* lost=20")


def test_a_rejected_client_gets_nothing(room):
    room = room("NativeChannelLayer")
    with pytest.raises(InvalidStatus, match="403"):
        room.join("/rejecting")
    client = room.join()
    do(client, send={"type": DIRECT, "text": "on"})
    assert receive(client) == "on"


@pytest.mark.parametrize("layer", OURS[1:])
def test_a_sender_may_be_channels_redis_and_the_consumer_busy(room, redis_server, layer):
    module = "channels_redis.pubsub" if "PubSub" in layer else "channels_redis.core"
    room = room(layer)
    client, other = room.join(), room.join()
    do(client, wait=True)
    assert receive(client) == "waiting"
    # More than a channel holds.
    sender = [sys.executable, "-c", SENDER, module, layer, redis_server.url, "300"]
    subprocess.run(sender, check=True, timeout=DEADLINE)
    expected = [str(n) if n % 2 else str(n).encode() for n in range(300)]
    for member in (client, other):
        assert [receive(member) for _ in range(300)] == expected
    do(other, release=True)
    assert seen(client) == ["websocket.connect", "websocket.receive"]


@pytest.mark.parametrize("layer", OURS)
def test_a_flush_of_the_layer_does_not_end_it(room, layer):
    client = room(layer).join()
    do(client, flush=True)
    assert receive(client) == "flushed"
    do(client, send={"type": DIRECT, "text": "on"})
    assert receive(client) == "on"
    assert DIRECT not in seen(client)


def test_messages_behind_the_end_go_nowhere(room):
    room = room("NativeChannelLayer")
    leaving, client = room.join(), room.join()
    do(leaving, leave=3456)
    # The server's close may be there already; then the client sends nothing more.
    with suppress(ConnectionClosed):
        do(leaving, send={"type": DIRECT, "text": "late"})
    with pytest.raises(ConnectionClosed):
        receive(leaving)
    room.server.wait_for("left with 3456")
    do(client, send={"type": DIRECT, "text": "on"})
    while receive(client) != "on":
        pass


@pytest.mark.parametrize("layer", OTHERS)
def test_other_layers_go_through_the_handler(room, layer):
    client = room(layer).join()
    do(client, send={"type": DIRECT, "text": "hi"})
    assert receive(client) == "hi"
    do(client, send={"type": DIRECT, "bytes": 3})
    assert receive(client) == bytes(3)
    assert seen(client).count(DIRECT) == 2


def raw(port, path="/", **options):
    """A client without a library, after its handshake."""
    client = socket.socket()
    for option, value in options.items():
        client.setsockopt(socket.SOL_SOCKET, getattr(socket, option), value)
    client.settimeout(DEADLINE)
    client.connect(("127.0.0.1", port))
    request = [f"GET {path} HTTP/1.1", "Host: site", "Upgrade: websocket", "Connection: Upgrade"]
    request += ["Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", "Sec-WebSocket-Version: 13", "", ""]
    client.sendall("\r\n".join(request).encode())
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += client.recv(1)
    assert head.startswith(b"HTTP/1.1 101"), head
    return client


def masked(**what):
    text = json.dumps(what).encode()
    assert len(text) < 126
    return bytes([0x81, 0x80 | len(text), 0, 0, 0, 0]) + text


def exactly(client, length):
    data = b""
    while len(data) < length:
        data += client.recv(length - len(data))
    return data


def frames(port):
    """The bytes that a client gets for a text and for bytes."""
    with raw(port) as client:
        client.sendall(masked(send={"type": DIRECT, "text": "hi"}))
        client.sendall(masked(send={"type": DIRECT, "bytes": 300}))
        return exactly(client, 2 + 2 + 4 + 300)


@pytest.mark.parametrize("layer", OURS)
def test_daphne_writes_the_same_bytes(room, redis_server, layer, monkeypatch):
    monkeypatch.setenv("LAYER", layer_of(layer, redis_server))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "daphne", "-p", str(port), "direct:application"]
    daphne = subprocess.Popen(command, cwd=APPS, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        end = time.monotonic() + DEADLINE
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                assert daphne.poll() is None and time.monotonic() < end, "Daphne does not listen"
                time.sleep(0.02)
        theirs = frames(port)
    finally:
        daphne.kill()
        daphne.wait()
    assert theirs == b"\x81\x02hi\x82\x7e\x01\x2c" + bytes(300)
    assert frames(room(layer).server.port) == theirs


def test_a_client_that_does_not_keep_up_is_closed(room):
    room = room("NativeChannelLayer")
    slow = raw(room.server.port, SO_RCVBUF=4096)
    client = room.join()
    begun = time.monotonic()
    while "left with 1013" not in room.server.log:
        assert time.monotonic() < begun + DEADLINE
        do(client, send={"type": DIRECT, "bytes": 65_536})
        assert len(receive(client)) == 65_536
    # It gets what was on its way, then the reason.
    data = b""
    while part := slow.recv(1 << 20):
        data = (data + part)[-200:]
    code = (1013).to_bytes(2, "big")
    at = data.rindex(code)
    assert data[at - 2] == 0x88 and data[at - 1] == len(data) - at
    slow.close()
