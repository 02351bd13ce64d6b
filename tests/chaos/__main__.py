"""`python -m tests.chaos`: services under load, faults at random, and a verdict."""

from __future__ import annotations

import argparse
import secrets
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tests.chaos.faults.catalogue import KINDS, fitting
from tests.chaos.mutants import MUTANTS
from tests.chaos.options import Options
from tests.chaos.run import execute, say

_SUITE_MINUTES = 6.0
_SUITE = ((0.5, "postgres", 1), (0.33, "postgres", 3), (0.17, "sqlite", 1))
"""Share of the time, store, brokers."""
_EXAMPLES = """\
examples:
  python -m tests.chaos                                   three runs, six minutes in all
  python -m tests.chaos --seed 7 --minutes 60             the same for an hour, from a seed
  python -m tests.chaos --store postgres --nodes 3        one run
  python -m tests.chaos --store sqlite --only kill,kill-at-before-commit --minutes 1
  python -m tests.chaos --mutant offsets-not-compared --only stop-at-fetched

Everything of a run is under build/chaos/SEED/: run.json, history, faults and samples as JSON lines,
verdict.json, report.html. The exit code is 0 where everything holds, 1 where anything does not.

faults: """


def main(argv: Sequence[str] | None = None) -> int:
    """Run what is asked for; returns the exit code."""
    parser = _parser()
    arguments = parser.parse_args(argv)
    if arguments.hours:
        arguments.minutes = (arguments.minutes or 0.0) + 60 * arguments.hours
    runs = _runs(arguments)
    try:
        for options in runs:
            fitting(options)
    except ValueError as error:
        parser.error(str(error))
    began, failed = time.monotonic(), [options for options in runs if not execute(options)]
    say(f"{len(runs)} run(s) in {time.monotonic() - began:.0f} s, {len(failed)} failed")
    for options in failed:
        say(f"FAILED; again by: {options.command()}")
    return 1 if failed else 0


def _runs(arguments: argparse.Namespace) -> list[Options]:
    """One run where its store or its brokers are named, else one of each sort."""
    seed = secrets.randbelow(1 << 31) if arguments.seed is None else arguments.seed
    base = Options(
        seed,
        rate=arguments.rate,
        only=_only(arguments),
        mutant=arguments.mutant,
        out=arguments.out,
    )
    if arguments.store or arguments.nodes or base.only:
        minutes = arguments.minutes or 3.0
        return [_sized(replace(base, minutes=minutes), arguments.store or "postgres", arguments)]
    minutes = arguments.minutes or _SUITE_MINUTES
    return [
        _sized(
            replace(base, seed=seed + place, minutes=round(minutes * share, 2), nodes=nodes), store, arguments
        )
        for place, (share, store, nodes) in enumerate(_SUITE)
    ]


def _only(arguments: argparse.Namespace) -> tuple[str, ...]:
    """What is asked for; for a mutant, unless said otherwise, the faults that give it its chance."""
    if arguments.mutant and not arguments.only:
        return MUTANTS[arguments.mutant].faults
    return tuple(name for name in arguments.only.split(",") if name)


def _sized(options: Options, store: str, arguments: argparse.Namespace) -> Options:
    nodes = arguments.nodes or options.nodes
    if store == "sqlite":
        return replace(options, store="sqlite", nodes=nodes, replicas=1)
    return replace(options, store="postgres", nodes=nodes, replicas=arguments.replicas)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.chaos",
        description=__doc__,
        epilog=_EXAMPLES + ", ".join(KINDS),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seed", type=int, help="of load and faults; without it one is chosen and printed")
    parser.add_argument("--minutes", type=float, help="how long the load lasts, of all runs together")
    parser.add_argument("--hours", type=float, default=0.0, help="hours more")
    parser.add_argument("--rate", type=float, default=30.0, help="commands a second (%(default)s)")
    parser.add_argument("--store", choices=("postgres", "sqlite"), help="one run with this store")
    parser.add_argument("--nodes", type=int, choices=(1, 3), help="one run with so many brokers")
    parser.add_argument("--replicas", type=int, choices=(1, 2, 3), default=2, help="processes a service")
    parser.add_argument("--only", default="", metavar="FAULT,…", help="choose from these faults alone")
    parser.add_argument(
        "--mutant",
        metavar="NAME",
        choices=sorted(MUTANTS),
        help="break the chassis in this way: the run must fail",
    )
    parser.add_argument("--out", type=Path, default=Path("build/chaos"), metavar="DIR", help="(%(default)s)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
