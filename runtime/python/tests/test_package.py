"""The package as it is installed."""

from importlib import metadata

import laureola


def test_the_version_is_the_distributions():
    assert laureola.__version__ == metadata.version("laureola")
