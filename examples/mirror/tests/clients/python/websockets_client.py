"""websockets against the mirror at sys.argv[1]; sys.argv[2] says what is done about compression.

`none` offers nothing, `offered` takes what comes, `taken` fails unless the server takes the offer.
Further arguments: the file with the certificate to trust.
"""

import asyncio
import json
import ssl
import sys

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosedOK, InvalidStatus
from websockets.extensions.permessage_deflate import PerMessageDeflate

URL, COMPRESSION = sys.argv[1:3]
WS = URL.replace("http", "ws", 1)
OPTIONS = {"compression": None if COMPRESSION == "none" else "deflate", "max_size": None, "proxy": None}
if len(sys.argv) > 3:
    OPTIONS["ssl"] = ssl.create_default_context(cafile=sys.argv[3])


async def echoes():
    async with connect(f"{WS}/ws/?a=b", subprotocols=["chat.v2", "chat"], **OPTIONS) as socket:
        seen = json.loads(await socket.recv())
        assert seen["http_version"] == "1.1", seen
        assert seen["subprotocols"] == ["chat.v2", "chat"], seen
        assert seen["query_string"] == "a=b", seen
        assert seen["scheme"] == WS.split(":")[0], seen
        assert socket.subprotocol == "chat.v2", socket.subprotocol
        compressed = any(isinstance(e, PerMessageDeflate) for e in socket.protocol.extensions)
        assert compressed or COMPRESSION != "taken", socket.response.headers
        for message in ["", "hello", "日本語 🎉", "x" * 900_000, b"", bytes(range(256)), b"\0" * 900_000]:
            await socket.send(message)
            assert await socket.recv() == message
        # Fragments come back as one message.
        await socket.send(["frag", "men", "", "ted"])
        assert await socket.recv() == "fragmented"
        # Many in flight.
        for n in range(500):
            await socket.send(str(n))
        for n in range(500):
            assert await socket.recv() == str(n)
        await asyncio.wait_for(await socket.ping(b"payload"), 20)
        await socket.close(4000, "enough")
        assert (socket.close_code, socket.close_reason) == (4000, "enough")


async def too_large():
    async with connect(f"{WS}/ws/", **OPTIONS) as socket:
        await socket.recv()
        await socket.send(b"x" * 1_500_000)
        try:
            await socket.recv()
        except Exception as error:
            assert error.rcvd is not None and error.rcvd.code == 1009, error
        else:
            raise AssertionError("a message above the limit came back")


async def nowhere():
    try:
        async with connect(f"{WS}/nowhere/", **OPTIONS):
            raise AssertionError("accepted")
    except InvalidStatus as error:
        assert error.response.status_code in (403, 404), error


async def side_by_side():
    async def one(n):
        async with connect(f"{WS}/ws/?n={n}", **OPTIONS) as socket:
            assert json.loads(await socket.recv())["query_string"] == f"n={n}"
            await socket.send(str(n))
            assert await socket.recv() == str(n)

    await asyncio.gather(*(one(n) for n in range(40)))


async def main():
    await echoes()
    await too_large()
    await nowhere()
    await side_by_side()
    print("done")


asyncio.run(main())
