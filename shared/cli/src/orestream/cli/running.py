"""Runs a verb: its event loop, its settings, and every way it can end, as an exit code and a sentence."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import typer
from aiokafka.errors import KafkaError

from orestream.chassis.errors import ChassisError
from orestream.chassis.settings import PREFIX, Settings, SettingsInvalid
from orestream.cli.embedded.errors import EmbeddedError
from orestream.cli.failing import ExitCode, Unusable
from orestream.cli.terminal import notes, say

T = TypeVar("T")

BOOTSTRAP_VARIABLE = f"{PREFIX}BOOTSTRAP_SERVERS"


def read_settings(bootstrap: str | None = None) -> Settings:
    """The settings of this run; `--bootstrap` stands for its variable.

    Raises:
        SettingsInvalid: naming the variable.
    """
    if bootstrap is not None:
        os.environ[BOOTSTRAP_VARIABLE] = bootstrap
    return Settings.read()


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a verb to its end; what a user can mend ends in a sentence on stderr and an exit code."""
    with answering_for_mistakes():
        return asyncio.run(work)


@contextmanager
def answering_for_mistakes() -> Iterator[None]:
    """Turns what a user can mend into a sentence and exit code 2, and Ctrl-C into 130.

    Everything else is a fault of this program and keeps its traceback.
    """
    # the client library logs each attempt to reach a broker; what matters is said by us
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    try:
        yield
    except Unusable as error:
        _fail(error.what, error.advice)
    except SettingsInvalid as error:
        _fail("; ".join(error.lines), "set or unset these variables; `orestream doctor` shows them all")
    except (EmbeddedError, ChassisError) as error:
        _fail(str(error))
    except KafkaError as error:
        _fail(f"Kafka: {error}", "`orestream doctor` shows what is reached and what is missing")
    except (KeyboardInterrupt, asyncio.CancelledError):
        raise typer.Exit(ExitCode.INTERRUPTED) from None
    except BrokenPipeError:
        # whoever read the output has seen enough; nothing may be written to it at the exit either
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        raise typer.Exit(ExitCode.OK) from None


def _fail(what: str, advice: str = "") -> None:
    console = notes()
    say(console, ("error: ", "bold red"), what)
    if advice:
        say(console, "  → ", advice)
    raise typer.Exit(ExitCode.UNUSABLE) from None
