"""What an operator sets: environment variables `ORESTREAM_*`, read once and checked before anything starts.

A secret may come from a file instead: `ORESTREAM_SASL_PASSWORD_FILE=/run/secrets/kafka` is read in
place of `ORESTREAM_SASL_PASSWORD`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from orestream.chassis.durations import Duration, write_duration
from orestream.contracts.topics import PARTITIONS

PREFIX = "ORESTREAM_"
MAY_COME_FROM_A_FILE = ("database_url", "sasl_username", "sasl_password", "tls_key_password")

_NAME = r"^[a-z0-9][a-z0-9-]{0,39}$"
_SECOND = timedelta(seconds=1)


class SettingsInvalid(Exception):
    """Settings that cannot work; each line names the variable and what is expected of it."""

    def __init__(self, lines: tuple[str, ...]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


class Settings(BaseSettings):
    """Everything that differs from one deployment to the next; the same for all services."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore", env_ignore_empty=True)

    bootstrap_servers: str = Field(
        "localhost:9092", description="Kafka's first contacts, host:port,host:port"
    )
    database_url: SecretStr = Field(
        SecretStr("sqlite:///orestream_{service}.db"),
        description="the service's own database, sqlite:///FILE or postgresql://…; {service} is filled in",
    )
    database_pool: int = Field(5, ge=2, le=100, description="connections to PostgreSQL")
    env: str = Field("dev", pattern=_NAME, description="environment; part of groups and transactional ids")
    site: str = Field("main", pattern=_NAME, description="site; part of command topics and of ce_source")
    partitions: int = Field(
        PARTITIONS, ge=1, le=10_000, description="partitions of every topic, fixed at birth"
    )
    replication: int = Field(-1, ge=-1, le=10, description="replicas of new topics; -1: the broker's default")

    management_host: str = Field("127.0.0.1", description="where /livez, /readyz and /metrics listen")
    management_port: int | Literal["off"] = Field(8080, description="their port; 0 picks a free one, or off")
    log_format: Literal["auto", "json", "console"] = Field(
        "auto", description="auto, json or console; auto: console on a terminal, else json"
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="DEBUG, INFO, WARNING or ERROR"
    )

    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL"
    )
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        "SCRAM-SHA-512", description="PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512"
    )
    sasl_username: str | None = Field(None, description="Kafka user; needed with SASL")
    sasl_password: SecretStr | None = Field(None, description="its password; needed with SASL")
    tls_ca_file: Path | None = Field(None, description="PEM of the authorities to trust; unset: the system's")
    tls_cert_file: Path | None = Field(None, description="PEM of the client's certificate")
    tls_key_file: Path | None = Field(None, description="PEM of the client's key")
    tls_key_password: SecretStr | None = Field(None, description="password of that key")
    tls_check_hostname: bool = Field(True, description="whether the broker's name must be in its certificate")

    request_timeout: Duration = Field(
        5 * _SECOND, ge=_SECOND, description="patience with one request to Kafka"
    )
    session_timeout: Duration = Field(
        6 * _SECOND, ge=6 * _SECOND, description="silence after which Kafka gives a replica's partitions away"
    )
    heartbeat_interval: Duration = Field(_SECOND, gt=timedelta(), description="time between heartbeats")
    rebalance_timeout: Duration = Field(
        10 * _SECOND, ge=_SECOND, description="time a replica has to join a rebalance"
    )
    transaction_timeout: Duration = Field(
        10 * _SECOND, ge=5 * _SECOND, description="after which Kafka aborts an open transaction"
    )
    batch_records: int = Field(
        1_000, ge=1, le=10_000, description="records taken in one database transaction"
    )
    batch_wait: Duration = Field(
        timedelta(milliseconds=10),
        gt=timedelta(),
        le=_SECOND,
        description="wait for records; above 20ms costs latency",
    )

    relay_rows: int = Field(8_000, ge=1, le=100_000, description="outbox rows read at a time")
    relay_bytes: int = Field(
        8 << 20, ge=1 << 20, le=64 << 20, description="bytes of outbox rows read at a time"
    )
    relay_rows_per_partition: int = Field(
        1_000,
        ge=1,
        le=10_000,
        description="records per partition in one Kafka transaction, unless one decision has more",
    )
    relay_poll: Duration = Field(
        timedelta(milliseconds=100),
        ge=timedelta(milliseconds=10),
        description="wait before looking for other replicas' commits",
    )
    relay_lease: Duration = Field(
        4 * _SECOND, ge=2 * _SECOND, description="silence after which another replica relays"
    )
    outbox_keep: Duration = Field(
        timedelta(days=1), ge=timedelta(), description="how long published outbox rows stay"
    )

    waiting_limit: Duration = Field(
        timedelta(days=1), gt=timedelta(), description="how long a command may wait for a fact"
    )
    rules_dir: Path | None = Field(
        None, description="directory with rule tables of one's own, read over those of the packages"
    )
    breaker_run: int = Field(10, ge=2, description="failing facts in a row that stop the service")
    start_patience: Duration = Field(
        timedelta(minutes=1), ge=timedelta(), description="how long topics may be missing at the start"
    )
    grace_period: Duration = Field(20 * _SECOND, ge=_SECOND, description="time to finish after SIGTERM")
    liveness_limit: Duration = Field(
        timedelta(minutes=1), ge=5 * _SECOND, description="work without progress after which /livez fails"
    )

    @classmethod
    def read(cls) -> Self:
        """The settings of this process. Raises SettingsInvalid."""
        try:
            return cls()
        except ValidationError as error:
            raise SettingsInvalid(tuple(_explain(cls, problem) for problem in error.errors())) from None

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the signature is pydantic's
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the signature is pydantic's
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments first, then the environment, then files that it names."""
        return init_settings, env_settings, _Files(settings_cls)

    @field_validator("bootstrap_servers")
    @classmethod
    def _check_servers(cls, value: str) -> str:
        for server in value.split(","):
            host, _, port = server.strip().rpartition(":")
            if not host or not port.isdigit() or not 0 < int(port) < 65536:  # noqa: PLR2004 - ports are 16 bits
                raise ValueError(f"{server.strip()!r} is not host:port")
        return value

    @field_validator("management_port")
    @classmethod
    def _check_port(cls, value: int | str) -> int | str:
        if isinstance(value, int) and not 0 <= value < 65536:  # noqa: PLR2004 - ports are 16 bits
            raise ValueError("a port is 0 to 65535, or off")
        return value

    @field_validator("database_url")
    @classmethod
    def _check_database(cls, value: SecretStr) -> SecretStr:
        scheme = value.get_secret_value().partition("://")[0].partition("+")[0]
        if scheme not in ("sqlite", "postgresql", "postgres"):
            raise ValueError("sqlite:///FILE or postgresql://USER@HOST/NAME is expected")
        return value

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        if self.security_protocol.startswith("SASL") and not (self.sasl_username and self.sasl_password):
            raise ValueError(
                f"{PREFIX}SASL_USERNAME and {PREFIX}SASL_PASSWORD (or …_FILE) are needed "
                f"with {PREFIX}SECURITY_PROTOCOL={self.security_protocol}"
            )
        for name in ("tls_ca_file", "tls_cert_file", "tls_key_file"):
            path = getattr(self, name)
            if path is not None and not path.is_file():
                raise ValueError(f"{variable(name)}: {path} is not a file that can be read")
        if self.tls_key_file and not self.tls_cert_file:
            raise ValueError(f"{PREFIX}TLS_CERT_FILE is needed with {PREFIX}TLS_KEY_FILE")
        if self.heartbeat_interval * 3 > self.session_timeout:
            raise ValueError(f"{PREFIX}HEARTBEAT_INTERVAL: at most a third of {PREFIX}SESSION_TIMEOUT")
        return self

    def servers(self) -> list[str]:
        """Kafka's first contacts, one by one."""
        return [server.strip() for server in self.bootstrap_servers.split(",")]

    def database_for(self, service: str) -> str:
        """The URL of that service's database, with its secret."""
        return self.database_url.get_secret_value().replace("{service}", service)

    def name_for(self, service: str) -> str:
        """The consumer group and the transactional id: `<env>.<site>.<service>`."""
        return f"{self.env}.{self.site}.{service}"


@dataclass(frozen=True, slots=True)
class SettingCard:
    """One setting as documentation and `doctor` show it."""

    variable: str
    default: str
    description: str
    file_variable: str | None


def cards() -> tuple[SettingCard, ...]:
    """Every setting, in the order of `Settings`."""
    return tuple(_card(name, field) for name, field in Settings.model_fields.items())


def variable(field: str) -> str:
    """The environment variable of a field."""
    return PREFIX + field.upper()


def _card(name: str, field: FieldInfo) -> SettingCard:
    return SettingCard(
        variable(name),
        _shown(field.default),
        field.description or "",
        f"{variable(name)}_FILE" if name in MAY_COME_FROM_A_FILE else None,
    )


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, timedelta):
        return write_duration(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _explain(settings: type[Settings], problem: Any) -> str:
    """One problem in an operator's words: the variable, what is wrong, what is expected."""
    said = str(problem["msg"]).removeprefix("Value error, ")
    if not problem["loc"]:
        return said
    name = str(problem["loc"][0])
    field = settings.model_fields.get(name)
    got = "" if name in MAY_COME_FROM_A_FILE else f" (got {problem['input']!r})"
    expected = f"; it is {field.description}" if field is not None else ""
    return f"{variable(name)}: {said}{got}{expected}"


class _Files(PydanticBaseSettingsSource):
    """Values of the secrets whose `…_FILE` variable names a file."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002 - pydantic's
        path = os.environ.get(f"{variable(field_name)}_FILE")
        if not path or field_name not in MAY_COME_FROM_A_FILE:
            return None, field_name, False
        try:
            return Path(path).read_text(encoding="utf-8").strip(), field_name, False
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise SettingsInvalid(
                (f"{variable(field_name)}_FILE: {path} cannot be read: {reason}",)
            ) from error

    def __call__(self) -> dict[str, Any]:
        found = {
            name: self.get_field_value(field, name)[0]
            for name, field in self.settings_cls.model_fields.items()
        }
        return {name: value for name, value in found.items() if value is not None}
