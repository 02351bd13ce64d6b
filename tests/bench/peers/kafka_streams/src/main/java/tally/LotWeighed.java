package tally;

import java.math.BigDecimal;
import java.time.OffsetDateTime;
import java.util.Set;
import java.util.regex.Pattern;

/** A lorry of ore was weighed; the constructor checks what the Python model checks. */
record LotWeighed(
        String lot_id,
        String ticket,
        String source_id,
        String licence,
        String weighbridge,
        String lorry,
        String driver,
        String haulier,
        String material,
        BigDecimal gross_kg,
        BigDecimal tare_kg,
        BigDecimal moisture_pct,
        OffsetDateTime weighed_at,
        String destination,
        String remarks) {

    private static final Pattern ID = Pattern.compile("[A-Z0-9][A-Z0-9-]{0,39}");
    private static final Set<String> MATERIALS = Set.of("antimony-ore", "rare-earth-ore", "copper-ore");
    private static final BigDecimal HUNDRED = BigDecimal.valueOf(100);

    LotWeighed {
        for (String id : new String[] {lot_id, ticket, source_id, weighbridge, lorry}) {
            check(id != null && ID.matcher(id).matches(), "an id");
        }
        for (String word : new String[] {licence, driver, haulier, destination}) {
            check(word != null && !word.isEmpty() && word.length() <= 200, "a word");
        }
        check(remarks != null && remarks.length() <= 500, "remarks");
        check(material != null && MATERIALS.contains(material), "material");
        mass(gross_kg);
        mass(tare_kg);
        check(moisture_pct != null && moisture_pct.signum() >= 0 && moisture_pct.compareTo(HUNDRED) < 0, "moisture");
        check(weighed_at != null, "a time");
    }

    private static void mass(BigDecimal kg) {
        check(kg != null && kg.signum() >= 0 && kg.scale() <= 3 && kg.precision() <= 12, "a mass");
    }

    private static void check(boolean holds, String what) {
        if (!holds) {
            throw new IllegalArgumentException("not " + what);
        }
    }
}
