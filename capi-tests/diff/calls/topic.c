/* Topics on a real Kafka, made without the library under test. */
#include "t.h"
#include "wire.h"

#include "states.h"

void kafka_topic(const char *servers, const char *name, int partitions) {
        char errstr[256];
        t.slow = t.load = 1;
        if (wire_create_topic(servers, name, partitions, errstr, sizeof(errstr)))
                fprintf(stderr, "create topic %s: %s\n", name, errstr), exit(2);
}
