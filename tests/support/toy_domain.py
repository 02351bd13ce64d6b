"""A bank, to try the chassis with: accounts with money, rates that a treasury announces, transfers that wait.

- `OpenAccount`, `Deposit`, `Transfer`: a transfer waits for the accounts it names, is refused beyond the
  balance, and a withdrawal `in_currency` waits for that currency's rate.
- `RateSet` is another service's fact; `RateUsed` makes the rate known in the accounts that asked for it.
- `Favour` is granted to an account unless another has one: two of them, each reading what the other writes.
- Bad facts make the code fail while `Bank.faulty` says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, ClassVar

from orestream.chassis.records import Fetched
from orestream.contracts import wire
from orestream.contracts.decimals import Id, Number
from orestream.contracts.decision import (
    Accepted,
    Asked,
    Continued,
    Decision,
    Happened,
    Incoming,
    Ref,
    Refused,
    Task,
    Waits,
    World,
)
from orestream.contracts.message import Command, Fact, Message
from orestream.contracts.outcome import CommandAnswered
from orestream.contracts.topics import OUTCOMES

SERVICE = "bank"
SITE = "main"
COMMANDS = "orestream.main.bank.commands.v1"
PARKED = "orestream.main.bank.parked.v1"
RATES = "toy.rates.v1"
MONEY = "toy.money.v1"
TREASURY = "/orestream/main/treasury"
WHEN = datetime(2025, 9, 3, 8, 0, tzinfo=UTC)
PARTITIONS = {MONEY: 4, OUTCOMES: 4, PARKED: 4}


class OpenAccount(Command):
    SERVICES: ClassVar = (SERVICE,)
    KEYED_BY: ClassVar = ("account_id",)
    account_id: Id
    guarantor: Id | None = None
    """Another account, waited for."""


class Deposit(Command):
    SERVICES: ClassVar = (SERVICE,)
    KEYED_BY: ClassVar = ("account_id",)
    account_id: Id
    amount: Number
    in_currency: Id | None = None


class Transfer(Command):
    """Keyed by the giver."""

    SERVICES: ClassVar = (SERVICE,)
    KEYED_BY: ClassVar = ("account_id",)
    account_id: Id
    to: Id
    amount: Number


class Favour(Command):
    """At most one of the two gets it, in whatever order they ask; `times` facts say so."""

    SERVICES: ClassVar = (SERVICE,)
    KEYED_BY: ClassVar = ("account_id",)
    account_id: Id
    unless: Id
    times: int = 1
    words: int = 0
    """Length of what each fact says besides."""


class Dividend(Command):
    """A favour for an account, and for its heirs `<account>-0`, `<account>-1` … unless they have one."""

    SERVICES: ClassVar = (SERVICE,)
    KEYED_BY: ClassVar = ("account_id",)
    account_id: Id
    heirs: int
    words: int = 0


class AccountOpened(Fact):
    TYPE: ClassVar = "toy.account.opened.v1"
    KEYED_BY: ClassVar = ("account_id",)
    account_id: Id


class Deposited(Fact):
    TYPE: ClassVar = "toy.account.deposited.v1"
    KEYED_BY: ClassVar = ("account_id",)
    account_id: Id
    amount: Number
    note: str | None = None


class Favoured(Fact):
    TYPE: ClassVar = "toy.account.favoured.v1"
    KEYED_BY: ClassVar = ("account_id",)
    account_id: Id
    words: str = ""
    heirs: int | None = None


class RateSet(Fact):
    TYPE: ClassVar = "toy.rate.set.v1"
    KEYED_BY: ClassVar = ("currency",)
    currency: Id
    rate: Number
    bonus_to: Id | None = None
    """An account that gets this rate as money, so that a fact may cause facts and read another id."""
    bad: bool = False
    heirs: int | None = None
    """Of the account that is named like the currency, which all get a favour."""


class RateNoted(Fact):
    TYPE: ClassVar = "toy.rate.noted.v1"
    KEYED_BY: ClassVar = ("currency",)
    currency: Id


@dataclass(frozen=True, slots=True)
class Account:
    id: str
    balance: Decimal
    opened: datetime
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Closed:
    id: str


@dataclass(frozen=True, slots=True)
class Rate:
    currency: str
    rate: Decimal
    times: int = 1


@dataclass(frozen=True, slots=True)
class Favourite:
    id: str


MODELS: Mapping[str, type[Message]] = {
    **{command.type_for(SERVICE): command for command in (OpenAccount, Deposit, Transfer, Favour, Dividend)},
    **{fact.TYPE: fact for fact in (AccountOpened, Deposited, Favoured, RateSet, RateNoted, CommandAnswered)},
}


def decode(
    key: bytes | None, headers: Iterable[tuple[str, bytes | None]], value: bytes | None
) -> tuple[wire.Envelope, Message]:
    envelope = wire.read_envelope(key, headers)
    model = MODELS.get(envelope.type)
    if model is None:
        raise wire.UnknownType(envelope.type)
    return envelope, wire.read_value(model, value, envelope)


def topic_of(_service: str, message: str) -> str:
    return OUTCOMES if message == "CommandAnswered" else MONEY


@dataclass
class Bank:
    """The pure part; `faulty` names what it chokes on, `seen` counts decisions."""

    service: str = SERVICE
    states: Mapping[str, Any] = field(
        default_factory=lambda: {"account": Account | Closed, "rate": Rate, "favourite": Favourite}
    )
    faulty: set[str] = field(default_factory=set)
    decided: list[str] = field(default_factory=list)
    waits_for: list[str] = field(default_factory=list)
    """Ids of rates that every transfer waits for first, saying `waits_with`."""
    waits_with: str = "rates"

    def rules_version(self, at: datetime) -> str:
        return f"{at:%Y-%m}"

    def decide(self, incoming: Incoming, world: World) -> Decision:
        if isinstance(incoming, Happened):
            return self._follow(incoming, world)
        assert isinstance(incoming, Asked)
        command = incoming.command
        self.decided.append(command.command_id)
        if command.by in self.faulty:
            raise RuntimeError(f"no idea what to do with {command.by}")
        match command:
            case OpenAccount():
                if world.get("account", command.account_id):
                    return Refused("R04", "an account is opened once")
                if command.guarantor and world.get("account", command.guarantor) is None:
                    return Waits((Ref("account", command.guarantor),), "the guarantor has no account yet")
                return Accepted((AccountOpened(account_id=command.account_id),))
            case Deposit():
                return self._deposit(command, world)
            case Transfer():
                return self._transfer(command, world)
            case Favour():
                if world.get("favourite", command.unless):
                    return Refused("R03", f"{command.unless} has it")
                fact = Favoured(account_id=command.account_id, words="x" * command.words)
                return Accepted((fact,) * command.times)
            case Dividend():
                words = "x" * command.words
                first = Favoured(account_id=command.account_id, words=words, heirs=command.heirs)
                return Accepted((first,), task=_heirs(command.account_id, command.heirs, words))
            case _:
                raise AssertionError(command)

    def _follow(self, happened: Happened, world: World) -> Decision:
        fact = happened.fact
        if not isinstance(fact, RateSet):
            return Accepted()
        if fact.heirs is not None:
            return Accepted(task=_heirs(fact.currency, fact.heirs, ""))
        if fact.bad and fact.currency in self.faulty:
            raise RuntimeError(f"{fact.currency} makes no sense")
        if fact.bonus_to is None:
            return Accepted()
        if world.get("account", fact.bonus_to) is None:
            return Accepted()
        return Accepted((Deposited(account_id=fact.bonus_to, amount=fact.rate),))

    def _deposit(self, command: Deposit, world: World) -> Decision:
        account = Ref("account", command.account_id)
        if world.get(*account) is None:
            return Waits((account,), f"{command.account_id} is not open yet")
        amount = command.amount
        if command.in_currency:
            rate = world.get("rate", command.in_currency)
            if rate is None:
                return Waits((Ref("rate", command.in_currency),), f"no rate of {command.in_currency} yet")
            amount *= rate.rate
        if amount <= 0:
            return Refused("R03", "more than nothing is expected", {"amount": str(amount)})
        return Accepted((Deposited(account_id=command.account_id, amount=amount, note=command.by),))

    def _transfer(self, command: Transfer, world: World) -> Decision:
        if self.waits_for:
            return Waits(tuple(Ref("rate", id_) for id_ in self.waits_for), self.waits_with)
        refs = [Ref("account", id_) for id_ in (command.account_id, command.to)]
        known = world.get_all("account", [ref.id for ref in refs])
        missing = tuple(ref for ref in refs if ref.id not in known)
        if missing:
            return Waits(missing, "an account is not open yet")
        if command.amount > known[command.account_id].balance:
            return Refused("R03", f"{command.amount} of {known[command.account_id].balance}")
        return Accepted(
            (
                Deposited(account_id=command.account_id, amount=-command.amount),
                Deposited(account_id=command.to, amount=command.amount),
            )
        )

    def go_on(self, task: Task, world: World, most: int) -> Continued:
        name, begin, end = (task.payload[part] for part in ("name", "next", "heirs"))
        if name in self.faulty:
            raise RuntimeError(f"{name} has no heirs")
        until = min(end, begin + most)
        heirs = [f"{name}-{number}" for number in range(begin, until)]
        known = world.get_all("favourite", heirs)
        facts = tuple(Favoured(account_id=h, words=task.payload["words"]) for h in heirs if h not in known)
        return Continued(facts, None if until == end else Task(task.kind, {**task.payload, "next": until}))

    def unfinished(self, happened: Happened, world: World) -> Task | None:
        match happened.fact:
            case Favoured(account_id=name, heirs=int(heirs), words=words):
                task = _heirs(name, heirs, words)
            case RateSet(currency=name, heirs=int(heirs)):
                task = _heirs(name, heirs, "")
            case _:
                return None
        return task if self.go_on(task, world, heirs).facts else None

    def changes(self, happened: Happened) -> tuple[Ref, ...]:
        match happened.fact:
            case AccountOpened(account_id=id_) | Deposited(account_id=id_):
                return (Ref("account", id_),)
            case RateSet(currency=currency):
                return (Ref("rate", currency),)
            case Favoured(account_id=id_):
                return (Ref("favourite", id_),)
            case _:
                return ()

    def companions(self, ref: Ref, state: Any | None) -> tuple[Ref, ...]:  # noqa: ARG002 - see above
        """Nothing leads to anything."""
        return ()

    def evolve(self, ref: Ref, state: Any, happened: Happened) -> Any:
        match happened.fact:
            case AccountOpened(account_id=id_):
                return Account(id_, Decimal(0), happened.time)
            case Favoured(account_id=id_):
                return Favourite(id_)
            case Deposited(amount=amount, note=note):
                notes = (*state.notes, note) if note else state.notes
                return replace(state, balance=state.balance + amount, notes=notes)
            case RateSet(currency=currency, rate=rate):
                return Rate(currency, rate, state.times + 1 if state else 1)
            case _:
                raise AssertionError(ref)


def _heirs(name: str, heirs: int, words: str) -> Task:
    return Task("heirs", {"name": name, "next": 0, "heirs": heirs, "words": words})


@dataclass
class Tape:
    """A topic partition to be: records get offsets, and facts sequences, one after another."""

    topic: str = COMMANDS
    partition: int = 0
    next_offset: int = 0
    next_sequence: int = 1

    def command(self, command: Command, **changes: Any) -> Fetched:
        envelope = wire.Envelope(
            id=command.command_id,
            source="/orestream/main/cli",
            type=command.type_for(SERVICE),
            subject=command.key,
            time=command.occurred_at,
            correlation_id=command.command_id,
        )
        return self.record(wire.encode(command, envelope), **changes)

    def fact(
        self, fact: Fact, *, sequence: int | None = None, source: str = TREASURY, **changes: Any
    ) -> Fetched:
        if sequence is None:
            sequence, self.next_sequence = self.next_sequence, self.next_sequence + 1
        envelope = wire.Envelope(
            id=f"{self.topic}-{self.partition}-{sequence}",
            source=source,
            type=fact.TYPE,
            subject=fact.key,
            time=WHEN,
            correlation_id=f"because-{sequence}",
            causation_id=f"because-{sequence}",
            sequence=sequence,
        )
        return self.record(wire.encode(fact, envelope), **changes)

    def record(self, record: wire.WireRecord, **changes: Any) -> Fetched:
        fetched = Fetched(
            self.topic,
            self.partition,
            self.next_offset,
            record.key,
            record.headers,
            record.value,
            1_756_886_400_000,
        )
        self.next_offset += 1
        return fetched._replace(**changes)


def opening(id_: str, account: str, guarantor: str | None = None) -> OpenAccount:
    return OpenAccount(command_id=id_, occurred_at=WHEN, by="clerk", account_id=account, guarantor=guarantor)


def deposit(
    id_: str, account: str, amount: str = "10", currency: str | None = None, by: str = "clerk"
) -> Deposit:
    return Deposit(
        command_id=id_,
        occurred_at=WHEN,
        by=by,
        account_id=account,
        amount=Decimal(amount),
        in_currency=currency,
    )


def transfer(id_: str, account: str, to: str, amount: str = "1") -> Transfer:
    return Transfer(
        command_id=id_, occurred_at=WHEN, by="clerk", account_id=account, to=to, amount=Decimal(amount)
    )


def favour(id_: str, account: str, unless: str, **more: int) -> Favour:
    return Favour(command_id=id_, occurred_at=WHEN, by="clerk", account_id=account, unless=unless, **more)


def dividend(id_: str, account: str, heirs: int, words: int = 0) -> Dividend:
    return Dividend(
        command_id=id_, occurred_at=WHEN, by="clerk", account_id=account, heirs=heirs, words=words
    )


def rate(currency: str, value: str = "2", **more: Any) -> RateSet:
    return RateSet(currency=currency, rate=Decimal(value), **more)


def header(record: Any, name: str) -> str:
    """A header of anything that has headers."""
    value: bytes = dict(record.headers)[name]
    return value.decode()
