"""The Python side of the command: what happens in the interpreter's main thread."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from laureola import _applications, _database, _reload, _stacks

# What is left of an application when the server has ended may take so long to end.
CLOSING = 3.0
# What is left of its threads may keep the process so long.
LEAVING = 2.0

# New objects until the garbage collector looks, as Python has it (2000 since 3.13), and here.
USUAL_THRESHOLD = 2000
THRESHOLD = 10_000

LEVELS = {0: logging.WARNING, 1: logging.INFO, 2: logging.DEBUG, 3: logging.DEBUG}


class Host:
    """What the compiled part calls, in this order, for a command that serves.

    ``signals`` says whether SIGINT, SIGTERM and SIGHUP are the server's; then its thread is the main thread.
    """

    signals = True

    def __init__(self, arguments: Sequence[str] = ()) -> None:
        self.arguments = arguments
        self.verbosity = 1

    def program(self) -> list[str]:
        """How this command is started again."""
        return [sys.executable, "-m", "laureola"]

    def reload(self) -> int | None:
        """Serves in a process that is started again when a file changes, and returns its exit status.

        ``None`` in that process itself.
        """
        return _reload.watch(self.arguments) if _reload.wanted() else None

    def prepare(self, verbosity: int, log_format: str) -> None:
        """Sets logging up, and the current directory first on ``sys.path``."""
        self.verbosity = verbosity
        logging.basicConfig(level=LEVELS.get(verbosity, logging.DEBUG), format=log_format)
        sys.path.insert(0, os.getcwd())

    def load(self, target: str) -> Callable[..., Any] | None:
        """The application; ``None`` where it cannot be imported, with the reason on stderr."""
        try:
            with _interruptible():
                application = _applications.load(target)
                _database.spare_idle_turns()
                _settle()
                return application
        except KeyboardInterrupt:
            # Nothing has begun that would have to end.
            os._exit(0)
        except _applications.NotFound as error:
            print(f"laureola: {error}", file=sys.stderr)
        except BaseException:
            traceback.print_exc()
        return None

    def new_loop(self, kind: str) -> asyncio.AbstractEventLoop:
        """A new event loop, set as this thread's."""
        if self.signals:
            # The server takes it over, and would pass it on to a handler of Python's.
            signal.signal(signal.SIGINT, signal.SIG_DFL)
        loop = _new_loop(kind)
        loop.set_debug(self.verbosity >= 3)
        asyncio.set_event_loop(loop)
        return loop

    def run(self, loop: asyncio.AbstractEventLoop) -> None:
        """Runs the loop until the server has ended, whatever the application raises in between."""
        _stacks.loop_thread = threading.get_ident()
        try:
            loop.run_forever()
        except BaseException:
            if not self.signals:
                raise
            # The application wants the program to end: with the server's own end first.
            os.kill(os.getpid(), signal.SIGTERM)
            loop.run_forever()
            raise

    def close(self, loop: asyncio.AbstractEventLoop) -> None:
        """Ends what is left in the loop."""
        deadline = time.monotonic() + CLOSING
        try:
            tasks = asyncio.all_tasks(loop)
            for task in tasks:
                task.cancel()
            if tasks:
                loop.run_until_complete(asyncio.wait(tasks, timeout=CLOSING))
            loop.run_until_complete(_within(loop.shutdown_asyncgens(), deadline))
        finally:
            # Its default executor's threads are not waited for here: see `leave`.
            asyncio.set_event_loop(None)
            loop.close()


def _settle() -> None:
    """Lets the garbage collector leave alone what stays: the application's modules, classes and settings.

    And has it look less often: a server makes many objects for each message, and nearly none of them is garbage of the
    collector's. A project that has thresholds of its own keeps them.
    """
    gc.collect()
    gc.freeze()
    thresholds = gc.get_threshold()
    if 0 < thresholds[0] <= USUAL_THRESHOLD:
        gc.set_threshold(THRESHOLD, *thresholds[1:])


def leave(status: int) -> None:
    """Makes sure that the process ends: a thread that is stuck in a view would keep it for as long.

    The server's own deadlines are over by now.
    """
    # The server had taken them over. From here on Ctrl-C ends it at once.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if all(thread.daemon or thread is threading.main_thread() for thread in threading.enumerate()):
        return
    threading.Thread(target=_end_in_time, args=(status,), name="laureola-leave", daemon=True).start()


def _end_in_time(status: int) -> None:
    time.sleep(LEAVING)
    frames = sys._current_frames()
    for thread in threading.enumerate():
        if thread.daemon or thread is threading.main_thread():
            continue
        frame = frames.get(thread.ident or 0)
        stack = "".join(traceback.format_stack(frame)).rstrip()
        logging.getLogger("laureola").warning(
            "the thread %s did not end within %g s; it is left behind\n%s", thread.name, LEAVING, stack
        )
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()
    os._exit(status)


async def _within(awaitable: Any, deadline: float) -> None:
    with contextlib.suppress(asyncio.TimeoutError):
        await asyncio.wait_for(awaitable, max(0.1, deadline - time.monotonic()))


def _new_loop(kind: str) -> asyncio.AbstractEventLoop:
    if kind != "asyncio":
        try:
            import uvloop
        except ImportError:
            if kind == "uvloop":
                raise SystemExit("laureola: --loop uvloop needs it: pip install uvloop") from None
        else:
            return uvloop.new_event_loop()
    # Not the policy's: a project may have set one, of another server, say.
    return asyncio.SelectorEventLoop()


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """SIGTERM as Ctrl-C, until the server takes both over.

    Ctrl-C as well: a shell that starts a command in the background has it ignore SIGINT, and Python leaves it so.
    """

    def interrupt(number: int, frame: Any) -> None:
        raise KeyboardInterrupt

    before = [(number, signal.signal(number, interrupt)) for number in (signal.SIGINT, signal.SIGTERM)]
    try:
        yield
    finally:
        for number, handler in before:
            signal.signal(number, handler)
