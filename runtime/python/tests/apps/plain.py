"""ASGI applications without a framework."""

import asyncio
import contextvars
import sys
import time


async def tell(message, send, status=200):
    body = message if isinstance(message, bytes) else str(message).encode()
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": body})


async def lifespan(receive, send):
    while True:
        event = await receive()
        await send({"type": event["type"] + ".complete"})
        if event["type"] == "lifespan.shutdown":
            print("lifespan is over", flush=True)
            return


async def application(scope, receive, send):
    """Everything: each path does one thing."""
    if scope["type"] == "lifespan":
        scope["state"]["started"] = "yes"
        return await lifespan(receive, send)
    if scope["type"] == "websocket":
        return await socket(scope, receive, send)
    path = scope["path"]
    if path == "/":
        await tell("hello", send)
    elif path == "/scope":
        await tell(repr(scope), send)
    elif path == "/tasks":
        await tell(len(asyncio.all_tasks()), send)
    elif path == "/read":
        length = 0
        while True:
            event = await receive()
            assert event["type"] == "http.request", event
            length += len(event["body"])
            if not event["more_body"]:
                break
        await tell(length, send)
    elif path == "/wait":
        await wait_for_disconnect(receive)
    elif path == "/stubborn":
        while True:
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                print("cancelled", flush=True)
                raise
    elif path == "/ignore":
        print("ignoring", flush=True)
        await asyncio.sleep(3600)
    elif path == "/block":
        print("blocking", flush=True)
        time.sleep(float(scope["query_string"] or 3600))
        await tell("unblocked", send)
    elif path == "/thread":
        print("in a thread", flush=True)
        await asyncio.get_running_loop().run_in_executor(None, time.sleep, 3600)
    elif path == "/stream":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        part = b"x" * 65536
        for _ in range(int(scope["query_string"])):
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body"})
    elif path == "/created-receive":
        await tell(repr(await created_receive(receive)), send)
    elif path == "/task":
        await tell(await facts_of_the_task(), send)
    elif path == "/exit":
        sys.exit(3)
    elif path.startswith("/raise/"):
        await raising(path, receive, send)
    elif path.startswith("/bad/"):
        await bad(path.removeprefix("/bad/"), send)
    else:
        await tell("not found", send, 404)


async def wait_for_disconnect(receive):
    print("waiting", flush=True)
    while (event := await receive())["type"] != "http.disconnect":
        pass
    print("disconnected", event, flush=True)


async def created_receive(receive):
    """One that is cancelled before it began must not take the event with it."""
    lost = asyncio.create_task(receive())
    lost.cancel()
    try:
        await lost
    except asyncio.CancelledError:
        pass
    event = await asyncio.create_task(receive())
    try:
        await asyncio.wait_for(receive(), 0.02)
    except asyncio.TimeoutError:
        event["timeout"] = True
    pending = asyncio.ensure_future(receive())
    done, _ = await asyncio.wait([pending], timeout=0.02)
    event["done"] = len(done)
    pending.cancel()
    return event


number = contextvars.ContextVar("number", default=0)


async def facts_of_the_task():
    """What libraries ask of the task they run in, before it first waits and after."""
    task, seen = asyncio.current_task(), number.get()
    number.set(seen + 1)
    facts = [isinstance(task, asyncio.Task), task in asyncio.all_tasks(), task.get_loop().is_running(), seen]
    await asyncio.wait_for(asyncio.sleep(0), 10)
    child = asyncio.create_task(context_of_a_child())
    return [*facts, asyncio.current_task() is task, number.get(), await child]


async def context_of_a_child():
    return number.get()


async def raising(path, receive, send):
    stage = path.removeprefix("/raise/")
    if stage == "start":
        raise ValueError("at the start")
    await receive()
    if stage == "receive":
        raise ValueError("after receive")
    await send({"type": "http.response.start", "status": 200, "headers": []})
    if stage == "started":
        raise ValueError("after the start")
    await send({"type": "http.response.body", "body": b"part", "more_body": True})
    if stage == "body":
        raise ValueError("after a part")
    await send({"type": "http.response.body", "body": b"part"})
    raise ValueError("after the end")


BAD = {
    "no-type": [{}],
    "unknown": [{"type": "http.surprise"}],
    "other-protocol": [{"type": "websocket.accept"}],
    "no-status": [{"type": "http.response.start"}],
    "text-name": [{"type": "http.response.start", "status": 200, "headers": [["x", b"y"]]}],
    "text-value": [{"type": "http.response.start", "status": 200, "headers": [[b"x", "y"]]}],
    "body-first": [{"type": "http.response.body", "body": b""}],
    "twice": [{"type": "http.response.start", "status": 200}, {"type": "http.response.start", "status": 200}],
    "line-break": [{"type": "http.response.start", "status": 200, "headers": [[b"x", b"a\r\nb: c"]]}],
}


async def bad(what, send):
    for message in BAD[what]:
        try:
            await send(message)
        except ValueError as error:
            print("ValueError:", error, flush=True)
            break
    else:
        print("no error", flush=True)
    if what != "twice":
        await tell("afterwards", send)
    else:
        await send({"type": "http.response.body", "body": b"afterwards"})


async def socket(scope, receive, send):
    event = await receive()
    assert event == {"type": "websocket.connect"}, event
    path = scope["path"]
    if path == "/reject":
        return await send({"type": "websocket.close"})
    if path == "/scope":
        await send({"type": "websocket.accept", "subprotocol": scope["subprotocols"][0]})
        return await send({"type": "websocket.send", "text": repr(scope)})
    if path == "/raise/connect":
        raise ValueError("in connect")
    if path == "/early":
        try:
            await send({"type": "websocket.send", "text": "early"})
        except ValueError as error:
            print("ValueError:", error, flush=True)
    await send({"type": "websocket.accept", "headers": [(b"x-ours", b"yes")]})
    if path == "/raise/accepted":
        raise ValueError("after accept")
    while True:
        event = await receive()
        if event["type"] == "websocket.disconnect":
            print(event, flush=True)
            if path == "/late":
                try:
                    await send({"type": "websocket.send", "text": "late"})
                except OSError as error:
                    print("OSError:", type(error).__name__, error, flush=True)
            if path == "/hang":
                await asyncio.sleep(3600)
            return
        if path == "/raise/message":
            raise ValueError("on a message")
        if path == "/flood":
            for _ in range(int(event["text"])):
                await send({"type": "websocket.send", "bytes": b"x" * 65536})
        else:
            await send({**event, "type": "websocket.send"})


class Double:
    """An application of ASGI 2."""

    def __init__(self, scope):
        self.scope = scope

    async def __call__(self, receive, send):
        await tell("double " + self.scope["path"], send)


async def without_lifespan(scope, receive, send):
    """Fails for what it does not know, as Django does."""
    if scope["type"] != "http":
        raise ValueError("only http here")
    await tell("hello", send)


async def failing_startup(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "no database"})
