"""Which process texts and sweeps? `python worker.py` takes jobs; `python worker.py clock` sweeps every second."""

import sys

from bot.app import create_worker

if __name__ == "__main__":
    create_worker().run(sys.argv[1] if len(sys.argv) > 1 else "worker")
