"""`python -m tests.chaos.mutation`: does a chaos run notice when a protection is missing?

First a run of the genuine chassis under all the faults that the mutants name: it must pass, or a failure of a
mutant would say nothing. Then each mutant under its own faults: a run of it must fail.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tests.chaos.mutants import MUTANTS, Mutant
from tests.chaos.options import Options
from tests.chaos.run import execute, say

_TRIES = 3
_SHOWN = 100
_EXAMPLES = """\
examples:
  python -m tests.chaos.mutation                            all mutants, about a quarter of an hour
  python -m tests.chaos.mutation --only end-repeated --seed 7
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run what is asked for; returns 0 where the genuine chassis passes and no mutant does."""
    arguments = _parser().parse_args(argv)
    mutants = [MUTANTS[name] for name in arguments.only or MUTANTS]
    base = Options(arguments.seed, minutes=arguments.minutes, out=arguments.out)
    faults = tuple(dict.fromkeys(fault for mutant in mutants for fault in mutant.faults))
    genuine = execute(replace(base, only=faults, minutes=2 * base.minutes, out=base.out / "genuine"))
    killed = {mutant.name: _killed_by(mutant, base) for mutant in mutants}
    say("\nthe genuine chassis: " + ("holds" if genuine else "FAILS"))
    for mutant in mutants:
        say(f"{mutant.name:26} {killed[mutant.name] or 'SURVIVES':{_SHOWN}} ({mutant.says})")
    (base.out / "mutants.json").write_text(
        json.dumps({"seed": base.seed, "genuine": genuine, "killed_by": killed}, indent=1) + "\n"
    )
    return 0 if genuine and all(killed.values()) else 1


def _killed_by(mutant: Mutant, base: Options) -> str:
    """What the run failed on; empty where it did not, with several seeds."""
    for seed in range(base.seed, base.seed + _TRIES):
        options = replace(base, seed=seed, only=mutant.faults, mutant=mutant.name, out=base.out / mutant.name)
        if not execute(options):
            return _findings(options.directory)
    return ""


def _findings(directory: Path) -> str:
    """The checks that failed, or what else went wrong."""
    verdict = directory / "verdict.json"
    checks = json.loads(verdict.read_text()) if verdict.exists() else []
    failed = [check["check"] for check in checks if not check["holds"]]
    trouble = json.loads((directory / "run.json").read_text())["trouble"]
    return ", ".join([*failed, *(line.splitlines()[0] for line in trouble)])[:_SHOWN]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.chaos.mutation",
        description=__doc__,
        epilog=_EXAMPLES
        + "\nmutants:\n"
        + "\n".join(f"  {one.name:26}{one.says}" for one in MUTANTS.values()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seed", type=int, default=1, help="of load and faults (%(default)s)")
    parser.add_argument("--minutes", type=float, default=0.75, help="of load for each mutant (%(default)s)")
    parser.add_argument(
        "--only", action="append", choices=tuple(MUTANTS), help="this mutant; may be repeated"
    )
    parser.add_argument("--out", type=Path, default=Path("build/chaos/mutants"), metavar="DIR")
    return parser


if __name__ == "__main__":
    sys.exit(main())
