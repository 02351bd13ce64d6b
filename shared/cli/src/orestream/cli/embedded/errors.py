"""What can go wrong while a broker or a database is started on this machine, and what to do about it."""


class EmbeddedError(Exception):
    """Something needed to run Kafka or PostgreSQL here is missing or broken; the message says what to do."""


class JarsUnavailableError(EmbeddedError):
    """The jars of the broker are not in the cache and could not be fetched."""


class JarChecksumError(EmbeddedError):
    """A fetched jar is not the one that is pinned."""


class JavaMissingError(EmbeddedError):
    """No Java runtime of a sufficient version was found."""


class ChildFailedError(EmbeddedError):
    """A started process ended, or did not become ready in time; the message ends with its last log lines."""
