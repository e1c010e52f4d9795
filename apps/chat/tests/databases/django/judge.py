"""The Django site of the chat's models, asked one question per line of JSON."""

import json
import os
import sys

os.environ["DJANGO_SETTINGS_MODULE"] = "settings"

import django  # noqa: E402

django.setup()

import importlib  # noqa: E402
import io  # noqa: E402
from importlib import import_module  # noqa: E402

from django.contrib import auth  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.core.exceptions import ValidationError  # noqa: E402
from django.core.validators import validate_email  # noqa: E402
from django.db import connection  # noqa: E402
from django.http import HttpRequest  # noqa: E402
from room.models import Message, Room  # noqa: E402


def request_with(key):
    request = HttpRequest()
    request.session = import_module("django.contrib.sessions.backends.db").SessionStore(key)
    return request


def login(username, password):
    request = request_with(None)
    user = auth.authenticate(request, username=username, password=password)
    if user is None:
        return None
    auth.login(request, user)
    request.session.save()
    return request.session.session_key


def create_user(username, password, is_superuser):
    create = User.objects.create_superuser if is_superuser else User.objects.create_user
    return create(username, password=password).pk


def say(slug, username, content):
    room, user = Room.objects.get(slug=slug), User.objects.get(username=username)
    return Message.objects.create(room=room, user=user, content=content).pk


def messages(slug):
    said = Message.objects.filter(room__slug=slug).select_related("user").order_by("pk")
    return [[m.pk, m.user.username, m.content, m.date_added.timestamp()] for m in said]


def tables():
    """What Django sees of the tables, without the names that it does not look at."""
    see = connection.introspection
    found = {}
    with connection.cursor() as cursor:
        for table in ["room_room", "room_message", "auth_user", "django_session"]:
            columns = [
                [c.name, see.get_field_type(c.type_code, c), c.display_size, c.null_ok, c.default, bool(c.pk) if hasattr(c, "pk") else None]
                for c in see.get_table_description(cursor, table)
            ]
            constraints = [
                [c["columns"], c["primary_key"], c["unique"], c["foreign_key"], c["check"], c["index"], c.get("type")]
                for c in see.get_constraints(cursor, table).values()
            ]
            found[table] = [sorted(columns, key=repr), sorted(constraints, key=repr)]
    return found


def is_email(text):
    try:
        validate_email(text)
    except ValidationError:
        return False
    return True


def manage(arguments):
    importlib.invalidate_caches()  # It may have written a migration a moment ago.
    said = io.StringIO()
    call_command(*arguments, stdout=said, stderr=said)
    return said.getvalue()


questions = {
    "manage": manage,
    "version": lambda: django.VERSION[:2],
    "create_user": create_user,
    "login": login,
    "session_user": lambda key: auth.get_user(request_with(key)).username or None,
    "create_room": lambda name, slug: Room.objects.create(name=name, slug=slug).pk,
    "rooms": lambda: [[room.name, room.slug] for room in Room.objects.order_by("pk")],
    "delete_room": lambda slug: Room.objects.get(slug=slug).delete()[0],
    "say": say,
    "messages": messages,
    "delete_message": lambda pk: Message.objects.get(pk=pk).delete()[0],
    "user": lambda name: list(User.objects.values_list("email", "is_staff", "is_superuser", "is_active").get(username=name)),
    "are_emails": lambda texts: [is_email(text) for text in texts],
    "tables": tables,
}

for line in sys.stdin:
    name, *arguments = json.loads(line)
    try:
        answer = {"ok": questions[name](*arguments)}
    except (Exception, SystemExit) as error:
        answer = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer), flush=True)
