"""Settings of the tutorial's chat, as far as a socket meets them. From the environment:

LAYER      memory, core, pubsub (those of Channels and channels_redis), or native, laureola-core, laureola-pubsub
REDIS_URL  redis://127.0.0.1:6379
CAPACITY   100: messages that may wait for a channel
"""

import os

SECRET_KEY = "nothing is signed here"
ALLOWED_HOSTS = ["127.0.0.1"]
INSTALLED_APPS = ["channels", "chat"]
ASGI_APPLICATION = "mysite.asgi.application"
USE_TZ = True

BACKENDS = {
    "memory": "channels.layers.InMemoryChannelLayer",
    "core": "channels_redis.core.RedisChannelLayer",
    "pubsub": "channels_redis.pubsub.RedisPubSubChannelLayer",
    "native": "laureola.layers.NativeChannelLayer",
    "laureola-core": "laureola.layers.RedisChannelLayer",
    "laureola-pubsub": "laureola.layers.RedisPubSubChannelLayer",
}

layer = os.environ.get("LAYER", "memory")
config = {"capacity": int(os.environ.get("CAPACITY", "100"))}
if layer not in ("memory", "native"):
    config["hosts"] = [os.environ.get("REDIS_URL", "redis://127.0.0.1:6379")]
CHANNEL_LAYERS = {"default": {"BACKEND": BACKENDS[layer], "CONFIG": config}}
