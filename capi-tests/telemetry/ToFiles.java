import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.common.metrics.KafkaMetric;
import org.apache.kafka.common.metrics.MetricsReporter;
import org.apache.kafka.server.telemetry.ClientTelemetry;
import org.apache.kafka.server.telemetry.ClientTelemetryReceiver;

/** A broker's plugin that takes clients' metrics (KIP-714): each push becomes a file CLIENT.INSTANCE.NUMBER[.last] in the folder telemetry.folder. */
public class ToFiles implements MetricsReporter, ClientTelemetry {
    private static final AtomicLong NUMBER = new AtomicLong();
    private Path folder;

    @Override
    public void configure(Map<String, ?> properties) {
        folder = Path.of(String.valueOf(properties.get("telemetry.folder")));
    }

    @Override
    public ClientTelemetryReceiver clientReceiver() {
        return (context, payload) -> {
            ByteBuffer from = payload.data().duplicate();
            byte[] bytes = new byte[from.remaining()];
            from.get(bytes);
            String name = context.clientId() + "." + payload.clientInstanceId() + "." + NUMBER.incrementAndGet()
                    + (payload.isTerminating() ? ".last" : "");
            try {
                Path written = Files.write(folder.resolve(".part-" + name), bytes);
                Files.move(written, folder.resolve(name), StandardCopyOption.ATOMIC_MOVE);
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        };
    }

    @Override
    public void init(List<KafkaMetric> metrics) {
    }

    @Override
    public void metricChange(KafkaMetric metric) {
    }

    @Override
    public void metricRemoval(KafkaMetric metric) {
    }

    @Override
    public void close() {
    }
}
