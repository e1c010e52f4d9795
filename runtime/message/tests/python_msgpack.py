"""The judge of tests/python_msgpack.rs: packs what a line of JSON describes, unpacks and packs again what it is sent.

A request is one line, `<description>\t<hex of msgpack>`; the answer is one line, `<hex>\t<hex>`: the described value packed,
and the sent bytes unpacked and packed. On an exception: `!` and its text.
"""

import json
import struct
import sys

import msgpack


def build(description):
    if description is None or isinstance(description, bool):
        return description
    [(kind, value)] = description.items()
    if kind == "i":
        return int(value)
    if kind == "f":  # eight bytes, so that -0.0 and NaN arrive as they are
        return struct.unpack(">d", bytes.fromhex(value))[0]
    if kind == "s":
        return value
    if kind == "b":
        return bytes.fromhex(value)
    if kind == "e":
        return msgpack.ExtType(value[0], bytes.fromhex(value[1]))
    if kind == "t":
        return msgpack.Timestamp(int(value[0]), value[1])
    if kind == "a":
        return [build(item) for item in value]
    if kind == "m":
        return {build(key): build(item) for key, item in value}
    raise ValueError(kind)


def main():
    for line in sys.stdin:
        description, ours = line.split("\t")
        try:
            theirs = msgpack.packb(build(json.loads(description)))
            again = msgpack.packb(msgpack.unpackb(bytes.fromhex(ours)))
            answer = theirs.hex() + "\t" + again.hex()
        except Exception as error:
            answer = "!" + repr(error).replace("\n", " ")
        sys.stdout.write(answer + "\n")
        sys.stdout.flush()


main()
