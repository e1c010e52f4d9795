"""The compiled part of laureola. Import what you need from `laureola` instead."""

__version__: str
