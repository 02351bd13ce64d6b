"""The bench's own arithmetic: medians, spreads, ratios, verdicts, tables, and what is read back."""

from pathlib import Path

import pytest

from tests.bench.chassis_bench import POSTGRES_1
from tests.bench.harness.figures import Cost, Figure, find, middle_cost
from tests.bench.harness.results import Results, markdown, read
from tests.bench.harness.rounds import RATE
from tests.bench.harness.tables import markdown_table, section_table, terminal_table
from tests.bench.harness.targets import AtLeastTimes, Bound, Verdict, amount, application_cpu, memory
from tests.bench.throughput import COST, PLAIN, exactly_once_cost


def figure(system: str, *values: float, metric: str = RATE, cost: Cost | None = None) -> Figure:
    return Figure(
        "throughput", system, metric, "records/s", values, cost, 120.0, "exactly-once", "100 records"
    )


def test_the_middle_of_the_repeats_counts_and_the_spread_shows_the_others() -> None:
    measured = figure("ours", 30.0, 10.0, 20.0)
    assert measured.median == 20.0
    assert measured.spread == (10.0, 30.0)


def test_of_an_even_number_of_repeats_the_mean_of_the_middle_two_counts() -> None:
    assert figure("ours", 10.0, 40.0, 20.0, 30.0).median == 25.0


def test_costs_are_the_medians_part_by_part() -> None:
    costs = [Cost(3.0, 1.0, 9.0), Cost(1.0, None, 8.0), Cost(2.0, 2.0, 7.0)]
    assert middle_cost(costs) == Cost(2.0, 1.5, 8.0)


def test_a_system_without_a_database_has_no_cost_of_one() -> None:
    assert middle_cost([Cost(1.0, None, 1.0)]).database is None


def test_a_figure_that_was_not_measured_is_not_found() -> None:
    assert find([figure("ours")], "ours", RATE) is None


@pytest.mark.parametrize(("rate", "status"), [(400.0, "met"), (399.9, "missed")])
def test_a_ratio_is_met_at_its_limit_and_missed_below(rate: float, status: str) -> None:
    verdict = AtLeastTimes("40 times", "ours", "theirs", RATE, 40).judge(
        [figure("ours", rate), figure("theirs", 10.0)]
    )
    assert verdict.status == status


def test_a_ratio_compares_medians() -> None:
    figures = [figure("ours", 100.0, 10.0, 20.0), figure("theirs", 5.0, 10.0, 1000.0)]
    assert AtLeastTimes("twice", "ours", "theirs", RATE, 2).judge(figures).measured == 2.0


def test_a_ratio_to_a_system_that_was_not_measured_is_not_judged() -> None:
    verdict = AtLeastTimes("40 times", "ours", "theirs", RATE, 40).judge(
        [figure("ours", 1.0), figure("theirs")]
    )
    assert verdict.status == "not measured"
    assert verdict.line == "not measured  40 times"


def test_a_limit_may_be_of_the_processor_or_of_the_memory() -> None:
    figures = [figure("ours", 1.0, cost=Cost(4.5, None, 1.0))]
    assert Bound("cpu", "ours", RATE, 4, " s", application_cpu).judge(figures).status == "missed"
    assert Bound("memory", "ours", RATE, 150, " MB", memory).judge(figures).status == "met"
    assert Bound("speed", "ours", RATE, 2, "", side="at least").judge(figures).status == "missed"


def test_a_missed_target_says_by_how_much() -> None:
    line = Verdict("CPU at most 4 s", "missed", 5.0, 4.0, " s").line
    assert line == "missed        CPU at most 4 s: 5 s, missed by 25%"


def test_the_cost_of_exactly_once_is_counted_repeat_by_repeat() -> None:
    cost = exactly_once_cost([figure(POSTGRES_1, 90.0, 80.0), figure(PLAIN, 100.0, 100.0)])
    assert cost.metric == COST
    assert cost.values == pytest.approx((10.0, 20.0))


@pytest.mark.parametrize(
    ("value", "told"), [(12_345.6, "12,346"), (345.6, "346"), (34.56, "34.6"), (0.1234, "0.123")]
)
def test_a_number_has_the_digits_that_carry_meaning(value: float, told: str) -> None:
    assert amount(value) == told


def test_a_table_leaves_out_what_is_empty_throughout_and_escapes_bars() -> None:
    table = markdown_table(("a", "b", "c"), [("x|y", "–", "1"), ("z", "–", "2")])
    assert table.splitlines() == ["| a | c |", "| --- | --- |", "| x\\|y | 1 |", "| z | 2 |"]


def test_what_was_not_measured_stays_in_the_tables_with_its_reason() -> None:
    missing = Figure("throughput", "Kafka Streams", RATE, "records/s", (), note="not measured: no Maven")
    assert "not measured: no Maven" in section_table([figure("ours", 1.0), missing])
    assert "Kafka Streams" in terminal_table([figure("ours", 1.0), missing])


def test_results_are_the_same_when_read_again(tmp_path: Path) -> None:
    results = Results(
        "python -m tests.bench",
        "quick",
        61.5,
        {"cpu": "two cores"},
        {"throughput": "Records"},
        (figure("ours", 2.0, 1.0, cost=Cost(1.0, None, 2.0)), figure("theirs", 1.0)),
        (Verdict("twice", "missed", 1.5, 2.0, " ×"),),
        ("a remark",),
    )
    results.write(tmp_path)
    assert read(tmp_path / "results.json") == results
    assert (tmp_path / "results.md").read_text(encoding="utf-8") == markdown(results)


def test_the_page_is_whole_in_itself_and_shows_the_plots(tmp_path: Path) -> None:
    figures = (figure("ours", 2.0, cost=Cost(1.0, None, 2.0)), figure("<theirs>", 1.0))
    Results("x", "quick", 1.0, {}, {"throughput": "Records"}, figures, (), ()).write(tmp_path)
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "<svg" in page
    assert "&lt;theirs&gt;" in page
    assert "src=" not in page
    assert {file.name for file in tmp_path.glob("*.svg")} == {"throughput-records-per-second.svg"}
