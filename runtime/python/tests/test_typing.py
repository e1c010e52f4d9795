"""The stubs: what they say is so, and a strict program of a user's passes with them."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

PROGRAM = '''
import asyncio
import re

from channels.generic.websocket import AsyncWebsocketConsumer
from channels.testing import ChannelsLiveServerTestCase

import laureola
from laureola.direct import DirectDeliveryMixin
from laureola.layers import BackendError, ChannelFull, NativeChannelLayer, RedisChannelLayer, RedisPubSubChannelLayer
from laureola.testing import LaureolaProcess


class Chat(DirectDeliveryMixin, AsyncWebsocketConsumer):  # type: ignore[misc]
    groups = ["chat"]


class LiveTests(ChannelsLiveServerTestCase):  # type: ignore[misc]
    ProtocolServerProcess = LaureolaProcess


async def main() -> str:
    layer = RedisChannelLayer(
        hosts=[("localhost", 6379), "redis://other", {"address": "redis://third", "password": "x"}],
        symmetric_encryption_keys=["secret"],
        channel_capacity={"http.*": 10, re.compile(r"^a!"): 20},
        on_disconnect="redis.gone",
        membership="process",
    )
    channel: str = await layer.new_channel()
    try:
        await layer.send(channel, {"type": "hello", "list": [1, None, {"a": b"b"}]})
        layer.group_send_sync("room", {"type": "hello"})
    except (ChannelFull, BackendError, laureola.ClientDisconnected) as error:
        print(error)
    kind: object = (await layer.receive(channel))["type"]
    print(kind, layer.client_prefix.upper(), layer.group_expiry + 1)
    await NativeChannelLayer(name="other").flush()
    await RedisPubSubChannelLayer(hosts=["redis://localhost"]).close_pools()
    process = LaureolaProcess("localhost", lambda: Chat.as_asgi(), kwargs={"http_timeout": 5})
    process.start()
    process.ready.wait(1.0)
    return f"{laureola.__version__.upper()} {process.port.value}"


asyncio.run(main())
'''

MISTAKES = '''
from laureola.layers import RedisChannelLayer

layer = RedisChannelLayer(capacity="many")
layer.send_sync("channel", "text")
layer.group_sent("room", {})
'''


def mypy(*args, cwd):
    """Runs a tool of mypy's, and returns its status and words."""
    done = subprocess.run(
        [sys.executable, "-m", *args],
        cwd=cwd,
        # What imports Django's commands wants some settings.
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "django.conf.global_settings"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return done.returncode, done.stdout


# Django and Channels have no types; and how this one does without Channels is nobody's type either.
CONFIG = """
[mypy]
ignore_missing_imports = True
disable_error_code = import-untyped
[mypy-laureola._channels]
ignore_errors = True
"""


def test_the_stubs_say_what_is_there(tmp_path):
    config = tmp_path / "mypy.ini"
    config.write_text(CONFIG)
    allowed = tmp_path / "allowed"
    allowed.write_text("laureola._channels.ChannelFull-redefinition")
    arguments = ["--concise", "--mypy-config-file", str(config), "--allowlist", str(allowed), "laureola"]
    status, said = mypy("mypy.stubtest", *arguments, cwd=tmp_path)
    assert status == 0, said


@pytest.mark.parametrize(("program", "wrong"), [(PROGRAM, 0), (MISTAKES, 3)])
def test_a_strict_program_is_checked(tmp_path, program, wrong):
    (tmp_path / "program.py").write_text(program)
    # Channels and Django have no types of their own.
    flags = ["--strict", "--disable-error-code", "import-untyped", "--cache-dir", str(tmp_path / "cache")]
    status, said = mypy("mypy", *flags, "program.py", cwd=tmp_path)
    assert status == (1 if wrong else 0), said
    assert said.count(": error: ") == wrong, said
