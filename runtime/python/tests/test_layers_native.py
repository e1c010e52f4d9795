"""The layer in memory, and what Channels itself does with our layers."""

import asyncio
import threading

import pytest
from channels.exceptions import ChannelFull
from channels.layers import BaseChannelLayer, InMemoryChannelLayer

from laureola.layers import ChannelLayer, NativeChannelLayer

LAYERS = [NativeChannelLayer, InMemoryChannelLayer]


@pytest.fixture(params=LAYERS)
def make(request):
    """Makes layers of either kind, each test's its own."""

    def make(**options):
        if request.param is NativeChannelLayer:
            options["name"] = request.node.name
        return request.param(**options)

    return make


async def receive(layer, channel):
    return await asyncio.wait_for(layer.receive(channel), 10)


async def test_channels_and_groups(make):
    layer = make()
    channels = [await layer.new_channel() for _ in range(3)]
    assert "!" in channels[0] and channels[0].startswith("specific.")
    for channel in channels:
        await layer.group_add("room", channel)
    await layer.group_discard("room", channels[1])
    await layer.group_send("room", {"type": "x", "list": [1]})
    for channel in (channels[0], channels[2]):
        assert await receive(layer, channel) == {"type": "x", "list": [1]}
    await layer.send(channels[1], {"type": "direct"})
    assert await receive(layer, channels[1]) == {"type": "direct"}


async def test_plain_channels_wait_and_are_full_and_join_groups(make):
    layer = make(capacity=2)
    await layer.group_add("room", "plain")
    await layer.group_send("room", {"type": "x", "n": 0})
    await layer.send("plain", {"type": "x", "n": 1})
    with pytest.raises(ChannelFull):
        await layer.send("plain", {"type": "x", "n": 2})
    await layer.group_send("room", {"type": "x", "n": 3})
    assert [(await receive(layer, "plain"))["n"] for _ in range(2)] == [0, 1]


async def test_messages_expire(make):
    layer = make(expiry=0.5)
    await layer.send("plain", {"type": "old"})
    for _ in range(11):
        await asyncio.sleep(0.05)
    task = asyncio.ensure_future(receive(layer, "plain"))
    for _ in range(10):
        await asyncio.sleep(0)
    await layer.send("plain", {"type": "new"})
    assert await task == {"type": "new"}


async def test_flush_forgets(make):
    layer = make()
    channel = await layer.new_channel()
    await layer.group_add("room", channel)
    await layer.send("plain", {"type": "old"})
    await layer.flush()
    await layer.send("plain", {"type": "new"})
    assert await receive(layer, "plain") == {"type": "new"}
    await layer.group_send("room", {"type": "missed"})
    task = asyncio.ensure_future(receive(layer, channel))
    await asyncio.sleep(0)
    await layer.send(channel, {"type": "last"})
    assert await task == {"type": "last"}


async def test_what_is_refused(make):
    layer = make()
    for name in ["", "a b", "x" * 100, 3]:
        with pytest.raises(TypeError, match="^Channel name must be a valid unicode string"):
            await layer.send(name, {"type": "x"})
        with pytest.raises(TypeError, match="^Group name must be a valid unicode string"):
            await layer.group_send(name, {"type": "x"})
    with pytest.raises(AssertionError, match="is not a dict"):
        await layer.send("c", "text")
    with pytest.raises(AssertionError, match="is not a dict"):
        await layer.group_send("g", "text")
    with pytest.raises(AssertionError):
        await layer.send("c", {"__asgi_channel__": "c"})


async def test_a_large_group_is_served_whole_and_at_once():
    layer = NativeChannelLayer(name="large")
    channels = [await layer.new_channel() for _ in range(1000)]
    for channel in channels:
        await layer.group_add("room", channel)
    tasks = [asyncio.ensure_future(layer.receive(channel)) for channel in channels]
    await asyncio.sleep(0)
    await layer.group_send("room", {"type": "x", "text": "hello"})
    messages = await asyncio.wait_for(asyncio.gather(*tasks), 10)
    assert messages == [{"type": "x", "text": "hello"}] * 1000


async def test_layers_of_one_name_are_one():
    one, same, other = (NativeChannelLayer(name=name) for name in ["one", "one", "other"])
    await one.send("plain", {"type": "x"})
    await other.send("plain", {"type": "other"})
    assert await receive(same, "plain") == {"type": "x"}
    channel = await one.new_channel()
    await same.group_add("room", channel)
    await same.group_send("room", {"type": "grouped"})
    assert await receive(one, channel) == {"type": "grouped"}


def test_threads_share_a_layer():
    layer = NativeChannelLayer(name="threads")
    ready = threading.Event()
    received = []

    def work():
        async def main():
            channel = await layer.new_channel()
            await layer.group_add("room", channel)
            ready.set()
            for _ in range(100):
                received.append((await receive(layer, channel))["n"])

        asyncio.run(main())

    thread = threading.Thread(target=work)
    thread.start()
    assert ready.wait(10)
    for n in range(100):
        layer.group_send_sync("room", {"type": "x", "n": n})
    thread.join(20)
    assert received == list(range(100))


def test_it_is_a_channel_layer_to_channels():
    assert issubclass(ChannelLayer, BaseChannelLayer)
    assert NativeChannelLayer(name="any").extensions == ["groups", "flush"]


@pytest.mark.parametrize("expired", [True, False])
async def test_a_member_nobody_receives_for_leaves(expired):
    layer = NativeChannelLayer(name=f"leaves {expired}", expiry=0.3 if expired else 60)
    channel = await layer.new_channel()
    await layer.group_add("room", channel)
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(layer.receive(channel), 0.01)
    # The next look for such channels comes within five seconds, whose end only the outcome tells.
    deadline = asyncio.get_running_loop().time() + (15 if expired else 0)
    gone = False
    while not gone and asyncio.get_running_loop().time() < deadline:
        await asyncio.sleep(0.05)
        gone = not layer._core.is_open(channel)
    assert gone is expired
    # Whoever still has the name receives again, but is in no group.
    task = asyncio.ensure_future(receive(layer, channel))
    while not layer._core.is_open(channel):
        await asyncio.sleep(0)
    await layer.group_send("room", {"type": "grouped"})
    await layer.send(channel, {"type": "direct"})
    assert (await task)["type"] == ("direct" if expired else "grouped")
