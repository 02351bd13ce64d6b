"""What this package refuses to calculate, as one small tree of errors."""


class MetallurgyError(ValueError):
    """Root: the figures given cannot be what they claim to be, or a formula does not hold for them."""


class ImpossibleQuantityError(MetallurgyError):
    """A mass, moisture or share outside what the physical world allows (rule R01)."""


class UnreadableGradeError(MetallurgyError):
    """An assay's text or unit that states no number and no detection limit."""


class NotAMassGradeError(MetallurgyError):
    """A mass was asked of a result that states none: an activity in Bq/g."""


class FormulaDoesNotApplyError(MetallurgyError):
    """The figures break a formula's assumptions (grades out of order, singular system, negative yield)."""
