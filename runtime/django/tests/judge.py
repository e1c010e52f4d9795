"""The real Django, asked one question per line of JSON."""

import json
import sys
import tempfile

import django
from django.conf import settings

options = json.loads(sys.argv[1])
settings.configure(
    SECRET_KEY=options["secret"],
    SECRET_KEY_FALLBACKS=options.get("fallbacks", []),
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "django.contrib.sessions"],
    DATABASES={"default": options["database"]} if "database" in options else {},
    CACHES={
        "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": options["redis"]}
    }
    if "redis" in options
    else {},
    SESSION_FILE_PATH=options.get("directory", tempfile.gettempdir()),
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    USE_TZ=True,
    AUTH_PASSWORD_VALIDATORS=[
        {"NAME": "django.contrib.auth.password_validation." + name}
        for name in [
            "UserAttributeSimilarityValidator",
            "MinimumLengthValidator",
            "CommonPasswordValidator",
            "NumericPasswordValidator",
        ]
    ],
    PASSWORD_HASHERS=[
        "django.contrib.auth.hashers." + name + "PasswordHasher"
        for name in ["PBKDF2", "PBKDF2SHA1", "Argon2", "BCryptSHA256", "BCrypt", "Scrypt", "MD5"]
        + (["SHA1", "UnsaltedSHA1", "UnsaltedMD5", "Crypt"] if django.VERSION < (5, 1) else [])
    ],
)
django.setup()

from importlib import import_module  # noqa: E402

from django.contrib import auth  # noqa: E402
from django.contrib.auth import hashers, password_validation  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.core.exceptions import ValidationError  # noqa: E402
from django.core import signing  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.http import HttpRequest  # noqa: E402
from django.middleware import csrf  # noqa: E402


def store(engine, key=None):
    return import_module("django.contrib.sessions.backends." + engine).SessionStore(key)


def request_with(engine, key):
    request = HttpRequest()
    request.session = store(engine, key)
    return request


def session_load(engine, key):
    session = store(engine, key)
    return dict(session.items())


def session_create(engine, data):
    session = store(engine)
    session.update(data)
    if engine == "signed_cookies":
        session.save()
    else:
        session.create()
        session.update(data)
        session.save()
    return session.session_key


def session_delete(engine, key):
    store(engine, key).delete(key)


def session_user(engine, key):
    user = auth.get_user(request_with(engine, key))
    return user.username or None


def login(engine, username, password):
    request = request_with(engine, None)
    user = auth.authenticate(request, username=username, password=password)
    if user is None:
        return None
    auth.login(request, user)
    request.session.save()
    return request.session.session_key


def create_user(username, password):
    return User.objects.create_user(username, password=password).pk


def set_password(username, password):
    user = User.objects.get(username=username)
    user.set_password(password)
    user.save()


def check_token(token, secret):
    csrf._check_token_format(token)
    return csrf._does_token_match(token, secret)


def password_errors(password, username):
    try:
        password_validation.validate_password(password, User(username=username))
    except ValidationError as error:
        return error.messages
    return []


def common_passwords():
    return sorted(password_validation.CommonPasswordValidator().passwords)


questions = {
    "password_errors": lambda pairs: [password_errors(*pair) for pair in pairs],
    "common_passwords": common_passwords,
    "version": lambda: django.VERSION[:2],
    "migrate": lambda *args: call_command("migrate", *args, verbosity=0),
    "make_password": lambda password, name: hashers.make_password(password, hasher=name),
    "check_password": hashers.check_password,
    "identify": lambda encoded: hashers.identify_hasher(encoded).algorithm,
    "dumps": lambda value, salt, compress: signing.dumps(value, salt=salt, compress=compress),
    "loads": lambda text, salt: signing.loads(text, salt=salt),
    "session_load": session_load,
    "session_create": session_create,
    "session_delete": session_delete,
    "session_user": session_user,
    "login": login,
    "create_user": create_user,
    "set_password": set_password,
    "authenticate": lambda name, password: getattr(auth.authenticate(username=name, password=password), "username", None),
    "mask": lambda secret: csrf._mask_cipher_secret(secret),
    "check_token": check_token,
}

for line in sys.stdin:
    name, *arguments = json.loads(line)
    try:
        answer = {"ok": questions[name](*arguments)}
    except Exception as error:
        answer = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer), flush=True)
