"""What a room's messages cost the server, written directly and by the consumers' handlers.

Run it with the interpreter of the tests: ``python runtime/python/benches/direct.py [ROUNDS]``. One room of
300 sockets, the native layer; one message is in flight. Deliveries are counted by the second of the
server's CPU time, so that other work on the machine and the client's own does not count. Build the
extension module with --release before.
"""

import os
import pathlib
import sys

TESTS = pathlib.Path(__file__).parents[1] / "tests"
sys.path.insert(0, str(TESTS))

from conftest import Server  # noqa: E402
from test_direct import DIRECT, exactly, masked, raw  # noqa: E402

SOCKETS = 300
TEXT = "x" * 60


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")


def measure(path, rounds):
    server = Server("-p", "0", "direct:application", LAYER="laureola.layers.NativeChannelLayer").ready()
    try:
        clients = [raw(server.port, path) for _ in range(SOCKETS)]
        text = TEXT if path == "/" else f"ordinary {TEXT}"
        expected = bytes([0x81, len(text)]) + text.encode()

        def play():
            clients[0].sendall(masked(send={"type": DIRECT, "text": TEXT}))
            for client in clients:
                assert exactly(client, len(expected)) == expected

        # The first shows that all have joined.
        play()
        before = cpu_seconds(server.process.pid)
        for _ in range(rounds):
            play()
        spent = cpu_seconds(server.process.pid) - before
        return rounds * SOCKETS / spent
    finally:
        server.process.kill()
        server.process.wait()


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    handled = measure("/ordinary", rounds)
    direct = measure("/", rounds * 10)
    print(f"by handlers  {handled:10,.0f} deliveries per second of server CPU")
    print(f"directly     {direct:10,.0f}")
    print(f"ratio        {direct / handled:10.1f}")


if __name__ == "__main__":
    main()
