"""How much of what a workload holds, as shares of everything sent unless said otherwise."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mix:
    """The defaults are a bad day at a real site; `Mix.quiet()` has nothing special in it."""

    repeat: float = 0.04
    """The same command again."""
    conflict: float = 0.015
    """A used command id with other content."""
    poison: float = 0.02
    """Bytes on a command topic that are no command."""
    foreign: float = 0.05
    """Facts of another site."""
    foreign_bad: float = 0.08
    """Of the foreign ones: how many cannot be decoded, and park their key."""
    aborted: float = 0.02
    """Records in producer transactions that are aborted."""
    committed: float = 0.03
    """Records in producer transactions that are committed."""
    refused: float = 0.08
    """Of the commands of stories: refused on purpose."""
    late: float = 0.3
    """Of the stories: told out of order, so that what needs a fact often comes before it."""
    hot: float = 0.15
    """Of the commands: draws on one stockpile."""
    held: float = 0.08
    """Of the commands: stories of holds, quarantines, and their ends."""
    dig: float = 0.2
    """Of the commands: stories that stay in mining."""
    contest: float = 0.03
    """Of the commands: two claims on one thing, of which the first to come wins."""
    stranded: float = 0.003
    """Of the commands: waits for what never comes."""
    huge: float = 0.03
    """Of the poison: values near the largest a broker takes."""

    @staticmethod
    def quiet(*, dig: float = 0.0) -> Mix:
        """Only commands that are accepted, in order; `dig` of them in mining alone."""
        none = dict.fromkeys(
            ("repeat", "conflict", "poison", "foreign", "aborted", "committed", "refused", "late"), 0.0
        )
        return Mix(**none, hot=0.0, held=0.0, contest=0.0, stranded=0.0, dig=dig)
