"""Views of each kind."""

import asyncio
import hashlib
import json
import time

from django.contrib import admin
from django.http import FileResponse, HttpResponse, HttpResponseRedirect, JsonResponse, StreamingHttpResponse
from django.urls import path


def sync_view(request):
    return HttpResponse(f"{request.method} {request.path} {request.GET.get('a', '')}", headers={"X-Kind": "sync"})


async def async_view(request):
    await asyncio.sleep(0)
    return HttpResponse(f"{request.method} {request.path} {request.GET.get('a', '')}", headers={"X-Kind": "async"})


def counter(request):
    request.session["count"] = request.session.get("count", 0) + 1
    return JsonResponse({"count": request.session["count"]})


def sync_stream(request):
    return StreamingHttpResponse(f"{number}\n" for number in range(100))


async def async_stream(request):
    async def parts():
        for number in range(100):
            await asyncio.sleep(0)
            yield f"{number}\n"

    return StreamingHttpResponse(parts())


async def events(request):
    async def parts():
        try:
            for number in range(1_000_000):
                yield f"data: {number}\n\n"
                await asyncio.sleep(0.01)
        finally:
            print("events ended", flush=True)

    return StreamingHttpResponse(parts(), content_type="text/event-stream")


def upload(request):
    files = {
        name: [file.name, file.size, hashlib.sha256(file.read()).hexdigest()]
        for name, file in sorted(request.FILES.items())
    }
    return JsonResponse({"files": files, "fields": request.POST.dict()})


def body(request):
    return JsonResponse({"length": len(request.body), "sha": hashlib.sha256(request.body).hexdigest()})


def meta(request):
    names = ["REQUEST_METHOD", "PATH_INFO", "QUERY_STRING", "SERVER_NAME", "REMOTE_ADDR", "HTTP_X_TEST", "SCRIPT_NAME"]
    return HttpResponse(json.dumps({name: str(request.META.get(name)) for name in names}, sort_keys=True))


def redirect(request):
    return HttpResponseRedirect("/sync/")


def fails(request):
    raise ValueError("a view fails")


def slow(request):
    time.sleep(0.05)
    return HttpResponse("slow")


def file(request):
    return FileResponse(open(__file__, "rb"))


def cookies(request):
    response = HttpResponse("cookies")
    response.set_cookie("one", "1")
    response.set_cookie("two", "2", httponly=True)
    return response


urlpatterns = [
    path("admin/", admin.site.urls),
    path("sync/", sync_view),
    path("async/", async_view),
    path("counter/", counter),
    path("stream/sync/", sync_stream),
    path("stream/async/", async_stream),
    path("events/", events),
    path("upload/", upload),
    path("body/", body),
    path("meta/", meta),
    path("redirect/", redirect),
    path("fails/", fails),
    path("slow/", slow),
    path("file/", file),
    path("cookies/", cookies),
    path("caf\u00e9/", sync_view),
]
