"""A site with a little of everything: the same for Daphne and for ours, but for `SITE_SERVER`."""

import os
from pathlib import Path

PLACE = Path(os.environ["SITE_PLACE"])
SECRET_KEY = "only for tests"
DEBUG = True
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "x"]
INSTALLED_APPS = [
    os.environ.get("SITE_SERVER", "laureola"),
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "channels",
    "demo",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
ROOT_URLCONF = "demo.urls"
ASGI_APPLICATION = "site_project.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": PLACE / "site.sqlite3"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
STATIC_URL = "static/"
STATICFILES_DIRS = [Path(__file__).parent.parent / "static_files"]
# Small uploads become files, too.
FILE_UPLOAD_MAX_MEMORY_SIZE = 1000
DATA_UPLOAD_MAX_MEMORY_SIZE = 50_000_000
REDIS = os.environ.get("SITE_REDIS")
IN_MEMORY = {"BACKEND": "channels.layers.InMemoryChannelLayer"}
IN_REDIS = {
    "BACKEND": os.environ.get("SITE_LAYER", "channels_redis.core.RedisChannelLayer"),
    "CONFIG": {"hosts": [REDIS], "prefix": os.environ.get("SITE_PREFIX", "asgi")},
}
CHANNEL_LAYERS = {"default": IN_REDIS if REDIS else IN_MEMORY}
