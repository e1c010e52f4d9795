"""The one extension module in every CPython that is here."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import laureola
import pytest

VERSIONS = ["3.10", "3.11", "3.12", "3.13", "3.14"]


def candidates(version: str) -> list[str]:
    """The one on the path, which may be a shim that leads nowhere, and those behind the shim."""
    name = f"python{version}"
    try:
        told = subprocess.run(["pyenv", "whence", "--path", name], capture_output=True, text=True, timeout=30)
    except OSError:
        return [name]
    return [name, *told.stdout.split()]


def interpreter(version: str) -> str | None:
    ask = "import asyncio, sys; print(sys.executable, '%d.%d' % sys.version_info[:2])"
    for candidate in candidates(version):
        try:
            told = subprocess.run([candidate, "-c", ask], capture_output=True, text=True, timeout=30)
        except OSError:
            continue
        executable, _, found = told.stdout.strip().rpartition(" ")
        if told.returncode == 0 and found == version:
            return executable
    return None


@pytest.mark.parametrize("version", VERSIONS)
def test_an_interpreter(start, tmp_path, version):
    if version == "%d.%d" % sys.version_info[:2]:
        python = sys.executable
    else:
        python = interpreter(version)
    if python is None:
        pytest.skip(f"there is no Python {version} here")
    # The package alone: what else is installed beside it is for another version.
    (tmp_path / "laureola").symlink_to(Path(laureola.__file__).parent)
    server = start("-p", "0", "plain:application", "--loop", "asyncio", python=python, PYTHONPATH=str(tmp_path)).ready()
    with server.client() as client:
        for _ in range(20):
            assert client.get("/").text == "hello"
        assert client.post("/read", content=b"x" * 100_000).text == "100000"
        assert client.get("/raise/start").status_code == 500
        expected = "'timeout': True, 'done': 0}"
        assert client.get("/created-receive").text.endswith(expected)
    assert server.ends() == 0
    assert "lifespan is over" in server.log
    assert "Fatal" not in server.log
