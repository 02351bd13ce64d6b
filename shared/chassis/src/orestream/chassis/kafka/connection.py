"""How this process reaches Kafka: addresses, TLS and SASL, as the client library wants them."""

from __future__ import annotations

import ssl
from typing import Any

from aiokafka.errors import KafkaError

from orestream.chassis.durations import milliseconds
from orestream.chassis.settings import PREFIX, Settings, SettingsInvalid

UNREACHABLE = (KafkaError, OSError, TimeoutError)
"""What the client library raises while Kafka is away or busy electing."""


def tls_context(settings: Settings) -> ssl.SSLContext | None:
    """The TLS of this process, or None without TLS. Raises SettingsInvalid naming the file at fault."""
    if not settings.security_protocol.endswith("SSL"):
        return None
    try:
        context = ssl.create_default_context(cafile=settings.tls_ca_file)
        context.check_hostname = settings.tls_check_hostname
        if settings.tls_cert_file is not None:
            password = settings.tls_key_password
            context.load_cert_chain(
                settings.tls_cert_file,
                settings.tls_key_file,
                # a callable, since without a password OpenSSL would ask the terminal for one
                lambda: password.get_secret_value() if password is not None else "",
            )
    except (ssl.SSLError, OSError) as error:
        raise SettingsInvalid(
            (f"{PREFIX}TLS_CA_FILE, …CERT_FILE, …KEY_FILE or …KEY_PASSWORD: {error}",)
        ) from error
    return context


def client_options(settings: Settings) -> dict[str, Any]:
    """Arguments that every client of the library takes."""
    return {
        "bootstrap_servers": settings.servers(),
        "request_timeout_ms": milliseconds(settings.request_timeout),
        "security_protocol": settings.security_protocol,
        "ssl_context": tls_context(settings),
        **_sasl(settings),
    }


def _sasl(settings: Settings) -> dict[str, Any]:
    if not settings.security_protocol.startswith("SASL"):
        return {}
    username, password = user(settings)
    return {
        "sasl_mechanism": settings.sasl_mechanism,
        "sasl_plain_username": username,
        "sasl_plain_password": password,
    }


def user(settings: Settings) -> tuple[str, str]:
    """Name and password for SASL; empty where they are not set."""
    password = settings.sasl_password
    return settings.sasl_username or "", password.get_secret_value() if password is not None else ""
