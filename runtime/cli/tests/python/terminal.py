"""Runs a command on a terminal, types an answer once it is asked, and prints what stood there.

Arguments: the answer, then the command. The exit status is the command's.
"""

import os
import pty
import subprocess
import sys

answer, command = sys.argv[1], sys.argv[2:]
ours, theirs = pty.openpty()
child = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs)
os.close(theirs)
seen = b""
asked = False
while True:
    try:
        chunk = os.read(ours, 4096)
    except OSError:  # The other end is closed: Linux says so with an error.
        break
    if not chunk:
        break
    seen += chunk
    if not asked and b"to go on: " in seen:
        os.write(ours, answer.encode() + b"\n")
        asked = True
sys.stdout.buffer.write(seen)
sys.exit(child.wait(20))
