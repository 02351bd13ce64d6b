"""What `verify` asks of the ledger, one question a file; each is a pure function of the records."""

from __future__ import annotations

from orestream.cli.ledger_checks.answers import check_answers
from orestream.cli.ledger_checks.batch_metal import check_batch_metal
from orestream.cli.ledger_checks.batch_solids import check_batch_solids
from orestream.cli.ledger_checks.chain_mass import check_chain_mass
from orestream.cli.ledger_checks.draws import check_draws
from orestream.cli.ledger_checks.headers import check_headers
from orestream.cli.ledger_checks.ids import check_ids
from orestream.cli.ledger_checks.lineage import check_lineage
from orestream.cli.ledger_checks.lot_mass import check_lot_mass
from orestream.cli.ledger_checks.partitions import check_partitions
from orestream.cli.ledger_checks.receipts import check_receipts
from orestream.cli.ledger_checks.sequences import check_sequences
from orestream.cli.ledger_checks.shares import check_shares
from orestream.cli.ledger_checks.shipments import check_shipments
from orestream.cli.ledger_checks.verdict import Check
from orestream.cli.ledger_checks.versions import check_versions
from orestream.cli.ledger_checks.weighings import check_weighings

CHECKS: tuple[Check, ...] = (
    check_headers,
    check_ids,
    check_sequences,
    check_partitions,
    check_versions,
    check_answers,
    check_lineage,
    check_shares,
    check_weighings,
    check_lot_mass,
    check_draws,
    check_receipts,
    check_batch_solids,
    check_batch_metal,
    check_shipments,
    check_chain_mass,
)
"""In the order in which they are printed."""
