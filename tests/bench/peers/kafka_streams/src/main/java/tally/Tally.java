package tally;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.OffsetDateTime;

/** A lot's durable state. */
record Tally(
        String lot_id,
        String material,
        long loads,
        BigDecimal wet_kg,
        BigDecimal dry_kg,
        OffsetDateTime first_at,
        OffsetDateTime last_at,
        String last_ticket) {

    private static final BigDecimal HUNDRED = BigDecimal.valueOf(100);

    /** The lot's state with one load more; {@code before} is null for the first. */
    static Tally after(Tally before, LotWeighed event) {
        BigDecimal net = event.gross_kg().subtract(event.tare_kg());
        BigDecimal dry = net.multiply(HUNDRED.subtract(event.moisture_pct())).movePointLeft(2)
                .setScale(3, RoundingMode.HALF_EVEN);
        if (before == null) {
            return new Tally(event.lot_id(), event.material(), 1, net, dry, event.weighed_at(), event.weighed_at(),
                    event.ticket());
        }
        return new Tally(before.lot_id, before.material, before.loads + 1, before.wet_kg.add(net),
                before.dry_kg.add(dry), before.first_at, event.weighed_at(), event.ticket());
    }

    /** What is published of it. */
    LotTallied told(LotWeighed event) {
        return new LotTallied(event.lot_id(), event.ticket(), event.source_id(), event.licence(),
                event.weighbridge(), event.haulier(), event.material(), loads,
                event.gross_kg().subtract(event.tare_kg()), wet_kg, dry_kg, first_at, last_at, event.destination(),
                event.remarks());
    }

    /** How much ore a lot has by now. */
    record LotTallied(
            String lot_id,
            String ticket,
            String source_id,
            String licence,
            String weighbridge,
            String haulier,
            String material,
            long loads,
            BigDecimal net_kg,
            BigDecimal wet_kg,
            BigDecimal dry_kg,
            OffsetDateTime first_at,
            OffsetDateTime last_at,
            String destination,
            String remarks) {
    }
}
