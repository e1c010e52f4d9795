"""``runserver`` for ASGI applications, with the options of Daphne's."""

from __future__ import annotations

import datetime
import logging
import os
import threading
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError
from django.core.management.commands.runserver import Command as RunserverCommand
from django.utils.module_loading import import_string

from laureola import __version__, _applications
from laureola._host import Host, leave
from laureola._laureola import run
from laureola._logged import Logged

logger = logging.getLogger("django.channels.server")

# The names of the settings are Daphne's, so that a project need not change them.
MESSAGE_SIZE = "DAPHNE_WEBSOCKET_MAX_MESSAGE_SIZE"
FRAME_SIZE = "DAPHNE_WEBSOCKET_MAX_FRAME_SIZE"
# Names that ``--plugin`` has for the command.
PLUGINS = "LAUREOLA_PLUGINS"


class Command(RunserverCommand):
    """Django's development server, on ours."""

    help = "Starts a lightweight web server for development, for HTTP and WebSockets."
    protocol = "http"

    def add_arguments(self, parser: Any) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--noasgi",
            action="store_false",
            dest="use_asgi",
            default=True,
            help="Run the old WSGI-based runserver rather than the ASGI-based one.",
        )
        parser.add_argument(
            "--http_timeout",
            type=int,
            default=None,
            help="Seconds until 503 for a request that is not answered (default: no timeout).",
        )
        parser.add_argument(
            "--websocket_handshake_timeout",
            type=int,
            default=5,
            help="Seconds that the application has for accepting a WebSocket (default: 5).",
        )
        for name, setting in [("message", MESSAGE_SIZE), ("frame", FRAME_SIZE)]:
            parser.add_argument(
                f"--websocket-max-{name}-size",
                type=int,
                default=None,
                help=f"Longest {name} that is taken, in bytes; 0 for no limit (default: {setting}, or 1048576).",
            )
        if apps.is_installed("django.contrib.staticfiles"):
            parser.add_argument(
                "--nostatic",
                action="store_false",
                dest="use_static_handler",
                help="Tells Django to NOT automatically serve static files at STATIC_URL.",
            )
            parser.add_argument(
                "--insecure",
                action="store_true",
                dest="insecure_serving",
                help="Allows serving static files even if DEBUG is False.",
            )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["use_asgi"] and not hasattr(settings, "ASGI_APPLICATION"):
            raise CommandError("You have not set ASGI_APPLICATION, which is needed to run the server.")
        super().handle(*args, **options)

    def inner_run(self, *args: Any, **options: Any) -> None:
        """Serves, in the main thread or in the autoreloader's."""
        if not options.get("use_asgi", True):
            return super().inner_run(*args, **options)
        self.stdout.write("Performing system checks...\n\n")
        self.check(display_num_errors=True)
        self.check_migrations()
        self._greet()
        in_main = threading.current_thread() is threading.main_thread()
        application = Logged(_applications.single_callable(self.get_application(options)), self.log_action)
        status = run(self._command_line(options), _RunserverHost(application, in_main))
        if status:
            # In the autoreloader's thread nothing less ends the process.
            os._exit(status)
        if in_main:
            shutdown_message = options.get("shutdown_message", "")
            if shutdown_message:
                self.stdout.write(shutdown_message)
            leave(0)

    def _greet(self) -> None:
        address = f"[{self.addr}]" if self._raw_ipv6 else self.addr
        self.stdout.write(datetime.datetime.now().strftime("%B %d, %Y - %X"))
        self.stdout.write(
            f"Django version {self.get_version()}, using settings {settings.SETTINGS_MODULE!r}\n"
            f"Starting ASGI/Laureola version {__version__} development server"
            f" at {self.protocol}://{address}:{self.port}/\n"
            "Quit the server with CONTROL-C.\n"
        )

    def _command_line(self, options: dict[str, Any]) -> list[str]:
        def size(name: str, setting: str) -> int:
            given = options.get(name)
            return getattr(settings, setting, 1024 * 1024) if given is None else given

        flags = {
            "bind": self.addr,
            "port": self.port,
            "http-timeout": options.get("http_timeout"),
            "websocket_connect_timeout": options.get("websocket_handshake_timeout", 5),
            "websocket-max-message-size": size("websocket_max_message_size", MESSAGE_SIZE),
            "websocket-max-frame-size": size("websocket_max_frame_size", FRAME_SIZE),
            "root-path": getattr(settings, "FORCE_SCRIPT_NAME", "") or "",
            # `log_action` tells of requests.
            "access-log": os.devnull,
            "verbosity": 0,
        }
        given = [f"--{name}={value}" for name, value in flags.items() if value is not None]
        plugins = [f"--plugin={name}" for name in getattr(settings, PLUGINS, [])]
        return ["runserver", *given, *plugins, "django:application"]

    def get_application(self, options: dict[str, Any]) -> Any:
        """``ASGI_APPLICATION``, behind the handler of static files where that is wanted."""
        application = get_default_application()
        installed = apps.is_installed("django.contrib.staticfiles")
        wanted = options.get("use_static_handler", installed)
        if wanted and (settings.DEBUG or options.get("insecure_serving", False)):
            return ASGIStaticFilesHandler(application)
        return application

    def log_action(self, protocol: str, action: str, details: dict[str, Any]) -> None:
        """One line for a request, in the colours of Django's own runserver."""
        if protocol == "http":
            status = details["status"]
            message = "HTTP %(method)s %(path)s %(status)s [%(time_taken).2f, %(client)s]"
            level, style = _manner(status)
            logger.log(level, getattr(self.style, style)(message), details)
        else:
            logger.info(f"WebSocket {ACTIONS[action]} %(path)s [%(client)s]", details)


ACTIONS = {
    "connecting": "HANDSHAKING",
    "connected": "CONNECT",
    "disconnected": "DISCONNECT",
    "rejected": "REJECT",
}


def _manner(status: int) -> tuple[int, str]:
    if 200 <= status < 300:
        return logging.INFO, "HTTP_SUCCESS"
    if status < 200:
        return logging.INFO, "HTTP_INFO"
    if status == 304:
        return logging.INFO, "HTTP_NOT_MODIFIED"
    if status < 400:
        return logging.INFO, "HTTP_REDIRECT"
    if status == 404:
        return logging.WARNING, "HTTP_NOT_FOUND"
    if status < 500:
        return logging.WARNING, "HTTP_BAD_REQUEST"
    return logging.ERROR, "HTTP_SERVER_ERROR"


def get_default_application() -> Any:
    """The application that the setting ``ASGI_APPLICATION`` names."""
    path = getattr(settings, "ASGI_APPLICATION", None)
    if not path:
        raise ImproperlyConfigured("Cannot find ASGI_APPLICATION setting.")
    try:
        return import_string(path)
    except ImportError as error:
        raise ImproperlyConfigured(f"Cannot import ASGI_APPLICATION {path!r}: {error}") from error


class _RunserverHost(Host):
    """A host in a process that Django has set up."""

    def __init__(self, application: Any, in_main: bool) -> None:
        super().__init__()
        self.application = application
        self.signals = in_main

    def program(self) -> list[str]:
        raise RuntimeError("runserver has no workers")

    def prepare(self, verbosity: int, log_format: str) -> None:
        # The logging is Django's, and `manage.py` has its directory on the path.
        self.verbosity = verbosity

    def load(self, target: str) -> Any:
        return self.application
