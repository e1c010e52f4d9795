"""``laureola`` and ``python -m laureola``: the command."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from laureola._host import Host, leave
from laureola._laureola import run


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit status; without ``argv`` with ``sys.argv``."""
    argv = list(sys.argv if argv is None else argv)
    status = run(argv, Host(argv[1:]))
    leave(status)
    return status


if __name__ == "__main__":
    sys.exit(main())
