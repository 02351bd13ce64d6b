"""`orestream parked`: facts that a service has set aside, and what shall become of them."""

from __future__ import annotations

import json as json_
from typing import Annotated, Any

import typer

from orestream.chassis.settings import Settings
from orestream.chassis.store import Parked
from orestream.cli.databases import Database, Service, check_service, opened, use_database
from orestream.cli.failing import Unusable
from orestream.cli.options import AsJson
from orestream.cli.running import answering_for_mistakes, read_settings, run
from orestream.cli.terminal import answers, say, say_raw
from orestream.cli.verbs.tail import as_json_object

LIST_EXAMPLE = "Example: orestream parked list --service processing"
SHOW_EXAMPLE = "Example: orestream parked show LOT-SB-0001 --service processing --json"
RETRY_EXAMPLE = "Example: orestream parked retry LOT-SB-0001 --service processing"
DISCARD_EXAMPLE = (
    "Example: orestream parked discard LOT-SB-0001 --service processing --reason 'sent by a test rig'"
)
RESUME_EXAMPLE = "Example: orestream parked resume --service processing"

Key = Annotated[str, typer.Argument(help="The key under which it is parked.")]

group = typer.Typer(help="Records that a service has set aside, in order.", no_args_is_help=True)


@group.command("list", epilog=LIST_EXAMPLE)
def list_parked(*, service: Service, database: Database = None, json: AsJson = False) -> None:
    """List what is parked: each key with its first reason and how many follow it."""
    settings = _settings(service, database)
    breaker, found = run(_listed(settings, service))
    if json:
        say_raw(json_.dumps({"breaker": breaker, "parked": [_as_json(one) for one in found]}))
        return
    out = answers()
    if breaker is not None:
        say(out, ("the service stopped itself: ", "red"), breaker)
    for one in found:
        reason = f"behind {one.behind}" if one.behind is not None else one.reason
        say(out, (f"{one.key}  ", "bold"), f"{one.record.at}  {reason}", (f"  {one.wish or ''}", "dim"))
    say(out, f"{len(found)} records are parked under {len({one.key for one in found})} keys")


@group.command("show", epilog=SHOW_EXAMPLE)
def show_parked(key: Key, *, service: Service, database: Database = None, json: AsJson = False) -> None:
    """Show the records parked under a key, whole."""
    settings = _settings(service, database)
    found = run(_of_key(settings, service, key))
    for one in found:
        text = json_.dumps(_as_json(one), indent=None if json else 2, ensure_ascii=False)
        say_raw(text)


@group.command("retry", epilog=RETRY_EXAMPLE)
def retry_parked(key: Key, *, service: Service, database: Database = None) -> None:
    """Have the service decide a key's records again, in their order."""
    settings = _settings(service, database)
    run(_retry(settings, service, key))
    say(answers(), f"{service} will try {key} again, and what follows it")


@group.command("discard", epilog=DISCARD_EXAMPLE)
def discard_parked(
    key: Key,
    *,
    service: Service,
    reason: Annotated[str, typer.Option(help="Why; it is published with the record.")],
    database: Database = None,
) -> None:
    """Have the failing record of a key dropped for ever, which is published; those behind it go on."""
    settings = _settings(service, database)
    run(_discard(settings, service, key, reason))
    say(answers(), f"{service} will drop the failing record of {key}, and say so on its parked topic")


@group.command("resume", epilog=RESUME_EXAMPLE)
def resume(*, service: Service, database: Database = None) -> None:
    """Let a service start again that stopped itself because too much failed."""
    settings = _settings(service, database)
    run(_resume(settings, service))
    say(answers(), f"{service} may start again")


def _settings(service: str, database: str | None) -> Settings:
    with answering_for_mistakes():
        check_service(service)
        use_database(database)
        return read_settings()


async def _listed(settings: Settings, service: str) -> tuple[str | None, list[Parked]]:
    async with opened(settings, service) as store:
        return await store.breaker(), await store.parked_list()


async def _of_key(settings: Settings, service: str, key: str) -> list[Parked]:
    async with opened(settings, service) as store:
        found = await store.parked_show(key)
    if not found:
        raise _nothing(service, key)
    return found


async def _retry(settings: Settings, service: str, key: str) -> None:
    async with opened(settings, service) as store:
        if not await store.parked_retry(key):
            raise _nothing(service, key)


async def _discard(settings: Settings, service: str, key: str, reason: str) -> None:
    async with opened(settings, service) as store:
        if not await store.parked_discard(key, reason):
            raise _nothing(service, key)


async def _resume(settings: Settings, service: str) -> None:
    async with opened(settings, service) as store:
        await store.close_breaker()


def _nothing(service: str, key: str) -> Unusable:
    return Unusable(
        f"nothing of {key} fails by itself in {service}",
        f"`orestream parked list --service {service}` shows what is parked, and behind what",
    )


def _as_json(one: Parked) -> dict[str, Any]:
    return {
        "place": one.place,
        "key": one.key,
        "reason": one.reason,
        "attempts": one.attempts,
        "behind": one.behind,
        "wish": one.wish,
        "record": as_json_object(one.record),
    }
