"""System checks of the Django app."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, Error


def check_place_in_installed_apps(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """``runserver`` is that of the first app that has one: ours must stand before the others."""
    from django.apps import apps

    messages: list[CheckMessage] = []
    for app in apps.get_app_configs():
        if app.name == "laureola":
            break
        if app.name == "django.contrib.staticfiles":
            messages.append(
                Error(
                    "laureola must be listed before django.contrib.staticfiles in INSTALLED_APPS.",
                    id="laureola.E001",
                )
            )
        if app.name == "daphne":
            messages.append(
                Error(
                    "daphne is listed before laureola in INSTALLED_APPS, so that runserver is Daphne's.",
                    hint="Remove daphne: laureola takes its place.",
                    id="laureola.E002",
                )
            )
    return messages
