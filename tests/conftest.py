"""Fixtures every test may use: a broker, a PostgreSQL server, a fresh database in either kind.

The servers are processes run by blocking calls, so that they outlive the event loops of single tests. Tests
on the shared broker keep apart by the names of their sites, environments and topics (`site`, `environment`);
tests that stop or kill a broker, or need the product's fixed topics empty, ask for `fresh_kafka`.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from orestream.cli.embedded.archive import ensure_archive
from orestream.cli.embedded.cluster import PostgresCluster
from orestream.cli.embedded.node import KafkaNode
from orestream.cli.embedded.runtime import Runtime, prepare
from tests.support.brokers import (
    Broker,
    broker_image,
    broker_in_container,
    embedded_node,
    fresh_name,
    given_broker,
)
from tests.support.databases import (
    DatabaseServer,
    embedded_cluster,
    fresh_database,
    postgres_image,
    server_in_container,
    sqlite_url,
)

# no deadlines: how long an example takes depends on who else uses the machine
settings.register_profile("orestream", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("orestream")

_BROKER_FIXTURES = {"kafka", "fresh_kafka", "kafka_runtime"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs a broker, so that it can be left out by `-m "not broker"`."""
    for item in items:
        if _BROKER_FIXTURES.intersection(getattr(item, "fixturenames", ())):
            item.add_marker("broker")


@pytest.fixture(scope="session")
def kafka_runtime() -> Runtime:
    """Java, jars and class archive for embedded brokers, fetched and made when missing."""
    runtime = prepare()
    ensure_archive(runtime)
    return runtime


@pytest.fixture(scope="session")
def kafka(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A running broker, shared by the whole session."""
    given, image = given_broker(), broker_image()
    if given is not None:
        yield given
    elif image is not None:
        with broker_in_container(image) as broker:
            yield broker
    else:
        runtime = request.getfixturevalue("kafka_runtime")
        with embedded_node(tmp_path_factory.mktemp("kafka"), runtime) as node:
            yield Broker(node.bootstrap)


@pytest.fixture
def fresh_kafka(kafka_runtime: Runtime, tmp_path: Path) -> Iterator[KafkaNode]:
    """An embedded broker of this test alone; its `stop`, `kill` and `restart` block."""
    with embedded_node(tmp_path / "kafka", kafka_runtime) as node:
        yield node


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DatabaseServer]:
    """A running PostgreSQL server, shared by the whole session."""
    image = postgres_image()
    if image is not None:
        with server_in_container(image) as server:
            yield server
    else:
        with embedded_cluster(tmp_path_factory.mktemp("postgres")) as cluster:
            yield cluster


@pytest.fixture
def fresh_postgres(tmp_path: Path) -> Iterator[PostgresCluster]:
    """An embedded PostgreSQL of this test alone; its `stop`, `kill` and `restart` block."""
    with embedded_cluster(tmp_path / "postgres") as cluster:
        yield cluster


@pytest.fixture
def postgres_url(postgres: DatabaseServer) -> Iterator[str]:
    """A fresh database in PostgreSQL."""
    with fresh_database(postgres) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A fresh database, of each kind in turn."""
    if request.param == "sqlite":
        return sqlite_url(tmp_path)
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def site() -> str:
    """Name of a site that no other test uses: command, parked and cursor topics of its own."""
    return fresh_name("site")


@pytest.fixture
def environment() -> str:
    """Name of an environment that no other test uses: groups and transactional ids of its own."""
    return fresh_name("env")
