"""Runs a command on a terminal of its own: prints what it shows, and does what standard input says.

A line of the input is JSON: {"type": TEXT} types, {"rows": N, "columns": N} changes the size.
"""

import fcntl
import json
import os
import pty
import select
import struct
import sys
import termios


def resize(terminal, rows, columns):
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


child, terminal = pty.fork()
if child == 0:
    resize(0, 24, 80)
    os.execvp(sys.argv[1], sys.argv[1:])

sources = [terminal, 0]
orders = b""
while True:
    ready, _, _ = select.select(sources, [], [])
    if terminal in ready:
        try:
            shown = os.read(terminal, 65536)
        except OSError:  # Linux says so when the last who has the terminal open has gone.
            break
        if not shown:
            break
        os.write(1, shown)
    if 0 in ready:
        more = os.read(0, 65536)
        if not more:
            sources.remove(0)
        orders += more
        while b"\n" in orders:
            line, orders = orders.split(b"\n", 1)
            order = json.loads(line)
            if "type" in order:
                os.write(terminal, order["type"].encode())
            else:
                resize(terminal, order["rows"], order["columns"])

_, status = os.waitpid(child, 0)
sys.exit(os.waitstatus_to_exitcode(status) % 256)
