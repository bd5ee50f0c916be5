"""moto's server on loopback: `python start_moto.py PORT`."""

import sys

import parent_watch
from moto.server import main

if __name__ == "__main__":
    parent_watch.watch()
    main(["-H", "127.0.0.1", "-p", sys.argv[1]])
