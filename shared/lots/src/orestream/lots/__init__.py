"""Pure life of a lot: stock, assays, genealogy, holds."""
