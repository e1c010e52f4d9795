"""The compiled part of laureola. Import what you need from `laureola` instead."""

from collections.abc import Sequence

from laureola._host import Host

__version__: str

class ClientDisconnected(OSError):
    """Raised by ``send`` once the client has gone (ASGI 2.4 asks for an ``OSError``)."""

def run(argv: Sequence[str], host: Host) -> int:
    """Runs the ``laureola`` command with ``argv`` and returns its exit status."""
