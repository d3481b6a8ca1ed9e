"""A folder's hash and zip depend on its content alone, not on when and where it was made."""

import os
from pathlib import Path
from zipfile import ZipFile

import pytest

from package.archive import content_hash, settle, write_zip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "folder"
    (made / "b").mkdir(parents=True)
    (made / "b" / "two").write_text("2")
    (made / "a").write_text("1")
    settle(made)
    return made


def test_a_zip_has_its_files_in_order_with_rights_and_one_time(folder: Path) -> None:
    """All users may read the files, which Lambda requires."""
    write_zip(folder, folder.parent / "zip")
    with ZipFile(folder.parent / "zip") as archive:
        entries = archive.infolist()

    assert ["a", "b/two"] == [entry.filename for entry in entries]
    assert {0o100644} == {info.external_attr >> 16 for info in entries}
    assert {(2020, 1, 1, 0, 0, 0)} == {info.date_time for info in entries}


def test_file_times_do_not_change_hash_or_zip(folder: Path) -> None:
    """The files' times change neither the hash nor the zip."""
    before = content_hash(folder), write_zip(folder, folder.parent / "zip")
    os.utime(folder / "a", (1, 1))

    assert before == (content_hash(folder), write_zip(folder, folder.parent / "zip"))


def test_a_copy_elsewhere_has_the_same_hash_and_zip(folder: Path, tmp_path: Path) -> None:
    """Neither the folder's path nor the order in which its files were made changes them."""
    copy = tmp_path / "elsewhere" / "copy"
    (copy / "b").mkdir(parents=True)
    (copy / "a").write_text("1")
    (copy / "b" / "two").write_text("2")
    settle(copy)

    assert content_hash(folder) == content_hash(copy)
    assert write_zip(folder, tmp_path / "one.zip") == write_zip(copy, tmp_path / "other.zip")


@pytest.mark.parametrize("change", ["content", "name", "rights", "one more"])
def test_each_other_change_changes_hash_and_zip(change: str, folder: Path) -> None:
    """Each change that could make the package run differently changes the hash and the zip."""
    before = {content_hash(folder), write_zip(folder, folder.parent / "zip")}
    match change:
        case "content":
            (folder / "a").write_text("2")
        case "name":
            (folder / "a").rename(folder / "c")
        case "rights":
            (folder / "a").chmod(0o755)
        case _:
            (folder / "c").touch()

    assert set() == before & {content_hash(folder), write_zip(folder, folder.parent / "zip")}


def test_links_are_refused(folder: Path) -> None:
    """A link's target differs from machine to machine."""
    (folder / "link").symlink_to("a")

    with pytest.raises(ValueError, match="expected a file or a folder"):
        content_hash(folder)
