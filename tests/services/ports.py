"""Free ports on loopback, and waiting until something listens there."""

import socket
import time
from collections.abc import Callable


def free_port() -> int:
    """A port that nothing listens on now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def wait_for(is_ready: Callable[[], bool], seconds: float, what: str) -> None:
    """Ask ten times a second until it is so. Raises ``TimeoutError`` that says what was waited for."""
    until = time.monotonic() + seconds
    while not is_ready():
        if time.monotonic() > until:
            raise TimeoutError(f"{what} did not start in {seconds:.0f} s")
        time.sleep(0.1)


def listens(port: int) -> bool:
    """Whether something takes connections on a port of loopback."""
    with socket.socket() as asking:
        asking.settimeout(0.5)
        return asking.connect_ex(("127.0.0.1", port)) == 0
