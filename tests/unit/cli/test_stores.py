"""Where `--store` puts the three databases."""

from pathlib import Path

import pytest

from orestream.cli.databases import sqlite_file, without_secret
from orestream.cli.failing import Unusable
from orestream.cli.stores import check_store, sqlite_url, url_for


@pytest.mark.parametrize(
    ("store", "url"),
    [
        ("postgresql://host/ore", "postgresql://host/ore_mining"),
        (
            "postgresql://u:p@host:5433/ore?sslmode=require",
            "postgresql://u:p@host:5433/ore_mining?sslmode=require",
        ),
        ("postgresql+asyncpg://host/ore", "postgresql+asyncpg://host/ore_mining"),
    ],
)
def test_each_service_has_a_database_of_its_own_on_the_same_server(store: str, url: str) -> None:
    check_store(store)
    assert url_for(store, "mining") == url


@pytest.mark.parametrize("store", ["sqlite", "postgres"])
def test_the_embedded_stores_are_known_by_name(store: str) -> None:
    check_store(store)


@pytest.mark.parametrize("store", ["mysql://host/ore", "postgresql://host", "oracle", ""])
def test_anything_else_is_told_to_the_user(store: str) -> None:
    with pytest.raises(Unusable):
        check_store(store)


def test_a_secret_in_a_wrong_store_is_not_printed() -> None:
    with pytest.raises(Unusable) as raised:
        check_store("mysql://user:secret@host/ore")
    assert "secret" not in raised.value.what + raised.value.advice


def test_sqlite_files_are_told_apart_by_service(tmp_path: Path) -> None:
    urls = {sqlite_url(tmp_path, service) for service in ("mining", "processing", "export")}
    assert {sqlite_file(url) for url in urls} == {
        tmp_path / f"{name}.db" for name in ("mining", "processing", "export")
    }
    assert sqlite_file("postgresql://host/ore") is None


def test_a_url_is_shown_without_its_password() -> None:
    assert without_secret("postgresql://u:p@host:5/ore") == "postgresql://u:…@host:5/ore"
    assert without_secret("sqlite:///ore.db") == "sqlite:///ore.db"
