"""Rows of lost databases make a recovered outbox whole again, and change nothing that is there."""

from __future__ import annotations

from base64 import b64encode

from tests.chaos.checker.databases import rows_of
from tests.chaos.checker.evidence import Database, Row
from tests.chaos.checker.lost import whole

NO_HEADERS = b"\0"


def row(position: int, value: bytes) -> tuple[object, ...]:
    return (position, f"link-{position}", "", True, "facts", 0, position, b"key", NO_HEADERS, value)


def kept(service: str, *told: tuple[object, ...]) -> list[dict[str, object]]:
    return [
        {"service": service, "row": [b64encode(p).decode() if isinstance(p, bytes) else p for p in one]}
        for one in told
    ]


def database(*told: tuple[object, ...]) -> Database:
    rows: tuple[Row, ...] = tuple(rows_of(told))
    return Database({}, {}, {}, {}, {}, (), (), (), rows, (rows[-1].position, rows[-1].link), {})


def test_a_row_of_the_lost_database_stands_where_the_recovered_one_has_none() -> None:
    told = kept("mining", row(2, b"two"), row(3, b"three"))
    found = whole({"mining": database(row(1, b"one"), row(4, b"four"))}, told)
    expected = rows_of([row(1, b"one"), row(2, b"two"), row(3, b"three"), row(4, b"four")])
    assert found["mining"].outbox == tuple(expected)


def test_a_row_of_its_own_stays_whatever_the_lost_database_had_there() -> None:
    of_its_own = database(row(1, b"one"), row(2, b"two"))
    assert whole({"mining": of_its_own}, kept("mining", row(2, b"another"))) == {"mining": of_its_own}


def test_another_services_rows_are_none_of_its_business() -> None:
    of_its_own = database(row(1, b"one"), row(3, b"three"))
    assert whole({"mining": of_its_own}, kept("export", row(2, b"two"))) == {"mining": of_its_own}
