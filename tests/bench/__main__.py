"""`python -m tests.bench`: measure, print a table and the verdicts, write JSON, Markdown, plots and a page.

A target that is missed is reported, not failed: the exit code is 0 when everything was measured, and 1 where
a section could not be; what the others gave is kept.
"""

import argparse
import asyncio
import shlex
import sys
import time
import traceback
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from orestream.cli.embedded.archive import ensure_archive
from orestream.cli.embedded.errors import EmbeddedError
from orestream.cli.embedded.runtime import prepare
from tests.bench.genealogy import Genealogy
from tests.bench.harness.bench import CHECKOUT, DEFAULT, FULL, QUICK, Bench, Section, Sizes, surroundings
from tests.bench.harness.figures import Figure
from tests.bench.harness.machine import environment
from tests.bench.harness.results import Results, markdown, read
from tests.bench.harness.tables import terminal_table
from tests.bench.latency import Latency
from tests.bench.recovery import Recovery
from tests.bench.relaying import Relaying
from tests.bench.services import Services
from tests.bench.throughput import Throughput

SECTIONS: tuple[Section, ...] = (Throughput(), Relaying(), Services(), Genealogy(), Latency(), Recovery())
_SIZES = {sizes.name: sizes for sizes in (QUICK, DEFAULT, FULL)}
_QUICKLY = ("throughput", "services", "latency")
"""The sections of a quick run: the others take their minutes whatever the sizes."""
FAILED = "not measured:"
_EXAMPLES = """\
examples:
  python -m tests.bench                              all sections, at most 20 minutes
  python -m tests.bench --size quick                 throughput, services, latency in three minutes
  python -m tests.bench --only throughput --repeats 5
  python -m tests.bench --only throughput --records 10000 --system orestream
  python -m tests.bench --size full --only throughput --system processes --system streams
  python -m tests.bench --document build/bench/results.json   the tables of an earlier run
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    arguments = _parser().parse_args(argv)
    if arguments.document is not None:
        _say(markdown(read(arguments.document)), end="")
        return 0
    wanted = arguments.only or (_QUICKLY if arguments.size == QUICK.name else [one.name for one in SECTIONS])
    sections = [one for one in SECTIONS if one.name in wanted]
    try:
        results = _measured(_sizes(arguments), sections, arguments)
    except EmbeddedError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201 - a command line speaks
        return 1
    results.write(arguments.out)
    for section, title in results.titles.items():
        _say(f"\n{title}\n{terminal_table(results.of(section))}")
    _say("\nTargets")
    for verdict in results.verdicts:
        _say(f"  {verdict.line}")
    failures = [remark for remark in results.remarks if remark.startswith(FAILED)]
    _say("\n".join([*failures, f"\n{arguments.out / 'index.html'}"]))
    return 1 if failures else 0


def _measured(sizes: Sizes, sections: Sequence[Section], arguments: argparse.Namespace) -> Results:
    began = time.monotonic()
    runtime = prepare()
    ensure_archive(runtime)
    found = environment(runtime, CHECKOUT)
    _say("; ".join(f"{name} {value}" for name, value in found.items()))
    arguments.out.mkdir(parents=True, exist_ok=True)
    with surroundings(sizes, runtime, arguments.out, _say) as bench:
        bench.only_systems = arguments.system
        figures = asyncio.run(_run(bench, sections, began))
        remarks = tuple(bench.remarks)
    verdicts = tuple(target.judge(figures) for section in sections for target in section.targets)
    return Results(
        shlex.join(["python", "-m", "tests.bench", *(sys.argv[1:])]),
        sizes.name,
        time.monotonic() - began,
        found,
        {section.name: section.title for section in sections},
        tuple(figures),
        verdicts,
        remarks,
    )


async def _run(bench: Bench, sections: Sequence[Section], began: float) -> list[Figure]:
    """Run the sections in order; each ends by its share of the time, counted from the beginning.

    Catches whatever one of them raises: what the others have measured is kept, and the failure is told.
    """
    figures: list[Figure] = []
    whole = sum(section.share for section in sections)
    passed = 0.0
    for section in sections:
        passed += section.share
        if bench.sizes.budget_s is not None:
            bench.deadline = began + bench.sizes.budget_s * passed / whole
        bench.progress(f"\n{section.title}")
        try:
            figures += await section.run(bench)
        except Exception as error:  # noqa: BLE001 - see the docstring
            traceback.print_exc()
            bench.remark(f"{FAILED} {section.name}: {error!r}")
    return figures


def _sizes(arguments: argparse.Namespace) -> Sizes:
    sizes = _SIZES[arguments.size]
    if arguments.repeats is not None:
        sizes = replace(sizes, repeats=arguments.repeats, budget_s=None)
    if arguments.records is not None:
        each = arguments.records
        sizes = replace(sizes, records=each, long_records=each, slow_records=min(each, sizes.slow_records))
    return sizes


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench",
        description="Measure orestream beside its peers on this machine.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--size", choices=tuple(_SIZES), default="default", help="how much [default]")
    parser.add_argument(
        "--only",
        action="append",
        choices=[one.name for one in SECTIONS],
        help="this section; may be repeated",
    )
    parser.add_argument(
        "--system",
        action="append",
        default=[],
        help="only systems whose name contains this; may be repeated",
    )
    parser.add_argument("--repeats", type=_positive, help="repeats of each system; lifts the limit of time")
    parser.add_argument("--records", type=_positive, help="records of each run")
    parser.add_argument(
        "--out",
        type=Path,
        default=CHECKOUT / "build" / "bench",
        help="directory for the results [build/bench]",
    )
    parser.add_argument("--document", type=Path, metavar="RESULTS", help="print the tables of a results.json")
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def _say(text: str, end: str = "\n") -> None:
    print(text, end=end, flush=True)  # noqa: T201 - a command line speaks


if __name__ == "__main__":
    sys.exit(main())
