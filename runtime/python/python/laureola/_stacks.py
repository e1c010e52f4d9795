"""Where an application is that does not come to its end, in the words of a traceback."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
import traceback
from types import FrameType
from typing import Any

# A stack that stands in the log is not written again for so long: a thousand requests may wait in one view.
AGAIN = 60.0

# Of what waits for a future of a thread's, the innermost frames are all the same.
DEPTH = 64

_written: dict[str, float] = {}

# The thread that has the event loop.
loop_thread = threading.main_thread().ident


def of_loop_thread() -> str:
    """The stack of the thread that has the event loop."""
    frame = sys._current_frames().get(loop_thread or 0)
    return "".join(traceback.format_stack(frame)).rstrip()


def of_task(task: asyncio.Task[Any]) -> str | None:
    """What a task awaits, the innermost last, and what the threads do that sync code runs in.

    ``None`` for a stack that was given within the last minute.
    """
    frames = "".join(traceback.format_list(_summary(task.get_coro())))
    stack = frames + _threads()
    now = time.monotonic()
    if now - _written.get(stack, -AGAIN) < AGAIN:
        return None
    if len(_written) >= 1000:
        _written.clear()
    _written[stack] = now
    return stack.rstrip()


def _summary(coroutine: Any) -> list[traceback.FrameSummary]:
    summary: list[traceback.FrameSummary] = []
    for _ in range(DEPTH):
        frame = getattr(coroutine, "cr_frame", None) or getattr(coroutine, "gi_frame", None)
        if not isinstance(frame, FrameType):
            break
        summary.extend(traceback.StackSummary.extract([(frame, frame.f_lineno)]))
        coroutine = getattr(coroutine, "cr_await", None) or getattr(coroutine, "gi_yieldfrom", None)
    return summary


def _threads() -> str:
    """The threads in which ``sync_to_async`` and executors run something just now."""
    frames = sys._current_frames()
    text = ""
    for thread in threading.enumerate():
        frame = frames.get(thread.ident or 0)
        if thread.ident == loop_thread or frame is None:
            continue
        # One without work waits in the executor's own code.
        if frame.f_code.co_name == "_worker" and frame.f_code.co_filename.endswith("thread.py"):
            continue
        text += f"in the thread {thread.name}:\n" + "".join(traceback.format_stack(frame))
    return text
