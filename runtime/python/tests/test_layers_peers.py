"""Our layers beside those of channels_redis: every method, in both directions, in one process.

Each test runs in an event loop of its own, with ours on one side and theirs on the other; `ours` and
`theirs` change places with the parameter.
"""

import asyncio
import datetime
import enum
import re
import uuid

import channels_redis.core
import channels_redis.pubsub
import msgpack
import pytest
from channels.exceptions import ChannelFull
from layers_redis import redis, redis_2, redis_server, redis_server_2  # noqa: F401

from laureola.layers import RedisChannelLayer, RedisPubSubChannelLayer

CORES = [RedisChannelLayer, channels_redis.core.RedisChannelLayer]
PUBSUBS = [RedisPubSubChannelLayer, channels_redis.pubsub.RedisPubSubChannelLayer]

EVERY_KIND = {
    "type": "every.kind",
    "nil": None,
    "true": True,
    "int": -1,
    "large": 2**64 - 1,
    "small": -(2**63),
    "float": 0.1,
    "text": "žluťoučký 🐎",
    "bytes": b"\x00\xff",
    "list": [1, [], {"a": []}],
    "map": {"a": None, b"b": 1},
    "empty": {},
    "ext": msgpack.ExtType(5, b"data"),
    "time": msgpack.Timestamp(1, 2),
}


def both(classes):
    """Ours sends to theirs, theirs to ours, and ours to ours."""
    ours, theirs = classes
    pairs = [(ours, theirs), (theirs, ours), (ours, ours)]
    return pytest.mark.parametrize("sender, receiver", pairs, ids=["to theirs", "to ours", "ours"])


@pytest.fixture
async def make(redis):
    """Makes layers at the server, and closes them."""
    made = []

    def make(layer_class, **options):
        layer = layer_class(hosts=options.pop("hosts", [redis.url]), **options)
        made.append(layer)
        return layer

    yield make
    for layer in made:
        await layer.flush()


async def receive(layer, channel):
    return await asyncio.wait_for(layer.receive(channel), 10)


async def nothing(layer, channel):
    """Nothing waits in a channel, for what comes in order came before this."""
    await layer.send(channel, {"type": "last"})
    assert await receive(layer, channel) == {"type": "last"}


@both(CORES)
async def test_a_message_to_a_channel_arrives_as_it_was_sent(make, sender, receiver):
    sender, receiver = make(sender), make(receiver)
    channel = await receiver.new_channel()
    assert re.fullmatch(r"specific\.[0-9a-f]{32}![0-9a-f]{32}", channel)
    await sender.send(channel, EVERY_KIND)
    assert await receive(receiver, channel) == EVERY_KIND


@both(CORES)
async def test_a_channel_keeps_its_order(make, sender, receiver):
    sender, receiver = make(sender), make(receiver)
    channel = await receiver.new_channel("orders")
    for n in range(30):
        await sender.send(channel, {"type": "n", "n": n})
    assert [(await receive(receiver, channel))["n"] for _ in range(30)] == list(range(30))


@both(CORES)
async def test_a_plain_channel_holds_messages_for_a_later_receiver(make, sender, receiver):
    sender, receiver = make(sender), make(receiver)
    for n in range(3):
        await sender.send("thumbnails", {"type": "n", "n": n})
    assert [(await receive(receiver, "thumbnails"))["n"] for _ in range(3)] == [0, 1, 2]


@both(CORES)
async def test_a_group_send_reaches_the_members_of_either_side(make, sender, receiver):
    sender, receiver = make(sender), make(receiver)
    there = [await receiver.new_channel() for _ in range(3)]
    here = await sender.new_channel()
    for channel in there:
        await receiver.group_add("room", channel)
    await sender.group_add("room", here)
    # Each side may add and discard the other's channels by name.
    await sender.group_discard("room", there[2])
    await sender.group_send("room", {"type": "chat.message", "text": "hello"})
    for layer, channel in [(receiver, there[0]), (receiver, there[1]), (sender, here)]:
        assert await receive(layer, channel) == {"type": "chat.message", "text": "hello"}
    await nothing(receiver, there[2])
    await sender.group_add("room", there[2])
    await sender.group_send("room", {"type": "again"})
    assert await receive(receiver, there[2]) == {"type": "again"}


@both(CORES)
async def test_a_full_channel_refuses(make, sender, receiver):
    sender = make(sender, capacity=5, channel_capacity={"few.*": 2, re.compile("one|two"): 1})
    for channel, capacity in [("many", 5), ("few.er", 2), ("one", 1), ("twofold", 1), ("atwo", 5)]:
        for _ in range(capacity):
            await sender.send(channel, {"type": "x"})
        with pytest.raises(ChannelFull):
            await sender.send(channel, {"type": "x"})
        assert sender.get_capacity(channel) == capacity
    receiver = make(receiver, capacity=5)
    await receive(receiver, "few.er")
    await sender.send("few.er", {"type": "x"})


@both(CORES)
async def test_a_group_send_skips_a_member_without_room(make, sender, receiver):
    sender, receiver = make(sender, capacity=1), make(receiver, capacity=1)
    for name in ("full", "empty"):
        await sender.group_add("mixed", name)
    await sender.send("full", {"type": "first"})
    await sender.group_send("mixed", {"type": "second"})
    assert await receive(receiver, "full") == {"type": "first"}
    assert await receive(receiver, "empty") == {"type": "second"}


@both(CORES)
async def test_a_message_expires(make, sender, receiver):
    sender, receiver = make(sender, expiry=1, capacity=1), make(receiver, expiry=1, capacity=1)
    await sender.send("brief", {"type": "old"})
    deadline = asyncio.get_running_loop().time() + 10
    while True:
        try:
            await sender.send("brief", {"type": "new"})
            break
        except ChannelFull:
            assert asyncio.get_running_loop().time() < deadline
            await asyncio.sleep(0.05)
    assert await receive(receiver, "brief") == {"type": "new"}


@both(CORES)
@pytest.mark.parametrize(
    "options",
    [
        {"prefix": "other.prefix"},
        {"serializer_format": "json"},
        {"random_prefix_length": 20},
        {"symmetric_encryption_keys": ["first", "second"]},
        {"symmetric_encryption_keys": [b"key"], "serializer_format": "json", "random_prefix_length": 0},
    ],
    ids=str,
)
async def test_options_mean_the_same(make, sender, receiver, options):
    sender, receiver = make(sender, **options), make(receiver, **options)
    channel = await receiver.new_channel()
    await receiver.group_add("room", channel)
    message = {"type": "x", "text": "žluť", "list": [1, 2.5, None, True], "map": {"a": "b"}}
    await sender.send(channel, message)
    await sender.group_send("room", message)
    assert await receive(receiver, channel) == message
    assert await receive(receiver, channel) == message


@both(CORES)
async def test_keys_can_be_rotated(make, sender, receiver):
    sender = make(sender, symmetric_encryption_keys=["new", "old"])
    receiver = make(receiver, symmetric_encryption_keys=["newest", "new"])
    channel = await receiver.new_channel()
    await sender.send(channel, {"type": "secret"})
    assert await receive(receiver, channel) == {"type": "secret"}


@both(CORES)
async def test_messages_are_spread_over_several_servers(make, redis, redis_2, sender, receiver):
    hosts = [("127.0.0.1", redis.port), {"address": redis_2.url}]
    sender, receiver = make(sender, hosts=hosts), make(receiver, hosts=hosts)
    assert sender.ring_size == receiver.ring_size == 2
    channel = await receiver.new_channel()
    for n in range(6):
        await receiver.group_add(f"room{n}", channel)
        await sender.group_send(f"room{n}", {"type": "x", "n": n})
        assert (await receive(receiver, channel))["n"] == n
    for n in range(4):
        await sender.send("plain", {"type": "x", "n": n})
    assert {(await receive(receiver, "plain"))["n"] for _ in range(4)} == {0, 1, 2, 3}


@both(PUBSUBS)
@pytest.mark.parametrize(
    "options",
    [{}, {"prefix": "other"}, {"serializer_format": "json"}, {"symmetric_encryption_keys": ["a", "b"]}],
    ids=str,
)
async def test_pubsub_sends_to_channels_and_groups(make, sender, receiver, options):
    sender, receiver = make(sender, **options), make(receiver, **options)
    channel = await receiver.new_channel()
    assert re.fullmatch(options.get("prefix", "asgi") + r"specific\.[0-9a-f]{32}", channel)
    await receiver.group_add("room", channel)
    await sender.send(channel, {"type": "direct", "n": 1})
    assert await receive(receiver, channel) == {"type": "direct", "n": 1}
    await sender.group_send("room", {"type": "grouped"})
    assert await receive(receiver, channel) == {"type": "grouped"}
    await receiver.group_discard("room", channel)
    await sender.group_send("room", {"type": "missed"})
    await nothing(receiver, channel)


@both(PUBSUBS)
async def test_pubsub_carries_every_kind(make, sender, receiver):
    sender, receiver = make(sender), make(receiver)
    channel = await receiver.new_channel()
    await sender.send(channel, EVERY_KIND)
    assert await receive(receiver, channel) == EVERY_KIND


@both(PUBSUBS)
async def test_pubsub_receives_from_a_plain_channel(make, sender, receiver):
    sender, receiver = make(sender), make(receiver)
    task = asyncio.ensure_future(receive(receiver, "announcements"))
    while not task.done():
        await sender.send("announcements", {"type": "x"})
        await asyncio.sleep(0.01)
    assert task.result() == {"type": "x"}


@pytest.mark.parametrize("layer_class", PUBSUBS)
async def test_pubsub_adds_only_channels_of_this_process(make, layer_class):
    layer = make(layer_class)
    text = (
        "You can only call group_add() on channels that exist in-process.\n"
        "Consumers are encouraged to use the common pattern:\n"
        "   self.channel_layer.group_add('room', self.channel_name)"
    )
    with pytest.raises(RuntimeError) as raised:
        await layer.group_add("room", "nobodys")
    assert str(raised.value) == text
    await layer.group_discard("room", "nobodys")


@pytest.mark.parametrize("layer_class", CORES)
async def test_core_refuses_what_channels_refuses(make, layer_class):
    layer = make(layer_class)
    channel = "{} name must be a valid unicode string with length < 100 containing only ASCII "
    channel += "alphanumerics, hyphens, underscores, or periods."
    message = {"type": "x"}
    for name in ["", "a b", "x" * 100, "é", "a!b!c", 3, None]:
        for call in [layer.send(name, message), layer.receive(name), layer.group_add("g", name)]:
            with pytest.raises(TypeError) as raised:
                await call
            assert str(raised.value) == channel.format("Channel")
    for name in ["", "a b", "x" * 100, "é", "a!b", 3]:
        for call in [layer.group_send(name, message), layer.group_add(name, "c")]:
            with pytest.raises(TypeError) as raised:
                await call
            assert str(raised.value) == channel.format("Group")
        with pytest.raises(TypeError):
            await layer.group_discard(name, "c")
    with pytest.raises(AssertionError, match="message is not a dict"):
        await layer.send("c", [1])
    with pytest.raises(AssertionError):
        await layer.send("c", {"__asgi_channel__": "a!b"})
    with pytest.raises(AssertionError, match="Wrong client prefix"):
        await layer.receive(f"specific.{uuid.uuid4().hex}!{uuid.uuid4().hex}")
    with pytest.raises(ValueError, match="list of Redis hosts"):
        layer_class(hosts="redis://localhost")
    with pytest.raises(ValueError, match="must be a list of possible keys"):
        layer_class(symmetric_encryption_keys="key")
    with pytest.raises(KeyError):
        layer_class(serializer_format="yaml")


@pytest.mark.parametrize("layer_class", CORES)
async def test_core_has_the_attributes_that_are_used(make, redis, layer_class):
    layer = make(layer_class, expiry=7, group_expiry=8, capacity=9, channel_capacity={"a*": 1}, prefix="p")
    assert (layer.expiry, layer.group_expiry, layer.capacity, layer.prefix) == (7, 8, 9, "p")
    assert [(pattern.match("ab") is not None, n) for pattern, n in layer.channel_capacity] == [(True, 1)]
    assert layer.extensions == ["groups", "flush"]
    assert layer.hosts == [{"address": redis.url}]
    assert re.fullmatch("[0-9a-f]{32}", layer.client_prefix)
    assert layer.client_prefix in await layer.new_channel()
    assert layer.non_local_name("a.b!c") == "a.b!" and layer.non_local_name("a") == "a"
    assert layer.require_valid_channel_name("a!") and layer.require_valid_group_name("a")
    assert layer.valid_channel_names(["a", "b!"], receive=True)
    with pytest.raises(TypeError, match="must end at the !"):
        layer.require_valid_channel_name("a!b", receive=True)
    await layer.wait_received()
    await layer.close_pools()


@both(CORES)
async def test_flush_forgets_messages_and_groups(make, sender, receiver):
    sender, receiver = make(sender), make(receiver)
    await sender.send("thumbnails", {"type": "old"})
    channel = await receiver.new_channel()
    await receiver.group_add("room", channel)
    await sender.flush()
    await sender.send("thumbnails", {"type": "new"})
    assert await receive(receiver, "thumbnails") == {"type": "new"}
    await sender.group_send("room", {"type": "missed"})
    await nothing(receiver, channel)


class Colour(enum.IntEnum):
    RED = 1


class Name(str, enum.Enum):
    ANNE = "anne"


class Text(str):
    pass


@pytest.mark.parametrize("layer_class", CORES)
async def test_subclasses_of_what_can_be_sent_can_be_sent(make, layer_class):
    layer = make(layer_class)
    channel = await layer.new_channel()
    await layer.send(
        channel,
        {"type": Text("x"), "int": Colour.RED, "tuple": (1, (2,)), "array": bytearray(b"a"), "view": memoryview(b"b"), "name": Name.ANNE},
    )
    message = await receive(layer, channel)
    assert message == {"type": "x", "int": 1, "tuple": [1, [2]], "array": b"a", "view": b"b", "name": "anne"}


async def test_what_cannot_be_sent_is_said_with_its_key(make):
    layer = make(RedisChannelLayer)
    for message, error, text in [
        ({"type": "x", "at": datetime.date(2020, 1, 1)}, TypeError, "message['at']: datetime.date cannot be sent"),
        ({"list": [0, {"id": uuid.uuid4()}]}, TypeError, "message['list'][1]['id']: uuid.UUID cannot be sent"),
        ({"n": {"m": 2**64}}, OverflowError, "message['n']['m']: an int beyond 64 bits"),
        ({"map": {1: 2}}, TypeError, "message['map']: its keys must be str or bytes, and 1 is not"),
        ({1: 2}, TypeError, "message: its keys must be str, and 1 is not"),
        ({"text": "\ud800"}, ValueError, "message['text']: UnicodeEncodeError"),
    ]:
        with pytest.raises(error) as raised:
            await layer.group_send("room", message)
        assert str(raised.value).startswith(text)
    deep = []
    for _ in range(70):
        deep = [deep]
    with pytest.raises(ValueError, match="nested more than"):
        await layer.send("c", {"deep": deep})
    json = make(RedisChannelLayer, serializer_format="json")
    with pytest.raises(TypeError, match=r"message\['b'\]: bytes cannot be sent as JSON"):
        await json.send("c", {"b": b""})


@pytest.mark.parametrize("layer_class", CORES)
async def test_json_writes_keys_as_text(make, layer_class):
    layer = make(layer_class, serializer_format="json")
    await layer.send("plain", {"type": "x", "map": {1: 1, True: 2, None: 3, 1.5: 4}})
    message = await receive(layer, "plain")
    # True is 1 in a dict.
    assert message == {"type": "x", "map": {"1": 2, "null": 3, "1.5": 4}}
