"""The same small site in each framework: a page, a WebSocket's echo, and a lifespan."""

import contextlib


def said(what):
    print(what, flush=True)


@contextlib.asynccontextmanager
async def lifespan(application):
    said("started")
    yield {"greeting": "hello"}
    said("stopped")


def starlette():
    from starlette.applications import Starlette
    from starlette.responses import PlainTextResponse, StreamingResponse
    from starlette.routing import Route, WebSocketRoute

    async def page(request):
        return PlainTextResponse(request.state.greeting)

    async def stream(request):
        async def parts():
            for number in range(5):
                yield f"{number} "

        return StreamingResponse(parts())

    async def echo(websocket):
        await websocket.accept()
        async for text in websocket.iter_text():
            await websocket.send_text(text)

    routes = [Route("/", page), Route("/stream", stream), WebSocketRoute("/ws", echo)]
    return Starlette(routes=routes, lifespan=lifespan)


def fastapi():
    from fastapi import BackgroundTasks, FastAPI, Request, WebSocket
    from fastapi.responses import StreamingResponse

    application = FastAPI(lifespan=lifespan)

    @application.get("/")
    def page(request: Request, background: BackgroundTasks) -> str:
        background.add_task(said, "in the background")
        return request.state.greeting

    @application.get("/stream")
    async def stream():
        return StreamingResponse(f"{number} " for number in range(5))

    @application.websocket("/ws")
    async def echo(websocket: WebSocket):
        await websocket.accept()
        async for text in websocket.iter_text():
            await websocket.send_text(text)

    return application


def quart():
    from quart import Quart, websocket

    application = Quart("frameworks")

    @application.before_serving
    async def start():
        said("started")

    @application.after_serving
    async def stop():
        said("stopped")

    @application.route("/")
    async def page():
        return "hello"

    @application.route("/stream")
    async def stream():
        async def parts():
            for number in range(5):
                yield f"{number} "

        return parts()

    @application.websocket("/ws")
    async def echo():
        while True:
            await websocket.send(await websocket.receive())

    return application


def __getattr__(name):
    return {"starlette_app": starlette, "fastapi_app": fastapi, "quart_app": quart}[name]()
