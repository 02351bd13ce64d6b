"""`python -m tests.model`: search every model and print the verdicts; `--deep` with larger bounds."""

from __future__ import annotations

import argparse
import sys

from tests.model.catalogue import CASES
from tests.model.search import search


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.model", description=__doc__)
    parser.add_argument("--deep", action="store_true", help="larger bounds: minutes instead of seconds")
    parser.add_argument("--steps", action="store_true", help="print each counterexample, step by step")
    parser.add_argument("model", nargs="*", help="only these models")
    given = parser.parse_args()
    surprises = 0
    print(f"{'model':8}  {'variant':55}  {'result':16}  {'states':>8}  {'seconds':>7}")  # noqa: T201 - a command line
    for case in CASES:
        if given.model and case.model not in given.model:
            continue
        build = case.deep if given.deep and case.deep else case.build
        result = search(build())
        surprise = result.kind not in case.expected
        surprises += surprise
        row = f"{case.model:8}  {case.variant:55}  {result.kind:16}  {result.states:8}  {result.seconds:7.1f}"
        print(row + ("  NOT AS EXPECTED" if surprise else ""), flush=True)  # noqa: T201 - a command line
        if result.counterexample and (surprise or given.steps):
            print(result.counterexample)  # noqa: T201 - a command line
    return 1 if surprises else 0


if __name__ == "__main__":
    sys.exit(main())
