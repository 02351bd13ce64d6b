"""Settings are read once, and what is wrong with them is said by variable."""

from datetime import timedelta
from pathlib import Path

import pytest

from orestream.chassis.durations import read_duration, write_duration
from orestream.chassis.settings import PREFIX, Settings, SettingsInvalid, cards


def read(monkeypatch: pytest.MonkeyPatch, **values: str) -> Settings:
    for name, value in values.items():
        monkeypatch.setenv(PREFIX + name, value)
    return Settings.read()


def lines(monkeypatch: pytest.MonkeyPatch, **values: str) -> tuple[str, ...]:
    with pytest.raises(SettingsInvalid) as caught:
        read(monkeypatch, **values)
    return caught.value.lines


def test_nothing_needs_to_be_set() -> None:
    assert Settings.read().servers() == ["localhost:9092"]


def test_servers_are_a_list(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read(monkeypatch, BOOTSTRAP_SERVERS="a:1, b:2").servers() == ["a:1", "b:2"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BOOTSTRAP_SERVERS", "kafka"),
        ("BOOTSTRAP_SERVERS", "kafka:99999"),
        ("DATABASE_URL", "mysql://localhost/ore"),
        ("PARTITIONS", "twelve"),
        ("PARTITIONS", "0"),
        ("MANAGEMENT_PORT", "70000"),
        ("MANAGEMENT_PORT", "maybe"),
        ("LOG_FORMAT", "xml"),
        ("SECURITY_PROTOCOL", "TLS"),
        ("WAITING_LIMIT", "24"),
        ("SESSION_TIMEOUT", "5s"),
        ("SITE", "Main Site"),
        ("TLS_CA_FILE", "/nowhere/ca.pem"),
        ("HEARTBEAT_INTERVAL", "4s"),
    ],
)
def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    said = lines(monkeypatch, **{name: value})
    assert any(line.startswith(PREFIX + name) for line in said), said


def test_every_wrong_setting_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    said = lines(monkeypatch, PARTITIONS="x", LOG_LEVEL="LOUD")
    assert [line.split(":")[0] for line in said] == ["ORESTREAM_PARTITIONS", "ORESTREAM_LOG_LEVEL"]


def test_a_secret_may_come_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("s3cret\n")
    settings = read(
        monkeypatch, SECURITY_PROTOCOL="SASL_PLAINTEXT", SASL_USERNAME="alice", SASL_PASSWORD_FILE=str(secret)
    )
    assert settings.sasl_password is not None
    assert settings.sasl_password.get_secret_value() == "s3cret"


def test_a_secret_file_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert lines(monkeypatch, DATABASE_URL_FILE="/nowhere/url") == (
        "ORESTREAM_DATABASE_URL_FILE: /nowhere/url cannot be read: No such file or directory",
    )


def test_sasl_needs_a_user_and_a_password(monkeypatch: pytest.MonkeyPatch) -> None:
    (said,) = lines(monkeypatch, SECURITY_PROTOCOL="SASL_SSL")
    assert "ORESTREAM_SASL_USERNAME" in said
    assert "ORESTREAM_SASL_PASSWORD" in said


def test_a_secret_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    said = lines(monkeypatch, DATABASE_URL="mysql://ore:hunter2@db/ore")
    assert "hunter2" not in "".join(said)
    settings = read(monkeypatch, DATABASE_URL="postgresql://ore:hunter2@db/ore")
    assert "hunter2" not in repr(settings)


def test_each_service_has_a_database_of_its_own() -> None:
    assert Settings().database_for("mining") == "sqlite:///orestream_mining.db"


def test_group_and_transactional_id_carry_environment_and_site() -> None:
    assert Settings(env="prod", site="saindak").name_for("mining") == "prod.saindak.mining"


def test_every_setting_has_a_card_that_explains_it() -> None:
    shown = {card.variable: card for card in cards()}
    assert set(shown) == {PREFIX + name.upper() for name in Settings.model_fields}
    assert all(card.description for card in shown.values())
    assert shown["ORESTREAM_WAITING_LIMIT"].default == "1d"
    assert shown["ORESTREAM_SASL_PASSWORD"].file_variable == "ORESTREAM_SASL_PASSWORD_FILE"


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("250ms", timedelta(milliseconds=250)),
        ("6s", timedelta(seconds=6)),
        ("1.5m", timedelta(seconds=90)),
        ("24h", timedelta(days=1)),
        ("30d", timedelta(days=30)),
    ],
)
def test_a_duration_names_its_unit(text: str, duration: timedelta) -> None:
    assert read_duration(text) == duration
    assert read_duration(write_duration(duration)) == duration


@pytest.mark.parametrize("text", ["6", "s", "-1s", "1 week", ""])
def test_a_duration_without_number_and_unit_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="a number and its unit"):
        read_duration(text)
