package tally;

import com.fasterxml.jackson.annotation.JsonFormat;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.util.Properties;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.processor.api.FixedKeyProcessor;
import org.apache.kafka.streams.processor.api.FixedKeyProcessorContext;
import org.apache.kafka.streams.processor.api.FixedKeyProcessorSupplier;
import org.apache.kafka.streams.processor.api.FixedKeyRecord;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;

/** Kafka Streams with exactly_once_v2, one thread, a RocksDB store with its changelog; else its defaults. */
public final class Main {
    private static final String STORE = "tallies";

    public static void main(String[] given) {
        String bootstrap = given[0];
        String input = given[1];
        String output = given[2];
        String directory = given[3];

        StreamsBuilder builder = new StreamsBuilder();
        Serde<LotWeighed> weighed = json(LotWeighed.class);
        Serde<Tally.LotTallied> tallied = json(Tally.LotTallied.class);
        builder.stream(input, Consumed.with(Serdes.String(), weighed))
                .processValues(new Tallying())
                .to(output, Produced.with(Serdes.String(), tallied));

        Properties settings = new Properties();
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, "kafka-streams");
        settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrap);
        settings.put(StreamsConfig.STATE_DIR_CONFIG, directory);
        settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
        settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 1);
        settings.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, 1);
        settings.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
        KafkaStreams streams = new KafkaStreams(builder.build(), settings);
        streams.setUncaughtExceptionHandler(error -> {
            error.printStackTrace();
            System.exit(1);
            return null;
        });
        Runtime.getRuntime().addShutdownHook(new Thread(streams::close));
        streams.start();
    }

    /** Validates, keeps the lot's state, tells of it. */
    private static final class Tallying implements FixedKeyProcessorSupplier<String, LotWeighed, Tally.LotTallied> {
        @Override
        public Set<StoreBuilder<?>> stores() {
            return Set.of(Stores.keyValueStoreBuilder(
                    Stores.persistentKeyValueStore(STORE), Serdes.String(), json(Tally.class)));
        }

        @Override
        public FixedKeyProcessor<String, LotWeighed, Tally.LotTallied> get() {
            return new FixedKeyProcessor<>() {
                private FixedKeyProcessorContext<String, Tally.LotTallied> context;
                private KeyValueStore<String, Tally> store;

                @Override
                public void init(FixedKeyProcessorContext<String, Tally.LotTallied> context) {
                    this.context = context;
                    this.store = context.getStateStore(STORE);
                }

                @Override
                public void process(FixedKeyRecord<String, LotWeighed> record) {
                    LotWeighed event = record.value();
                    Tally after = Tally.after(store.get(record.key()), event);
                    store.put(record.key(), after);
                    context.forward(record.withValue(after.told(event)));
                }
            };
        }
    }

    private static <T> Serde<T> json(Class<T> type) {
        ObjectMapper mapper = JsonMapper.builder()
                .addModule(new JavaTimeModule())
                .disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS)
                .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
                .build();
        // decimals are strings on the wire
        mapper.configOverride(BigDecimal.class).setFormat(JsonFormat.Value.forShape(JsonFormat.Shape.STRING));
        return Serdes.serdeFrom(
                (topic, value) -> {
                    try {
                        return value == null ? null : mapper.writeValueAsBytes(value);
                    } catch (IOException error) {
                        throw new UncheckedIOException(error);
                    }
                },
                (topic, bytes) -> {
                    try {
                        return bytes == null ? null : mapper.readValue(bytes, type);
                    } catch (IOException error) {
                        throw new UncheckedIOException(error);
                    }
                });
    }

    private Main() {}
}
