// confluent-kafka-go, as run.sh uses each client: main produce|consume TOPIC COUNT FILE name=value...
//
// produce sends each line of FILE to partition 0; consume writes COUNT messages from its beginning to FILE, a line each.
package main

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

const limit = 60 * time.Second

func fail(format string, args ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", args...)
	os.Exit(1)
}

func check(err error) {
	if err != nil {
		fail("%v", err)
	}
}

func produce(topic, file string, conf *kafka.ConfigMap) {
	producer, err := kafka.NewProducer(conf)
	check(err)
	failed := make(chan int)
	go func() {
		n := 0
		for event := range producer.Events() {
			if m, ok := event.(*kafka.Message); ok && m.TopicPartition.Error != nil {
				fmt.Fprintln(os.Stderr, m.TopicPartition.Error)
				n++
			}
		}
		failed <- n
	}()
	in, err := os.Open(file)
	check(err)
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		value := append([]byte(nil), lines.Bytes()...)
		check(producer.Produce(&kafka.Message{TopicPartition: kafka.TopicPartition{Topic: &topic, Partition: 0}, Value: value}, nil))
	}
	check(lines.Err())
	left := producer.Flush(int(limit.Milliseconds()))
	producer.Close()
	if n := <-failed; n > 0 || left > 0 {
		fail("%d messages not sent, %d failed", left, n)
	}
}

func consume(topic string, count int, file string, conf *kafka.ConfigMap) {
	check(conf.SetKey("group.id", "go"))
	check(conf.SetKey("enable.auto.commit", false))
	consumer, err := kafka.NewConsumer(conf)
	check(err)
	check(consumer.Assign([]kafka.TopicPartition{{Topic: &topic, Partition: 0, Offset: 0}}))
	out, err := os.Create(file)
	check(err)
	w := bufio.NewWriter(out)
	until := time.Now().Add(limit)
	got := 0
	for got < count && time.Now().Before(until) {
		switch e := consumer.Poll(1000).(type) {
		case *kafka.Message:
			check(e.TopicPartition.Error)
			w.Write(e.Value)
			w.WriteByte('\n')
			got++
		case kafka.Error:
			fmt.Fprintln(os.Stderr, e)
		}
	}
	check(w.Flush())
	check(consumer.Close())
	if got < count {
		fail("%d of %d messages", got, count)
	}
}

func main() {
	if len(os.Args) < 5 {
		fail("main produce|consume TOPIC COUNT FILE name=value...")
	}
	conf := &kafka.ConfigMap{}
	for _, property := range os.Args[5:] {
		name, value, _ := strings.Cut(property, "=")
		check(conf.SetKey(name, value))
	}
	count, err := strconv.Atoi(os.Args[3])
	check(err)
	if os.Args[1] == "produce" {
		produce(os.Args[2], os.Args[4], conf)
	} else {
		consume(os.Args[2], count, os.Args[4], conf)
	}
}
