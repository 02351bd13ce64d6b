"""`python -m tests.chaos.mutation`: does a chaos run notice when a protection is missing?

First a run of the genuine chassis under all the faults that the mutants name: it must pass, or a failure of a
mutant would say nothing. Then each mutant under its own faults: a run of it must fail, on a check that is
there to notice just that.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tests.chaos.mutants import HALTED, MUTANTS, Mutant
from tests.chaos.options import Options
from tests.chaos.run import execute, say

_TRIES = 3
_SHOWN = 4
_EXAMPLES = """\
examples:
  python -m tests.chaos.mutation                            all mutants, about half an hour
  python -m tests.chaos.mutation --only end-repeated --seed 7
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run what is asked for; returns 0 where the genuine chassis passes and no mutant does."""
    arguments = _parser().parse_args(argv)
    mutants = [MUTANTS[name] for name in arguments.only or MUTANTS]
    base = Options(arguments.seed, minutes=arguments.minutes, out=arguments.out)
    faults = tuple(dict.fromkeys(fault for mutant in mutants for fault in mutant.faults))
    genuine = execute(replace(base, only=faults, minutes=2 * base.minutes, out=base.out / "genuine"))
    killed = {mutant.name: _with_some_seed(mutant, base) for mutant in mutants}
    say("\nthe genuine chassis: " + ("holds" if genuine else "FAILS"))
    for mutant in mutants:
        say(f"{mutant.name:26} {', '.join(killed[mutant.name][:_SHOWN]) or 'SURVIVES'}")
    (base.out / "mutants.json").write_text(
        json.dumps({"seed": base.seed, "genuine": genuine, "killed_by": killed}, indent=1) + "\n"
    )
    return 0 if genuine and all(killed.values()) else 1


def killed_by(mutant: Mutant, base: Options) -> tuple[str, ...]:
    """The checks that noticed one run of a mutant, those that are meant to first; none where they did not."""
    options = replace(
        base, only=mutant.faults, mutant=mutant.name, rate=mutant.rate, out=base.out / mutant.name
    )
    if execute(options):
        return ()
    failed = _failed(options.directory)
    meant = [check for check in failed if check in mutant.noticed_by]
    return (*meant, *(check for check in failed if check not in meant)) if meant else ()


def _with_some_seed(mutant: Mutant, base: Options) -> tuple[str, ...]:
    """The same, with several seeds: a fault may miss the moment in which it does harm."""
    for seed in range(base.seed, base.seed + _TRIES):
        if checks := killed_by(mutant, replace(base, seed=seed)):
            return checks
    return ()


def _failed(directory: Path) -> list[str]:
    """The checks that failed, in the checker's order; and that a service halted, where one did."""
    verdict = directory / "verdict.json"
    checks = json.loads(verdict.read_text()) if verdict.exists() else []
    trouble = json.loads((directory / "run.json").read_text())["trouble"]
    halted = [HALTED] if any(line.endswith(" halted") for line in trouble) else []
    return [check["check"] for check in checks if not check["holds"]] + halted


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
