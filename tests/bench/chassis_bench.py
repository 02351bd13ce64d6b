"""The chassis under the bench's handler, as it runs in a service: with PostgreSQL, and with SQLite."""

from collections.abc import Mapping, Sequence

from tests.bench.harness.pipeline import Place, Program, System, python_program

POSTGRES_1 = "orestream, PostgreSQL, 1 process"
POSTGRES_2 = "orestream, PostgreSQL, 2 processes"
SQLITE_1 = "orestream, SQLite, 1 process"
GUARANTEE = "exactly-once, from the input to its own database and the output; order per key"
_MODULE = "tests.bench.service"


def systems() -> tuple[System, ...]:
    """The three that the targets speak of."""
    return (
        System(POSTGRES_1, GUARANTEE, _one, _prepare, headers=True, store="postgresql"),
        System(POSTGRES_2, GUARANTEE, _two, _prepare, headers=True, store="postgresql"),
        System(SQLITE_1, GUARANTEE, _one, _prepare, headers=True),
    )


def without_transactions(name: str) -> System:
    """The same service, except that its relay publishes without Kafka transactions."""
    return System(name, "at-least-once", _plain, _prepare, headers=True, store="postgresql")


def settings(place: Place) -> Mapping[str, str]:
    """A service's own settings; what is not named here is as it is by default."""
    return {
        "ORESTREAM_BOOTSTRAP_SERVERS": place.bootstrap,
        "ORESTREAM_DATABASE_URL": place.database or f"sqlite:///{place.directory / 'orestream.db'}",
        "ORESTREAM_PARTITIONS": str(place.partitions),
        "ORESTREAM_MANAGEMENT_PORT": "off",
        "ORESTREAM_LOG_LEVEL": "WARNING",
    }


def _prepare(place: Place) -> Sequence[Program]:
    own = settings(place)
    return (
        python_program(_MODULE, "migrate", **own),
        python_program(_MODULE, "topics", "apply", **own),
    )


def _one(place: Place) -> Sequence[Program]:
    return (python_program(_MODULE, "run", **settings(place)),)


def _two(place: Place) -> Sequence[Program]:
    return 2 * tuple(_one(place))


def _plain(place: Place) -> Sequence[Program]:
    return (python_program("tests.bench.plain_service", "run", **settings(place)),)
