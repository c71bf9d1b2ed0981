"""The application that spark-submit starts: the same command line as ``kith``."""

import os
import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)  # not jobs/ itself: its modules would hide others
    os.environ.setdefault("SPARK_SUBMIT_MODE", "1")

    from jobs.cli import main

    main()
