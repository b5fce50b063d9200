"""The zip file: its bytes depend on nothing but names and contents."""

import os
import zipfile
from pathlib import Path

import pytest

from release.archive import LIMIT_BYTES, archive_of, main, write_archive
from release.refusal import Refused


def lay(directory: Path, *names: str) -> Path:
    """A directory of files that hold their names, written in this order."""
    for name in names:
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(name)
    return directory


def test_order_times_and_modes_on_disk_make_no_difference(tmp_path: Path) -> None:
    names = ("b/c.py", "a.py", "b/a.so")
    one, other = lay(tmp_path / "one", *names), lay(tmp_path / "other", *reversed(names))
    for path in other.rglob("*"):
        os.utime(path, (1, 1))
    (other / "a.py").chmod(0o600)

    assert archive_of(one).content == archive_of(other).content


def test_entries_are_sorted_and_readable_by_everybody(tmp_path: Path) -> None:
    file = tmp_path / "out" / "package.zip"
    write_archive(lay(tmp_path / "package", "ü.py", "b/c.py", "a.py"), file)

    with zipfile.ZipFile(file) as archive:
        entries = archive.infolist()
        assert archive.testzip() is None
        assert archive.read("ü.py").decode() == "ü.py"
    assert [entry.filename for entry in entries] == ["a.py", "b/c.py", "ü.py"]
    assert {entry.external_attr >> 16 for entry in entries} == {0o100644}
    assert {entry.date_time[0] for entry in entries} == {1980}
    assert {entry.compress_type for entry in entries} == {zipfile.ZIP_DEFLATED}


def test_more_than_the_limit_is_refused_and_not_written(tmp_path: Path) -> None:
    package = lay(tmp_path / "package", "a.py")
    (package / "large").write_bytes(os.urandom(LIMIT_BYTES))

    with pytest.raises(Refused, match=r"6,5\d\d,\d\d\d bytes zipped.*the limit is 6,500,000"):
        write_archive(package, tmp_path / "package.zip")
    assert not (tmp_path / "package.zip").exists()


def test_a_teams_own_migrations_do_not_count(tmp_path: Path) -> None:
    package = lay(tmp_path / "package", "a.py", "migrations/1/migration.sql")
    (package / "migrations" / "1" / "migration.sql").write_bytes(os.urandom(LIMIT_BYTES))

    assert write_archive(package, tmp_path / "package.zip").migrations_bytes > LIMIT_BYTES


def test_the_size_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    package = lay(tmp_path / "package", "a.py")
    (package / "b").write_bytes(bytes(2_000_000))

    assert main([str(package), str(tmp_path / "package.zip")]) == 0

    size = (tmp_path / "package.zip").stat().st_size
    assert capsys.readouterr().out == f"{tmp_path}/package.zip: 0.00 MB ({size:,} bytes), 2.0 MB unzipped\n"
