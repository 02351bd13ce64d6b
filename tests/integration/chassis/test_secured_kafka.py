"""TLS and SASL settings reach every client: admin, subscription, relay and its readers.

The key in `tests/examples/tls` belongs to a certificate authority that nobody trusts and whose own key
is gone; it serves these tests alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from aiokafka.errors import KafkaError
from confluent_kafka.admin import (  # type: ignore[attr-defined] # exported, but not by name
    AdminClient,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from orestream.chassis.exits import Exit
from orestream.chassis.health import Health
from orestream.chassis.kafka.admin import admin_client, apply, plan
from orestream.chassis.kafka.topics import needed
from orestream.chassis.service import run
from orestream.chassis.settings import Settings, SettingsInvalid
from orestream.chassis.stop import Stop
from orestream.chassis.store import migrate
from orestream.cli.embedded.node import KafkaNode
from orestream.cli.embedded.ports import free_port
from orestream.cli.embedded.runtime import Runtime
from orestream.contracts.registry import decode
from orestream.mining.app import build
from tests.support.databases import sqlite_url
from tests.support.waiting import eventually

TLS = Path(__file__).parent.parent.parent / "examples" / "tls"
USER, PASSWORD = "mining", "not-a-secret"


def secured(port: int, controller: int, secure: int) -> dict[str, str]:
    """Broker settings with a listener that wants TLS and SCRAM beside the open one."""
    return {
        "listeners": f"PLAINTEXT://127.0.0.1:{port},SECURE://127.0.0.1:{secure},CONTROLLER://127.0.0.1:{controller}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port},SECURE://127.0.0.1:{secure}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,SECURE:SASL_SSL,CONTROLLER:PLAINTEXT",
        "controller.quorum.voters": f"1@127.0.0.1:{controller}",
        "inter.broker.listener.name": "PLAINTEXT",
        "listener.name.secure.ssl.keystore.type": "PEM",
        "listener.name.secure.ssl.keystore.location": str(TLS / "broker.pem"),
        "listener.name.secure.sasl.enabled.mechanisms": "SCRAM-SHA-512",
        "listener.name.secure.scram-sha-512.sasl.jaas.config": (
            "org.apache.kafka.common.security.scram.ScramLoginModule required;"
        ),
    }


@pytest.fixture(scope="module")
def secure_bootstrap(kafka_runtime: Runtime, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A broker's secured listener, with one user."""
    port, controller, secure = free_port(), free_port(), free_port()
    node = KafkaNode(
        tmp_path_factory.mktemp("secure"),
        kafka_runtime,
        port=port,
        settings=secured(port, controller, secure),
    )
    node.start()
    try:
        credential = UserScramCredentialUpsertion(
            USER, ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096), PASSWORD.encode()
        )
        admin = AdminClient({"bootstrap.servers": node.bootstrap})
        for done in admin.alter_user_scram_credentials([credential]).values():
            done.result(10)
        yield f"localhost:{secure}"
    finally:
        node.stop()


@pytest.fixture
def settings(secure_bootstrap: str, tmp_path: Path, site: str) -> Settings:
    return Settings(
        bootstrap_servers=secure_bootstrap,
        database_url=sqlite_url(tmp_path),
        site=site,
        env=site,
        partitions=3,
        management_port="off",
        security_protocol="SASL_SSL",
        sasl_username=USER,
        sasl_password=PASSWORD,
        tls_ca_file=TLS / "ca.pem",
        start_patience=timedelta(seconds=5),
    )


async def test_a_service_works_over_tls_and_scram(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    await migrate(settings.database_for("mining"))
    async with admin_client(settings) as admin:
        await apply(admin, await plan(admin, needed(settings, "mining").topics))
    seen: list[Health] = []

    def kept(limit: timedelta) -> Health:
        seen.append(Health(limit))
        return seen[-1]

    def ready() -> bool:
        return bool(seen) and "intake" in seen[0].conditions and not seen[0].missing()

    monkeypatch.setattr("orestream.chassis.service.Health", kept)
    stop = Stop()
    task = asyncio.create_task(run(settings, build(), decode, stop=stop))
    await eventually(lambda: ready() or task.done())
    stop.ask()
    assert await task is Exit.OK


async def test_a_wrong_password_is_refused(settings: Settings) -> None:
    wrong = settings.model_copy(update={"sasl_password": Settings(sasl_password="wrong").sasl_password})
    with pytest.raises(KafkaError):
        async with admin_client(wrong):
            pass


async def test_a_broker_that_nobody_vouches_for_is_not_trusted(settings: Settings) -> None:
    trusting_nobody = settings.model_copy(update={"tls_ca_file": None})
    with pytest.raises(KafkaError):
        async with admin_client(trusting_nobody):
            pass


async def test_a_ca_file_that_is_no_certificate_is_named(settings: Settings, tmp_path: Path) -> None:
    nonsense = tmp_path / "ca.pem"
    nonsense.write_text("nonsense")
    broken = settings.model_copy(update={"tls_ca_file": nonsense})
    with pytest.raises(SettingsInvalid, match="ORESTREAM_TLS_CA_FILE"):
        async with admin_client(broken):
            pass
