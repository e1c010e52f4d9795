"""Runs a command on a terminal, answers its questions, and prints what stood there as JSON.

Arguments: a JSON list of [question, answer], then the command. An answer is typed once its question is there; "^C" and
"^D" are the keys. Prints {"seen", "status", "echo", "peak"}: whether the terminal shows what is typed
afterwards, and the most memory that the command had, in KiB.
"""

import json
import os
import pty
import resource
import sys
import termios

talk, command = json.loads(sys.argv[1]), sys.argv[2:]
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(command[0], command)
seen, heard = b"", 0
while True:
    try:
        chunk = os.read(terminal, 4096)
    except OSError:  # The other end is closed: Linux says so with an error.
        break
    if not chunk:
        break
    seen += chunk
    while talk:
        at = seen.find(talk[0][0].encode(), heard)
        if at < 0:
            break
        question, answer = talk.pop(0)
        heard = at + len(question.encode())
        os.write(terminal, b"\x03" if answer == "^C" else b"\x04" if answer == "^D" else answer.encode() + b"\n")
echo = bool(termios.tcgetattr(terminal)[3] & termios.ECHO)
status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(json.dumps({"seen": seen.decode(), "status": status, "echo": echo, "peak": peak, "left": talk}))
