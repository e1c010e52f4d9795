"""The two pages."""

from django.shortcuts import render


def index(request):
    """Asks for the name of a room."""
    return render(request, "chat/index.html")


def room(request, room_name):
    """One room; everything in it comes through the WebSocket."""
    return render(request, "chat/room.html", {"room_name": room_name})
