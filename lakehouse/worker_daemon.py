"""The process that Spark forks its Python workers from, with what they need imported once, before the fork.

Spark starts it (``spark.python.daemon.module`` in ``conf/spark``). A worker that has nothing to do for a minute ends, so in a
session of many short runs each of them would import pandas, LightGBM or a language model again.
"""

import gc
import importlib
import os
import sys
from contextlib import redirect_stdout

ALWAYS = "pandas,pyarrow.compute"
VARIABLE = "KITH_PRELOAD"


def preload(names: str) -> list[str]:
    """Import modules, named with commas between them, and call ``function`` of a ``module:function``.

    Returns the names that could not be imported: who needs them will say so better.
    """
    missing = []
    for name in filter(None, (part.strip() for part in names.split(","))):
        module, _, function = name.partition(":")
        try:
            found = importlib.import_module(module)
            if function:
                getattr(found, function)()
        except ImportError:
            missing.append(name)
    return missing


if __name__ == "__main__":
    with redirect_stdout(sys.stderr):  # on its standard output Spark waits for a port
        preload(f"{ALWAYS},{os.environ.get(VARIABLE, '')}")
    from pyspark.daemon import manager

    gc.freeze()  # what was imported stays in pages that parent and children share
    manager()  # type: ignore[no-untyped-call]  # PySpark does not annotate it
