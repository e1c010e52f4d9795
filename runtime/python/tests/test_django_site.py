"""One Django site, the same black-box tests on Daphne and on ours."""

from __future__ import annotations

import concurrent.futures
import hashlib
import json
import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import websockets
from conftest import Server
from layers_redis import RedisServer
from websockets.exceptions import ConnectionClosed, InvalidStatus

SITE = Path(__file__).parent / "site"


class Daphne(Server):
    module = "daphne"

    def ready(self):
        found = self.wait_for(r"Listening on TCP address 127\.0\.0\.1:(\d+)")
        self.place(int(found[1]))
        return self


@pytest.fixture(scope="module")
def redis_of_site():
    server = RedisServer()
    yield server
    server.close()


@pytest.fixture(scope="module", params=["daphne", "laureola"])
def site(request, tmp_path_factory, redis_of_site):
    place = tmp_path_factory.mktemp(request.param)
    env = {
        "SITE_PLACE": str(place),
        "SITE_SERVER": request.param,
        "SITE_REDIS": redis_of_site.url,
        "SITE_PREFIX": request.param,
        "PYTHONDONTWRITEBYTECODE": "1",
    }

    def manage(*args, **more):
        command = [sys.executable, "manage.py", *args]
        subprocess.run(command, cwd=SITE, env={**os.environ, **env, **more}, check=True, capture_output=True)

    manage("migrate", "-v0")
    manage(
        "createsuperuser", "--noinput", "--username", "root", "--email", "root@example.org",
        DJANGO_SUPERUSER_PASSWORD="secret",
    )
    kind = Daphne if request.param == "daphne" else Server
    server = kind("-b", "127.0.0.1", "-p", "0", "site_project.asgi:application", cwd=SITE, **env).ready()
    server.env = env
    yield server
    status = server.ends()
    # Daphne's own is another matter.
    assert status == 0 or request.param == "daphne", server.log


def connect(site, path, origin="http://localhost", **options):
    return websockets.connect(site.ws + path, origin=origin, **options)


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_views(site, kind):
    response = site.get(f"/{kind}/?a=b%20c")
    assert (response.status_code, response.text) == (200, f"GET /{kind}/ b c")
    assert response.headers["x-kind"] == kind
    with site.client() as client:
        assert client.post(f"/{kind}/", content=b"x").text == f"POST /{kind}/ "
        assert client.head(f"/{kind}/").text == ""


def test_a_path_that_is_not_ascii(site):
    assert site.get("/caf%C3%A9/").text == "GET /café/ "


def test_what_django_knows_of_a_request(site):
    meta = json.loads(site.get("/meta/?q=1", headers={"X-Test": "yes"}).text)
    assert meta == {
        "HTTP_X_TEST": "yes",
        "PATH_INFO": "/meta/",
        "QUERY_STRING": "q=1",
        "REMOTE_ADDR": "127.0.0.1",
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "SERVER_NAME": "127.0.0.1",
    }


def test_sessions_and_cookies(site):
    with site.client() as client:
        assert [client.get("/counter/").json()["count"] for _ in range(3)] == [1, 2, 3]
        response = client.get("/cookies/")
        assert len(response.headers.get_list("set-cookie")) == 2
        assert (client.cookies["one"], client.cookies["two"]) == ("1", "2")


def test_the_admin(site):
    with site.client() as client:
        page = client.get("/admin/login/")
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)[1]
        form = {"username": "root", "password": "secret", "csrfmiddlewaretoken": token, "next": "/admin/"}
        answer = client.post("/admin/login/", data=form)
        assert (answer.status_code, answer.headers["location"]) == (302, "/admin/")
        assert "Site administration" in client.get("/admin/").text


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_streams(site, kind):
    response = site.get(f"/stream/{kind}/")
    assert response.text == "".join(f"{number}\n" for number in range(100))
    assert response.headers["transfer-encoding"] == "chunked"
    assert "content-length" not in response.headers


def test_events_end_when_their_client_leaves(site):
    before = site.log.count("events ended")
    with site.client() as client, client.stream("GET", "/events/") as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        lines = response.iter_lines()
        assert [next(lines) for _ in range(4)] == ["data: 0", "", "data: 1", ""]
    site.wait_for("events ended", times=before + 1)


def test_uploads(site):
    contents = {"small": b"tiny", "large": os.urandom(3_000_000)}
    with site.client() as client:
        files = {name: (f"{name}.bin", content) for name, content in contents.items()}
        answer = client.post("/upload/", files=files, data={"field": "é"}).json()
        assert answer["fields"] == {"field": "é"}
        for name, content in contents.items():
            assert answer["files"][name] == [f"{name}.bin", len(content), hashlib.sha256(content).hexdigest()]

        def parts():
            for _ in range(50):
                yield b"part" * 1000

        answer = client.post("/body/", content=parts()).json()
        assert answer["length"] == 200_000


def test_static_files_and_files(site):
    response = site.get("/static/demo/style.css")
    assert (response.status_code, response.text) == (200, "body { color: black }\n")
    assert site.get("/static/admin/css/base.css").status_code == 200
    assert site.get("/static/nothing.css").status_code == 404
    assert "def file(request)" in site.get("/file/").text


def test_redirects_and_errors(site):
    assert site.get("/redirect/").headers["location"] == "/sync/"
    assert site.get("/nothing/").status_code == 404
    assert site.get("/fails/").status_code == 500


def test_many_at_once(site):
    with concurrent.futures.ThreadPoolExecutor(20) as pool, site.client() as client:
        answers = list(pool.map(lambda _: client.get("/slow/").text, range(40)))
    assert answers == ["slow"] * 40


async def test_database_connections_are_closed_before_each_message(site):
    async with connect(site, "/ws/database/") as client:
        heard = []
        for word in ["", "open", "", "", "open", "open", ""]:
            await client.send(word or "look")
            heard.append(await client.recv())
    assert heard == ["False", "True", "False", "False", "True", "True", "False"]



async def test_an_async_consumer(site):
    async with connect(site, "/ws/echo/", subprotocols=["a", "b"]) as client:
        assert client.subprotocol == "a"
        for message in ["text", b"bytes", "é" * 10_000]:
            await client.send(message)
            assert await client.recv() == message
        await client.send("close")
        with pytest.raises(ConnectionClosed) as closed:
            await client.recv()
        assert closed.value.rcvd.code == 4000
    site.wait_for("echo disconnected 4000")


async def test_a_sync_consumer(site):
    async with connect(site, "/ws/sync/") as client:
        assert await client.recv() == "AnonymousUser"
        for message in ["text", b"bytes"]:
            await client.send(message)
            assert await client.recv() == message
    site.wait_for("sync echo disconnected 1000")


async def test_a_consumer_that_rejects_and_one_that_fails(site):
    with pytest.raises(InvalidStatus) as caught:
        await connect(site, "/ws/echo/?reject")
    assert caught.value.response.status_code == 403
    async with connect(site, "/ws/echo/") as client:
        await client.send("raise")
        with pytest.raises(ConnectionClosed) as closed:
            await client.recv()
        assert closed.value.rcvd.code == 1011


async def test_another_origin_is_refused(site):
    with pytest.raises(InvalidStatus) as caught:
        await connect(site, "/ws/echo/", origin="http://evil.example")
    assert caught.value.response.status_code == 403


async def test_a_room_and_a_worker(site):
    command = [sys.executable, "manage.py", "runworker", "jobs"]
    worker = subprocess.Popen(
        command, cwd=SITE, env={**os.environ, **site.env}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        async with (
            connect(site, "/ws/room/one/") as first,
            connect(site, "/ws/room/one/") as second,
        ):
            await first.send(json.dumps({"text": "hello"}))
            for client in (first, second):
                assert json.loads(await client.recv()) == {"text": "hello"}
            await second.send(json.dumps({"job": "sums"}))
            for client in (first, second):
                assert json.loads(await client.recv()) == {"text": "done: sums"}
    finally:
        worker.kill()
        worker.wait()


def test_what_leaves_behind_a_keep_alive_connection(site):
    """Two requests on one connection, the second one broken off."""
    with socket.create_connection(("127.0.0.1", site.port)) as client:
        client.sendall(b"GET /sync/ HTTP/1.1\r\nHost: x\r\n\r\n")
        assert client.recv(4096).startswith(b"HTTP/1.1 200")
        client.sendall(b"POST /body/ HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nonly this")
        time.sleep(0.02)
    assert site.get("/sync/").status_code == 200
