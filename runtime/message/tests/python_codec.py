"""The judge of tests/python_codec.rs: the layers of channels_redis serialize and deserialize, offline.

A request is one line of JSON: the layer's kind and options, what time it is, a verb and bytes in hex. `serialize` takes a
message as msgpack and answers with what the layer would put into Redis, `deserialize` the other way round; both in hex.
On an exception: `!` and its text.
"""

import functools
import json
import sys
import time

import msgpack
from channels_redis.core import RedisChannelLayer
from channels_redis.pubsub import RedisPubSubChannelLayer

LAYERS = {"core": RedisChannelLayer, "pubsub": RedisPubSubChannelLayer}


@functools.cache
def layer(kind, options):
    return LAYERS[kind](**json.loads(options))


def answer(request):
    # The clock that cryptography asks.
    time.time = lambda: request["now"]
    peer = layer(request["kind"], json.dumps(request["options"]))
    data = bytes.fromhex(request["data"])
    if request["verb"] == "serialize":
        return peer.serialize(msgpack.unpackb(data))
    return msgpack.packb(peer.deserialize(data))


def main():
    for line in sys.stdin:
        try:
            text = answer(json.loads(line)).hex()
        except Exception as error:
            text = "!" + repr(error).replace("\n", " ")
        sys.stdout.write(text + "\n")
        sys.stdout.flush()


main()
