"""Settings of the embedded run, read from the environment.

`ORESTREAM_CACHE_DIR` (fetched jars and class archives; default `~/.cache/orestream`),
`ORESTREAM_MAVEN_MIRROR` (repository to fetch the jars from instead of the public one),
`ORESTREAM_JAVA` (a java executable to use instead of the packaged runtime).
"""

import os
from pathlib import Path
from typing import ClassVar

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


def _default_cache_dir() -> Path:
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "orestream"


class EmbeddedSettings(BaseSettings):
    """Where things for the embedded run come from and are kept."""

    model_config: ClassVar[SettingsConfigDict] = SettingsConfigDict(
        env_prefix="ORESTREAM_", env_ignore_empty=True, extra="ignore", frozen=True
    )

    cache_dir: Path = Field(default_factory=_default_cache_dir, description="fetched jars, class archives")
    maven_mirror: str | None = Field(default=None, description="URL of a Maven repository")
    java: Path | None = Field(default=None, description="a java executable, version 17 or later")

    @field_validator("cache_dir")
    @classmethod
    def _anchored(cls, path: Path) -> Path:
        """The class archive is tied to the absolute paths of the jars."""
        return path.expanduser().absolute()
