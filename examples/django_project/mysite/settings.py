"""Settings of a site that has no database: rooms live in the channel layer only.

What differs between machines comes from the environment:

    REDIS_URL                redis://127.0.0.1:6379   where the channel layer is
    CHANNEL_LAYER_PREFIX     asgi                     sites with one prefix share their groups
    CHANNEL_LAYER_CAPACITY   1000                     messages that may wait for one server; more are dropped
    DJANGO_SECRET_KEY        random at every start
    DJANGO_ALLOWED_HOSTS     localhost,127.0.0.1,[::1]
    DJANGO_DEBUG             0
"""

import os

from django.core.management.utils import get_random_secret_key

SECRET_KEY = os.environ.get("DJANGO_SECRET_KEY") or get_random_secret_key()
DEBUG = os.environ.get("DJANGO_DEBUG") == "1"
ALLOWED_HOSTS = os.environ.get("DJANGO_ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]").split(",")

# Daphne comes first: its runserver then replaces Django's, which speaks no WebSocket.
INSTALLED_APPS = ["daphne", "channels", "chat"]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "mysite.urls"
ASGI_APPLICATION = "mysite.asgi.application"
TEMPLATES = [
    {"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True},
]
DATABASES = {}
USE_TZ = True

CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.core.RedisChannelLayer",
        "CONFIG": {
            "hosts": [os.environ.get("REDIS_URL", "redis://127.0.0.1:6379")],
            "prefix": os.environ.get("CHANNEL_LAYER_PREFIX", "asgi"),
            # All sockets of one server wait on one key: Channels' default of 100 is soon full in a lively room.
            "capacity": int(os.environ.get("CHANNEL_LAYER_CAPACITY", "1000")),
        },
    },
}
