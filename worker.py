"""Which process works? `python worker.py` takes jobs, `clock` sweeps every second, `watch` calls if the clock stops."""

import sys

from bot.app import create_worker

if __name__ == "__main__":
    create_worker().run(sys.argv[1] if len(sys.argv) > 1 else "worker")
