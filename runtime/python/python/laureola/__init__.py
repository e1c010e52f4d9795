"""Laureola: an ASGI server and channel layers, written in Rust.

Serve an application with the ``laureola`` command (``python -m laureola`` is the same)::

    laureola mysite.asgi:application
"""

from laureola import _compiled

_compiled.load()

from laureola._laureola import ClientDisconnected, __version__  # noqa: E402

__all__ = ["ClientDisconnected", "__version__"]
