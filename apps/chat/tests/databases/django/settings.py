import json
from pathlib import Path

options = json.loads((Path(__file__).parent / "options.json").read_text())

SECRET_KEY = options["secret"]
DATABASES = {"default": options["database"]}
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "room",
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
