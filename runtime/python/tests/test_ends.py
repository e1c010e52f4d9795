"""How calls, threads and the process end, whatever the application does."""

from __future__ import annotations

import asyncio
import re
import signal
import socket
import time

import httpx
import pytest


def tasks(server) -> int:
    return int(server.get("/tasks").text)


def until_tasks(server, number: int) -> None:
    end = time.monotonic() + 30
    while tasks(server) > number:
        assert time.monotonic() < end, f"{tasks(server)} tasks are left"
        time.sleep(0.05)


def abandon(server, path: str, times: int) -> None:
    """Requests whose client leaves without reading."""
    request = f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    for _ in range(times // 100):
        clients = []
        for _ in range(100):
            client = socket.create_connection(("127.0.0.1", server.port))
            client.sendall(request)
            clients.append(client)
        for client in clients:
            client.close()


def test_a_thousand_abandoned_requests_leave_no_task(serve):
    server = serve("plain:application", "--application-close-timeout", "1", "--access-log", "/dev/null")
    before = tasks(server)
    abandon(server, "/wait", 1000)
    server.wait_for("disconnected", times=1000)
    until_tasks(server, before)
    abandon(server, "/ignore", 1000)
    server.wait_for("ignoring", times=1000)
    # Cancelled by the server, with where they were, once.
    until_tasks(server, before)
    stacks = re.findall(r"await asyncio\.sleep\(3600\)", server.log)
    assert 1 <= len(stacks) <= 3, "a stack is logged once"
    assert server.ends() == 0


def test_a_thousand_sockets_without_a_close_frame_leave_no_task(serve):
    server = serve("plain:application", "--access-log", "/dev/null")
    before = tasks(server)
    handshake = (
        b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    for _ in range(10):
        clients = []
        for _ in range(100):
            client = socket.create_connection(("127.0.0.1", server.port))
            client.sendall(handshake)
            clients.append(client)
        for client in clients:
            assert client.recv(4096).startswith(b"HTTP/1.1 101")
            client.close()
    server.wait_for("'websocket.disconnect', 'code': 1006", times=1000)
    until_tasks(server, before)
    assert len(re.findall("websocket.disconnect", server.log)) == 1000, "one each"
    assert server.ends() == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("path", ["/wait", "/stubborn", "/thread", "/stream?100000"])
def test_a_signal_ends_it_whatever_is_under_way(serve, number, path):
    server = serve("plain:application", "--shutdown-timeout", "1", "--application-close-timeout", "1")
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        if path.startswith("/stream"):
            assert client.recv(100)
        else:
            time.sleep(0.05)
        assert server.ends(number) == 0
    assert "Fatal Python error" not in server.log
    if path == "/thread":
        assert "time.sleep" in server.log or "in a thread" in server.log


def test_a_blocked_loop_is_named_and_does_not_keep_the_process(serve):
    server = serve("plain:application", "--shutdown-timeout", "1", "--application-close-timeout", "1")
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(b"GET /block HTTP/1.1\r\nHost: x\r\n\r\n")
        server.wait_for("blocking")
        with socket.create_connection(("127.0.0.1", server.port)) as other:
            other.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            server.wait_for(r"the application blocks the event loop(.|\n)*time\.sleep\(float")
            assert server.ends(within=30) == 1
    assert server.log.count("the application blocks the event loop for") == 1, "it is said once"


def test_a_second_signal_ends_it_at_once(serve):
    server = serve("plain:application")
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(b"GET /stubborn HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(0.05)
        server.process.send_signal(signal.SIGINT)
        server.wait_for("SIGINT: closing every connection")
        assert server.ends(signal.SIGINT, within=20) == 1
    server.wait_for("cancelled")


def test_an_application_that_exits_ends_the_server(serve):
    server = serve("plain:application")
    with pytest.raises(httpx.HTTPError):
        for _ in range(100):
            server.get("/exit").raise_for_status()
            raise AssertionError("it must not answer")
    assert server.ends(None) == 1


def test_ctrl_c_while_the_application_is_imported(start, tmp_path):
    (tmp_path / "slow.py").write_text("import time\nprint('importing', flush=True)\ntime.sleep(3600)\n")
    for number in (signal.SIGINT, signal.SIGTERM):
        server = start("-p", "0", "slow:application", cwd=tmp_path)
        server.wait_for("importing")
        assert server.ends(number) == 0


def test_ctrl_c_while_the_application_starts(start, tmp_path):
    (tmp_path / "slow.py").write_text(
        "import asyncio\n"
        "async def application(scope, receive, send):\n"
        "    print('starting', flush=True)\n"
        "    await asyncio.sleep(3600)\n"
    )
    server = start("-p", "0", "slow:application", cwd=tmp_path)
    server.wait_for("starting")
    assert server.ends(signal.SIGINT) == 0


def test_what_cannot_be_imported_ends_with_1_and_the_traceback(start, tmp_path):
    (tmp_path / "broken.py").write_text("import nothing_of_that_name\n")
    for application, said in [
        ("broken:application", "ModuleNotFoundError: No module named 'nothing_of_that_name'"),
        ("broken", "neither a subcommand nor an application"),
        ("plain:nothing", "there is no 'nothing' in the module 'plain'"),
    ]:
        cwd = {} if application.startswith("plain") else {"cwd": tmp_path}
        server = start(application, "-p", "0", **cwd)
        assert server.ends(None) == (2 if application == "broken" else 1)
        assert said in server.log


def test_an_address_in_use_ends_with_1(serve, start):
    server = serve("plain:application")
    other = start("-p", str(server.port), "plain:application")
    assert other.ends(None) == 1
    assert "in use" in other.log


def test_an_upload_that_nobody_reads_does_not_grow_the_server(serve):
    server = serve("plain:application")
    server.get("/")
    before = server.memory()
    part = b"x" * 65536
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(b"POST /ignore HTTP/1.1\r\nHost: x\r\nContent-Length: 314572800\r\n\r\n")
        client.settimeout(1)
        sent = 0
        try:
            while sent < 314572800:
                sent += client.send(part)
        except TimeoutError:
            pass
        assert sent < 30_000_000, "the kernel's buffers, and no more"
        assert server.memory() - before < 10_000


def test_a_client_that_does_not_read_does_not_grow_the_server(serve):
    server = serve("plain:application")
    server.get("/")
    before = server.memory()
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(b"GET /stream?8000 HTTP/1.1\r\nHost: x\r\n\r\n")
        assert client.recv(100)
        # As soon as it stands still.
        grown = [server.memory()]
        for _ in range(20):
            time.sleep(0.05)
            grown.append(server.memory())
        assert max(grown) - before < 10_000, "500 MB were asked for"


async def test_two_workers_serve_and_end(start):
    server = start("-p", "0", "--workers", "2", "plain:application").ready()
    async with httpx.AsyncClient(base_url=server.http) as client:
        answers = await asyncio.gather(*(client.get("/") for _ in range(20)))
    assert {answer.text for answer in answers} == {"hello"}
    assert server.ends() == 0
