"""The site's pages."""

from django.http import HttpResponse
from django.urls import path


async def page(request):
    """Says who answers."""
    return HttpResponse("a page of Django's\n")


urlpatterns = [path("", page)]
