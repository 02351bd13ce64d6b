"""What export decides: contracts, shipments gate by gate, and the recalls after their sailing."""

from __future__ import annotations

from orestream.export.domain.service import ExportDomain

__all__ = ["ExportDomain"]
