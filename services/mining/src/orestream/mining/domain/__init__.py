"""What mining decides: sources, the lots that come out of them, and what is done with these."""

from __future__ import annotations

from orestream.mining.domain.service import MiningDomain

__all__ = ["MiningDomain"]
