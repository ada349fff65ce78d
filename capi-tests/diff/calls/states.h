#ifndef STATES_H
#define STATES_H
/* Makes the topic and waits until it is served; ends the program when it cannot be had. */
void kafka_topic(const char *servers, const char *name, int partitions);
#endif
