"""TLS and SASL as FastStream wants them; apart, since only a subscription needs FastStream."""

from __future__ import annotations

from faststream.security import BaseSecurity, SASLPlaintext, SASLScram256, SASLScram512

from orestream.chassis.kafka.connection import tls_context, user
from orestream.chassis.settings import Settings


def faststream_security(settings: Settings) -> BaseSecurity | None:
    """What `connection.client_options` says of TLS and SASL, for FastStream's broker."""
    tls = tls_context(settings)
    if not settings.security_protocol.startswith("SASL"):
        return None if tls is None else BaseSecurity(ssl_context=tls, use_ssl=True)
    kinds = {"PLAIN": SASLPlaintext, "SCRAM-SHA-256": SASLScram256, "SCRAM-SHA-512": SASLScram512}
    username, password = user(settings)
    return kinds[settings.sasl_mechanism](
        username=username, password=password, ssl_context=tls, use_ssl=tls is not None
    )
