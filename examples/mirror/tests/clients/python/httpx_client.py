"""httpx against the mirror at sys.argv[1], in the HTTP version of sys.argv[2].

Further arguments: the file with the certificate to trust.
"""

import asyncio
import ssl
import sys

import httpx

URL, VERSION = sys.argv[1:3]
VERIFY = ssl.create_default_context(cafile=sys.argv[3]) if len(sys.argv) > 3 else True
VERSIONS = {"1.1": {"http1": True, "http2": False}, "2": {"http1": False, "http2": True}}


async def scope(client):
    answer = await client.get("/scope/", params={"q": "é"}, headers={"X-Name": "v"})
    assert answer.status_code == 200, answer
    assert answer.http_version == {"1.1": "HTTP/1.1", "2": "HTTP/2"}[VERSION], answer.http_version
    seen = answer.json()
    assert seen["http_version"] == VERSION, seen
    assert seen["query_string"] == "q=%C3%A9", seen
    assert ["x-name", "v"] in seen["headers"], seen
    assert seen["scheme"] == httpx.URL(URL).scheme, seen


async def uploads(client):
    answer = await client.post("/count/", content=b"x" * 2_000_000)
    assert answer.json()["bytes"] == 2_000_000, answer.text

    async def parts():
        for _ in range(50):
            yield b"y" * 10_000
            await asyncio.sleep(0)

    answer = await client.post("/count/", content=parts())
    assert answer.json()["bytes"] == 500_000, answer.text
    answer = await client.post("/echo/", content=parts())
    assert answer.content == b"y" * 500_000


async def downloads(client):
    async with client.stream("GET", "/parts/1000/") as answer:
        total = 0
        async for part in answer.aiter_bytes():
            total += len(part)
    assert total == 1000 * 1024, total
    # One that is left in the middle does no harm to the next. (Not a longer one: httpcore tells an
    # HTTP/2 server neither that it left nor that there is room again, up to 16 MiB in all.)
    async with client.stream("GET", "/parts/4000/") as answer:
        async for part in answer.aiter_bytes():
            break
    assert (await client.get("/parts/1/")).content == b"." * 1024


async def many(client):
    answers = await asyncio.gather(*(client.get(f"/scope/?n={n}") for n in range(60)))
    for n, answer in enumerate(answers):
        assert answer.json()["query_string"] == f"n={n}", answer.text


async def main():
    async with httpx.AsyncClient(base_url=URL, verify=VERIFY, timeout=20, trust_env=False, **VERSIONS[VERSION]) as client:
        await scope(client)
        await uploads(client)
        await downloads(client)
        await many(client)
        head = await client.head("/parts/1/")
        assert (head.status_code, head.content) == (200, b"")
        assert (await client.get("/nowhere/")).status_code == 404
    print("done")


asyncio.run(main())
