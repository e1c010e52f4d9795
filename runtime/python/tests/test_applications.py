"""What an application sees and may say: scopes, events, messages and errors."""

from __future__ import annotations

import asyncio
import re

import httpx
import pytest
import websockets
from websockets.exceptions import ConnectionClosed, InvalidStatus


@pytest.fixture(params=["asyncio", "uvloop"])
def loop_kind(request):
    return request.param


def test_requests_on_either_loop(serve, loop_kind):
    server = serve("plain:application", "--loop", loop_kind)
    with server.client() as client:
        for _ in range(3):
            assert client.get("/").text == "hello"
        assert client.post("/read", content=b"x" * 1_000_000).text == "1000000"
        assert client.get("/missing").status_code == 404
        for _ in range(2):
            # Each request has a task and a context of its own.
            assert client.get("/task").text == "[True, True, True, 0, True, 1, 1]"
        assert client.get("/created-receive").text == (
            "{'type': 'http.request', 'body': b'', 'more_body': False, 'timeout': True, 'done': 0}"
        )
    assert server.ends() == 0
    assert "lifespan is over" in server.log


def test_the_scope_of_a_request(serve):
    server = serve("plain:application", "--root-path", "/sub")
    text = server.get("/scope?a=%20b", headers={"X-Dup": "one"}).text
    scope = eval(text)
    assert scope["asgi"] == {"version": "3.0", "spec_version": "2.5"}
    assert (scope["type"], scope["http_version"], scope["method"], scope["scheme"]) == ("http", "1.1", "GET", "http")
    assert (scope["path"], scope["raw_path"], scope["query_string"]) == ("/scope", b"/scope", b"a=%20b")
    assert scope["root_path"] == "/sub"
    assert (b"x-dup", b"one") in scope["headers"]
    assert scope["client"][0] == "127.0.0.1" and isinstance(scope["client"], list)
    assert scope["server"] == ["127.0.0.1", server.port]
    assert scope["state"] == {"started": "yes"}
    assert scope["extensions"]["http.response.pathsend"] == {}


def test_the_scope_of_a_request_over_a_unix_socket(start, tmp_path):
    path = tmp_path / "socket"
    server = start("-u", str(path), "plain:application")
    server.wait_for("Laureola .* listens")
    with httpx.Client(transport=httpx.HTTPTransport(uds=str(path)), base_url="http://site") as client:
        scope = eval(client.get("/scope").text)
    assert (scope["client"], scope["server"]) == (None, None)
    assert server.ends() == 0


@pytest.mark.parametrize(
    ("what", "error"),
    [
        ("no-type", "Message has no type defined"),
        ("unknown", "Cannot handle message type http.surprise!"),
        ("other-protocol", "Cannot handle message type websocket.accept!"),
        ("no-status", "Specifying a status code is required for a Response message."),
        ("text-name", "Header name 'x' expected to be `bytes`, but got `<class 'str'>`"),
        ("text-value", "Header value 'y' expected to be `bytes`, but got `<class 'str'>`"),
        ("body-first", "HTTP response has not yet been started but got http.response.body"),
        ("twice", "HTTP response has already been started"),
    ],
)
def test_a_bad_message_is_a_value_error_with_daphnes_text(shared, what, error):
    assert shared.get(f"/bad/{what}").text == "afterwards"
    shared.wait_for(re.escape(f"ValueError: {error}"))


def test_a_header_cannot_break_its_line(shared):
    assert shared.get(f"/bad/line-break").text == "afterwards"
    shared.wait_for("ValueError: a header's value has a line break")


@pytest.fixture(scope="module")
def shared():
    from conftest import Server

    server = Server("-p", "0", "plain:application").ready()
    yield server
    assert server.ends() == 0


@pytest.mark.parametrize("stage", ["start", "receive"])
def test_an_exception_before_the_response_is_a_500(shared, stage):
    response = shared.get(f"/raise/{stage}")
    assert response.status_code == 500
    shared.wait_for(r"the application failed: ValueError: (at the start|after receive)\nTraceback")


def test_an_exception_after_the_start_breaks_the_response_off(shared):
    # Nothing has left yet: it can still be a 500.
    assert shared.get(f"/raise/started").status_code == 500
    with pytest.raises(httpx.RemoteProtocolError):
        shared.get(f"/raise/body")
    shared.wait_for("the application failed: ValueError: after a part")


def test_an_exception_after_the_response_is_only_in_the_log(shared):
    assert shared.get(f"/raise/end").text == "partpart"
    shared.wait_for("the application failed: ValueError: after the end")


async def test_websockets_on_either_loop(serve, loop_kind):
    server = serve("plain:application", "--loop", loop_kind)
    async with websockets.connect(server.ws + "/") as socket:
        assert socket.response.headers["x-ours"] == "yes"
        for message in ["text", b"bytes", "", "é" * 70000]:
            await socket.send(message)
            assert await socket.recv() == message
        await socket.close(4001, "enough")
    server.wait_for("{'type': 'websocket.disconnect', 'code': 4001, 'reason': 'enough'}")
    assert server.ends() == 0


async def test_the_scope_of_a_websocket(shared):
    async with websockets.connect(shared.ws + "/scope", subprotocols=["chat", "other"]) as socket:
        scope = eval(await socket.recv())
    assert socket.subprotocol == "chat"
    assert (scope["type"], scope["scheme"], scope["http_version"]) == ("websocket", "ws", "1.1")
    assert scope["subprotocols"] == ["chat", "other"]
    assert scope["asgi"] == {"version": "3.0", "spec_version": "2.5"}
    assert "websocket.http.response" in scope["extensions"]


async def test_a_websocket_is_rejected_with_403(shared):
    with pytest.raises(InvalidStatus) as caught:
        await websockets.connect(shared.ws + "/reject")
    assert caught.value.response.status_code == 403


async def test_an_exception_in_a_websocket(shared):
    with pytest.raises(InvalidStatus) as caught:
        await websockets.connect(shared.ws + "/raise/connect")
    assert caught.value.response.status_code in (403, 500)
    for path in ["/raise/accepted", "/raise/message"]:
        async with websockets.connect(shared.ws + path) as socket:
            with pytest.raises(ConnectionClosed) as closed:
                await socket.send("go")
                await socket.recv()
            assert closed.value.rcvd.code == 1011


async def test_sending_out_of_turn(shared):
    async with websockets.connect(shared.ws + "/early") as socket:
        await socket.send("x")
        assert await socket.recv() == "x"
    shared.wait_for("ValueError: Socket has not been accepted, so cannot send over it")
    async with websockets.connect(shared.ws + "/late"):
        pass
    shared.wait_for("OSError: ClientDisconnected the client has disconnected")


async def test_send_waits_for_a_slow_client(serve):
    server = serve("plain:application")
    async with websockets.connect(server.ws + "/flood", max_size=None) as socket:
        before = server.memory()
        await socket.send("3000")
        await asyncio.sleep(0.05)
        for _ in range(3000):
            assert len(await socket.recv()) == 65536
    assert server.memory() - before < 20_000, "3000 messages are 188 MiB"
    assert server.ends() == 0


def test_an_application_of_asgi_2(serve):
    server = serve("plain:Double")
    assert server.get("/x").text == "double /x"
    assert server.ends() == 0


def test_an_application_without_a_lifespan(serve):
    server = serve("plain:without_lifespan")
    assert server.get("/").text == "hello"
    assert server.ends() == 0
    assert "only http here" not in server.log


def test_a_failing_startup_ends_the_server(start):
    server = start("-p", "0", "plain:failing_startup")
    assert server.ends(None) == 1
    assert "the application could not start: no database" in server.log
