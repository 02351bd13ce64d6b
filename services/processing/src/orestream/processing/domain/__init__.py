"""What processing decides: lots weighed in, batches with their balances, and the lots that they make."""

from __future__ import annotations

from orestream.processing.domain.service import ProcessingDomain

__all__ = ["ProcessingDomain"]
