"""A PostgreSQL server of the test's own: on loopback, with a folder that goes with it, not run by root."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.services.ports import free_port, wait_for

PASSWORD = "made up for the test"
FOLDERS = ("/usr/local/bin", *sorted((str(p) for p in Path("/usr/lib/postgresql").glob("*/bin")), reverse=True))
PLACES = os.pathsep.join([*FOLDERS, os.environ.get("PATH", "")])
QUICK = ("fsync=off", "shared_buffers=16MB", "max_connections=20", "timezone=Asia/Shanghai")


@dataclass(frozen=True)
class Postgres:
    """A running server with one user, ``kith``, and the database ``postgres``."""

    port: int
    psql: str

    @property
    def url(self) -> str:
        """Its address for JDBC."""
        return f"jdbc:postgresql://127.0.0.1:{self.port}/postgres"

    def run(self, sql: str) -> str:
        """Run statements by psql, which stops at the first error; returns what it prints, bare."""
        words = [self.psql, "-h", "127.0.0.1", "-p", str(self.port), "-U", "kith", "-d", "postgres"]
        options = ["-v", "ON_ERROR_STOP=1", "-X", "-q", "-A", "-t"]
        environment = os.environ | {"PGPASSWORD": PASSWORD}
        done = subprocess.run(
            [*words, *options], input=sql, text=True, capture_output=True, env=environment, check=False, timeout=60
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


def _owner() -> dict[str, str | int]:
    """PostgreSQL refuses to be run by root: then its own user does it, or nobody."""
    if os.geteuid() != 0:
        return {}
    users = {user.pw_name for user in pwd.getpwall()}
    found = pwd.getpwnam("postgres" if "postgres" in users else "nobody")
    return {"user": found.pw_uid, "group": found.pw_gid}


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """Start a server, and stop it by its process afterwards; skips the test where PostgreSQL is not installed."""
    tools = {name: shutil.which(name, path=PLACES) for name in ("initdb", "postgres", "psql")}
    if missing := [name for name, path in tools.items() if path is None]:
        pytest.skip(f"PostgreSQL is not installed ({', '.join(missing)}): apt-get install postgresql")
    owner, port = _owner(), free_port()
    with tempfile.TemporaryDirectory(prefix="kith-postgres-") as folder:
        home = Path(folder)
        (home / "password").write_text(PASSWORD, encoding="utf-8")
        if owner:
            for path in (home, home / "password"):
                os.chown(path, int(owner["user"]), int(owner["group"]))
        data, sockets = str(home / "data"), str(home)
        made = [
            str(tools["initdb"]),
            "-D",
            data,
            "-U",
            "kith",
            "--pwfile",
            str(home / "password"),
            "-A",
            "scram-sha-256",
        ]
        subprocess.run([*made, "-N", "-E", "UTF8"], check=True, capture_output=True, cwd=home, **owner)  # type: ignore[call-overload]
        options = [word for option in QUICK for word in ("-c", option)]
        words = [str(tools["postgres"]), "-D", data, "-p", str(port), "-h", "127.0.0.1", "-k", sockets, *options]
        with (home / "log").open("wb") as log:
            server = subprocess.Popen(words, stdout=log, stderr=log, cwd=home, **owner)  # type: ignore[call-overload]
        try:
            found = Postgres(port, str(tools["psql"]))
            wait_for(lambda: _answers(found), 30, "PostgreSQL")
            yield found
        finally:
            server.terminate()
            server.wait(timeout=30)


def _answers(server: Postgres) -> bool:
    try:
        return server.run("SELECT 1") == "1"
    except AssertionError:
        return False
