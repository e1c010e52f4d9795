"""A site that keeps nothing: its room is in the memory of the process."""

from django.core.management.utils import get_random_secret_key

SECRET_KEY = get_random_secret_key()
DEBUG = True
INSTALLED_APPS = ["laureola", "channels"]
ROOT_URLCONF = "mysite.urls"
ASGI_APPLICATION = "mysite.asgi.application"
DATABASES = {}
USE_TZ = True

# Shared with the Rust consumers.
CHANNEL_LAYERS = {"default": {"BACKEND": "laureola.layers.NativeChannelLayer"}}

# What `--plugin` says to the command, for `manage.py runserver`.
LAUREOLA_PLUGINS = ["room"]
