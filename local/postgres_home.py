"""The temporary directory of a PostgreSQL server, and the user it belongs to."""

import os
import pwd
import shutil
import stat
import tempfile
import time
from pathlib import Path

from local.bound_child import Identity
from local.postgres_binaries import Binaries

PREFIX = "migrate-lambda-pg-"
REMOVE_LIMIT_S = 5.0


class UnreachableDirectory(Exception):
    """No temporary directory can be used by the user that the server runs as."""


def server_identity() -> Identity | None:
    """Return the user to change to, or None to stay: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        return Identity(65534, 65534)
    return Identity(nobody.pw_uid, nobody.pw_gid)


def create_home(identity: Identity | None) -> Path:
    """Create an empty directory for a server, which only the server's user and root can enter.

    It is made in the system's temporary directory, or in /tmp or /var/tmp where that one is closed to the
    user. Raises UnreachableDirectory when all of them are.
    """
    roots = dict.fromkeys(Path(name) for name in (tempfile.gettempdir(), "/tmp", "/var/tmp"))  # noqa: S108  only their parents are trusted, mkdtemp does the rest
    for root in roots:
        if root.is_dir() and (identity is None or is_open_to_others(root)):
            home = Path(tempfile.mkdtemp(prefix=PREFIX, dir=root))
            give_to(home, identity)
            return home
    places = ", ".join(map(str, roots))
    raise UnreachableDirectory(f"user {identity} cannot enter any of {places}: set TMPDIR to a directory it can enter")


def remove_home(home: Path) -> None:
    """Remove the directory of a server, for up to 5 s against processes that have yet to notice their end."""
    deadline_s = time.monotonic() + REMOVE_LIMIT_S
    while home.exists():
        try:
            shutil.rmtree(home)
        except OSError:
            if time.monotonic() > deadline_s:
                raise
            time.sleep(0.02)


def give_to(path: Path, identity: Identity | None) -> None:
    """Make `path` belong to the server's user."""
    if identity:
        os.chown(path, identity.uid, identity.gid)


def is_open_to_others(path: Path) -> bool:
    """Tell whether users other than the owner can enter (or run) the path and all directories above it."""
    absolute = path.resolve()
    return all(place.stat().st_mode & stat.S_IXOTH for place in (absolute, *absolute.parents))


def reachable_binaries(binaries: Binaries, home: Path, identity: Identity | None) -> Binaries:
    """Return `binaries`, or a copy of them in `home` when the server's user cannot reach the originals.

    That is so for a wheel in a virtual environment below /root. Raises UnreachableDirectory for an
    installation of the machine, which cannot be moved.
    """
    if identity is None or is_open_to_others(binaries.program("postgres")):
        return binaries
    if binaries.origin != "wheel":
        raise UnreachableDirectory(f"{binaries.directory} is closed to user {identity}, which the server runs as")
    copy = home / "install"
    package = binaries.directory.parents[1]
    # The shared libraries lie beside the package, and are found by their place relative to the programs.
    for source in (package, package.with_name(f"{package.name}.libs")):
        if source.exists():
            shutil.copytree(source, copy / source.name, symlinks=True)
    for path in (copy, *copy.rglob("*")):
        os.chown(path, identity.uid, identity.gid, follow_symlinks=False)
    inside = binaries.directory.relative_to(package.parent)
    return Binaries(copy / inside, binaries.origin, binaries.version)
