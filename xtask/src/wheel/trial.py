"""Tries the wheel that is installed in this interpreter's environment, and nothing else: no Django, no Channels."""

import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import urllib.request

APPLICATION = """
async def application(scope, receive, send):
    if scope["type"] != "http":
        raise NotImplementedError
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": b"hello"})
"""

# Whatever hangs ends here.
signal.alarm(120)
command = str(pathlib.Path(sys.executable).with_name("laureola"))

import laureola  # noqa: E402
import laureola.layers  # noqa: E402
import laureola.testing  # noqa: E402

package = pathlib.Path(laureola.__file__).parent
assert pathlib.Path(sys.prefix) in package.parents, package
assert (package / "py.typed").exists() and (package / "_laureola.pyi").exists()

said = subprocess.run([command, "--version"], capture_output=True, text=True, check=True).stdout
assert said == f"laureola {laureola.__version__}\n", said

layer = laureola.layers.NativeChannelLayer()
layer.send_sync("trial", {"type": "hello"})

with tempfile.TemporaryDirectory() as directory:
    pathlib.Path(directory, "hello.py").write_text(APPLICATION)
    server = subprocess.Popen(
        [command, "-p", "0", "hello:application"], cwd=directory, stderr=subprocess.PIPE, text=True
    )
    try:
        for line in server.stderr:
            if found := re.search(r"listens on (http://\S+/)", line):
                break
        else:
            sys.exit("the server ended before it listened")
        # A proxy of the environment's has no business here.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(found[1], timeout=30) as response:
            assert response.read() == b"hello"
        server.send_signal(signal.SIGTERM)
        server.stderr.read()
        assert server.wait() == 0, server.returncode
    finally:
        server.kill()
