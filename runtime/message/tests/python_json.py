"""The judge of tests/python_json.rs: dumps values that come as msgpack, loads JSON and answers with msgpack.

A request is one line: `dumps <hex of msgpack>` or `loads <hex of JSON>`; so is the answer, in hex. On an exception: `!` and
its text.
"""

import json
import sys

import msgpack


def answer(verb, data):
    if verb == "dumps":
        return json.dumps(msgpack.unpackb(data)).encode("utf-8")
    if verb == "loads":
        return msgpack.packb(json.loads(data))
    raise ValueError(verb)


def main():
    for line in sys.stdin:
        verb, data = line.rstrip("\n").split(" ")
        try:
            text = answer(verb, bytes.fromhex(data)).hex()
        except Exception as error:
            text = "!" + repr(error).replace("\n", " ")
        sys.stdout.write(text + "\n")
        sys.stdout.flush()


main()
