"""The Django app: runserver, its checks, and live-server tests."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest
import websockets
from conftest import Server

SITE = Path(__file__).parent / "site"


class Manage(Server):
    """A command of the site's `manage.py`."""

    def __init__(self, *args: str, place: Path, **env: str) -> None:
        env = {"SITE_PLACE": str(place), "PYTHONDONTWRITEBYTECODE": "1", **env}
        super().__init__(*args, cwd=SITE, **env)

    def command(self, python, *args):
        return [python, "manage.py", *args]

    def ready(self) -> Manage:
        found = self.wait_for(r"Starting ASGI/Laureola version \S+ development server at http://127\.0\.0\.1:(\d+)/")
        self.place(int(found[1]))
        end = time.monotonic() + 30
        while True:
            try:
                self.get("/sync/")
                return self
            except Exception:
                assert time.monotonic() < end, self.log
                time.sleep(0.02)


@pytest.fixture
def manage(tmp_path):
    servers = []

    def manage(*args, **env):
        servers.append(Manage(*args, place=tmp_path, **env))
        return servers[-1]

    yield manage
    for server in servers:
        server.kill()


def free_port() -> str:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        return str(server.getsockname()[1])


async def test_requests_and_websockets_are_told_in_colour(manage):
    server = manage("runserver", free_port(), "--noreload", "--force-color").ready()
    assert server.get("/nothing/").status_code == 404
    assert server.get("/static/demo/style.css").status_code == 200
    async with websockets.connect(server.ws + "/ws/echo/", origin="http://localhost") as client:
        await client.send("x")
        assert await client.recv() == "x"
    server.wait_for(r"\x1b\[\S*mHTTP GET /nothing/ 404 \[\d\.\d\d, 127\.0\.0\.1:\d+\]\x1b")
    server.wait_for(r"HTTP GET /static/demo/style\.css 200")
    server.wait_for(r"WebSocket HANDSHAKING /ws/echo/ \[127\.0\.0\.1:\d+\]")
    server.wait_for(r"WebSocket CONNECT /ws/echo/")
    server.wait_for(r"WebSocket DISCONNECT /ws/echo/")
    assert server.ends(signal.SIGINT) == 0


def test_it_reloads_when_a_file_changes(manage, tmp_path):
    module = tmp_path / "changing.py"
    module.write_text("VALUE = 1\n")
    usercustomize = "import sys; sys.path.insert(0, %r)\nimport changing\n" % str(tmp_path)
    (tmp_path / "sitecustomize.py").write_text(usercustomize)
    server = manage("runserver", free_port(), PYTHONPATH=str(tmp_path)).ready()
    time.sleep(0.05)
    os.utime(module, (time.time() + 10, time.time() + 10))
    server.wait_for(r"changing\.py changed, reloading")
    server.wait_for("Starting ASGI/Laureola", times=2)
    server.ready()
    assert "Fatal Python error" not in server.log
    assert server.ends(signal.SIGINT) in (0, 130, -2)


def test_a_port_in_use_and_noasgi(manage):
    port = free_port()
    first = manage("runserver", port, "--noreload").ready()
    second = manage("runserver", port, "--noreload")
    assert second.ends(None) == 1
    assert "in use" in second.log
    assert first.ends() == 0
    plain = manage("runserver", free_port(), "--noreload", "--noasgi")
    plain.wait_for("Starting development server at")


def test_the_check_of_its_place(manage, tmp_path):
    settings = tmp_path / "misplaced.py"
    settings.write_text(
        "from site_project.settings import *\n"
        "FIRST = ['daphne', 'django.contrib.staticfiles', 'laureola']\n"
        "INSTALLED_APPS = FIRST + [app for app in INSTALLED_APPS if app not in FIRST]\n"
    )
    command = manage("check", "--settings", "misplaced", PYTHONPATH=str(tmp_path))
    assert command.ends(None) == 1
    assert "(laureola.E001) laureola must be listed before django.contrib.staticfiles" in command.log
    assert "(laureola.E002) daphne is listed before laureola" in command.log


LIVE = '''
from channels.testing import ChannelsLiveServerTestCase
from laureola.testing import LaureolaProcess
import urllib.request


class Live(ChannelsLiveServerTestCase):
    ProtocolServerProcess = LaureolaProcess

    def test_a_page(self):
        for path, text in [("/sync/", "GET /sync/ "), ("/static/demo/style.css", "body { color: black }\\n")]:
            with urllib.request.urlopen(self.live_server_url + path) as response:
                self.assertEqual(response.read().decode(), text)
'''


def test_channels_live_server_tests_run_on_ours(manage, tmp_path):
    (tmp_path / "live").mkdir()
    (tmp_path / "live" / "__init__.py").touch()
    (tmp_path / "live" / "tests.py").write_text(LIVE)
    settings = tmp_path / "for_live.py"
    settings.write_text(
        "from site_project.settings import *\n"
        "DATABASES['default']['TEST'] = {'NAME': PLACE / 'live.sqlite3'}\n"
    )
    command = manage("test", "--settings", "for_live", "live", PYTHONPATH=str(tmp_path))
    assert command.ends(None) == 0, command.log
    assert "Ran 1 test" in command.log
