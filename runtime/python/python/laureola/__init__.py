"""Laureola: an ASGI server and channel layers, written in Rust."""

from laureola._laureola import __version__

__all__ = ["__version__"]
