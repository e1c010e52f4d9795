"""What tests/server/access_log.rs serves, for Daphne."""


async def application(scope, receive, send):
    path = scope["path"]
    await receive()
    if path == "/raise":
        raise RuntimeError("asked to")
    if scope["type"] == "http":
        status, body = (204, b"") if path == "/empty" else (200, b"hello")
        headers = [(b"content-type", b"text/plain")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})
    elif path == "/no":
        await send({"type": "websocket.close"})
    else:
        await send({"type": "websocket.accept"})
        while (await receive())["type"] != "websocket.disconnect":
            await send({"type": "websocket.close", "code": 4001})
