"""The Java that runs the broker: the one that is named, else one that works."""

from pathlib import Path

import pytest

from orestream.cli.embedded.errors import JavaMissingError
from orestream.cli.embedded.java import OLDEST, find_java
from orestream.cli.embedded.settings import EmbeddedSettings


def fake_java(directory: Path, version: str) -> Path:
    executable = directory / "java"
    executable.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\"' >&2\n", encoding="ascii")
    executable.chmod(0o755)
    return executable


def test_a_java_is_found_without_any_setting() -> None:
    assert find_java(EmbeddedSettings()).major >= OLDEST


def test_the_named_java_is_used(tmp_path: Path) -> None:
    executable = fake_java(tmp_path, "21.0.3")
    java = find_java(EmbeddedSettings(java=executable))
    assert (java.executable, java.version, java.major) == (executable, "21.0.3", 21)


@pytest.mark.parametrize("version", ["11.0.2", "1.8.0_392"])
def test_a_named_java_that_is_too_old_is_refused_by_its_setting(tmp_path: Path, version: str) -> None:
    with pytest.raises(JavaMissingError, match="ORESTREAM_JAVA"):
        find_java(EmbeddedSettings(java=fake_java(tmp_path, version)))


def test_a_named_java_that_is_not_there_is_refused_by_its_setting(tmp_path: Path) -> None:
    with pytest.raises(JavaMissingError, match="ORESTREAM_JAVA"):
        find_java(EmbeddedSettings(java=tmp_path / "absent"))


def test_an_older_java_is_given_no_flag_it_would_stumble_over(tmp_path: Path) -> None:
    java = find_java(EmbeddedSettings(java=fake_java(tmp_path, "17.0.9")))
    assert not any("sun-misc" in flag for flag in java.flags)
    assert not java.archives_classes
