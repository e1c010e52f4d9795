"""The compiled part: the wheel's own, or that of a project which has built its Rust around it."""

from __future__ import annotations

import importlib
import re
import sys
from importlib import metadata

# What it is called, whoever's it is.
NAME = "laureola._laureola"

# The entry points that name a project's.
GROUP = "laureola.module"


def load() -> None:
    """Imports a project's compiled part, if one is installed; without one, Python finds the wheel's own.

    Raises `ImportError` where two are installed, and where it was built with another version than this package's.
    """
    if NAME not in sys.modules:
        names = sorted({point.value for point in metadata.entry_points(group=GROUP)})
        if not names:
            return
        if len(names) > 1:
            raise ImportError(
                f"a process has one compiled part of laureola, and here are several: {', '.join(names)};"
                " uninstall all but one, or build one module with all their plugins"
            )
        try:
            importlib.import_module(names[0])
        except ModuleNotFoundError as error:
            # What the project's package imports on the way may be missing as well.
            if error.name is None or not f"{names[0]}.".startswith(f"{error.name}."):
                raise
            raise ImportError(
                f"there is no {error.name}, which an installed project names as its compiled part of laureola"
                f" ({names[0]}); build it, or uninstall it"
            ) from error
    module = sys.modules.get(NAME)
    if module is None:
        raise ImportError(f"{names[0]} does not call laureola_python::extend")
    _check(module.__name__, module.__version__)
    # As the import of a submodule would have it.
    sys.modules["laureola"]._laureola = module  # type: ignore[attr-defined]


def _check(name: str, built_with: str) -> None:
    try:
        installed = metadata.version("laureola")
    except metadata.PackageNotFoundError:
        return
    if _release(installed) != _release(built_with):
        raise ImportError(
            f"{name} was built with laureola-python {built_with}, and laureola {installed} is installed:"
            " build it with the same version"
        )


def _release(version: str) -> str:
    found = re.match(r"\d+(\.\d+)*", version)
    return found[0] if found else version
