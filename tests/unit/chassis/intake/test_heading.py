"""A heading writes what the envelope's headers are."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from orestream.chassis.intake.heading import Heading
from orestream.chassis.wire_headers import encode
from orestream.contracts.decimals import write_time
from orestream.contracts.wire import Envelope, headers_of

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=300)
TIMES = st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - Hypothesis adds the zone


ENVELOPES = st.builds(
    Envelope,
    id=TEXTS,
    source=TEXTS,
    type=TEXTS,
    subject=TEXTS,
    time=TIMES,
    correlation_id=TEXTS,
    causation_id=TEXTS,
    sequence=st.just(0),
    traceparent=TEXTS,
)


@given(ENVELOPES)
def test_a_heading_filled_in_is_the_encoded_envelope(envelope: Envelope) -> None:
    filled = Heading(envelope.source, envelope.type).over(
        envelope.id,
        envelope.subject.encode(),
        write_time(envelope.time),
        correlation=envelope.correlation_id,
        causation=envelope.causation_id or "",
        trace=envelope.traceparent or "",
    )

    assert filled == encode(headers_of(envelope))
