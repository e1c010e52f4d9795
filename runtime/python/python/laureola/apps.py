"""The Django app: put ``"laureola"`` into ``INSTALLED_APPS``, before ``django.contrib.staticfiles``."""

from django.apps import AppConfig
from django.core import checks

from laureola.checks import check_place_in_installed_apps


class LaureolaConfig(AppConfig):
    """Brings ``runserver`` for ASGI applications, and the checks."""

    name = "laureola"
    verbose_name = "Laureola"

    def ready(self) -> None:
        checks.register(check_place_in_installed_apps, checks.Tags.staticfiles)
