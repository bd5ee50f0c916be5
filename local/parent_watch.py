"""Ends this process, and everything it started, as soon as its parent is gone.

The parent keeps a pipe open as our standard input and never writes to it. However the parent ends (a
panic, a kill, Ctrl-C), the system closes the pipe, so nothing can be left running on the machine.
"""

import os
import signal
import sys
import threading

FLAG = "--stop-with-stdin"


def watch():
    """Starts watching if the flag was given, and takes the flag off the command line."""
    if FLAG not in sys.argv:
        return
    sys.argv.remove(FLAG)
    # A group of our own: a function's process that an emulator started belongs to it and ends with it,
    # and the terminal's Ctrl-C reaches our parent only.
    os.setpgrp()
    threading.Thread(target=_wait, daemon=True).start()


def _wait():
    while os.read(0, 4096):
        pass
    os.killpg(0, signal.SIGKILL)
