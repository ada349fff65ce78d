// franz-go against a cluster: produce, a group of two, commits, transactions.
//
// usage: peer BOOTSTRAP
package main

import (
	"context"
	"fmt"
	"math/rand"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	partitions = 4
	messages   = 400
)

var (
	seeds    = strings.Split(os.Args[1], ",")
	run      = fmt.Sprintf("%08x", rand.New(rand.NewSource(time.Now().UnixNano())).Uint32())
	topic    = "go-" + run
	txnTopic = "go-txn-" + run
	group    = "go-group-" + run
)

func check(ok bool, format string, args ...any) {
	if !ok {
		fmt.Printf("FAIL "+format+"\n", args...)
		os.Exit(1)
	}
}

func client(opts ...kgo.Opt) *kgo.Client {
	cl, err := kgo.NewClient(append(opts, kgo.SeedBrokers(seeds...))...)
	check(err == nil, "client: %v", err)
	return cl
}

func createTopics(ctx context.Context) {
	cl := client()
	defer cl.Close()
	admin := kadm.NewClient(cl)
	for name, n := range map[string]int32{topic: partitions, txnTopic: 1} {
		_, err := admin.CreateTopic(ctx, n, 1, nil, name)
		check(err == nil, "create %s: %v", name, err)
	}
	fmt.Println("ok create topics")
}

func produce(ctx context.Context) {
	cl := client(kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerBatchCompression(kgo.ZstdCompression()))
	defer cl.Close()
	var records []*kgo.Record
	for i := 0; i < messages; i++ {
		records = append(records, &kgo.Record{
			Topic: topic, Partition: int32(i % partitions),
			Key: []byte(fmt.Sprint("k", i)), Value: []byte(fmt.Sprint("v", i)),
			Headers: []kgo.RecordHeader{{Key: "h", Value: []byte(fmt.Sprint(i))}},
		})
	}
	err := cl.ProduceSync(ctx, records...).FirstErr()
	check(err == nil, "produce: %v", err)
	for i, r := range records {
		check(r.Offset == int64(i/partitions), "offset of %d: %d", i, r.Offset)
	}
	fmt.Println("ok produce")
}

func groupOfTwo(ctx context.Context) {
	var mu sync.Mutex
	seen := map[string]bool{}
	assigned := [2]map[int32]bool{{}, {}}
	var clients [2]*kgo.Client
	ctx, cancel := context.WithTimeout(ctx, 60*time.Second)
	defer cancel()
	var wg sync.WaitGroup
	for i := range clients {
		i := i // Before Go 1.22 the loop has one variable for all rounds.
		clients[i] = client(
			kgo.ConsumerGroup(group), kgo.ConsumeTopics(topic), kgo.DisableAutoCommit(),
			kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.SessionTimeout(10*time.Second),
			kgo.HeartbeatInterval(500*time.Millisecond),
			kgo.OnPartitionsAssigned(func(_ context.Context, _ *kgo.Client, a map[string][]int32) {
				mu.Lock()
				defer mu.Unlock()
				for _, p := range a[topic] {
					assigned[i][p] = true
				}
			}),
			kgo.OnPartitionsRevoked(func(_ context.Context, _ *kgo.Client, a map[string][]int32) {
				mu.Lock()
				defer mu.Unlock()
				for _, p := range a[topic] {
					delete(assigned[i], p)
				}
			}),
		)
		wg.Add(1)
		go func() {
			defer wg.Done()
			for ctx.Err() == nil {
				fetches := clients[i].PollFetches(ctx)
				mu.Lock()
				fetches.EachRecord(func(r *kgo.Record) {
					n := int(r.Offset)*partitions + int(r.Partition)
					check(string(r.Key) == fmt.Sprint("k", n) && string(r.Value) == fmt.Sprint("v", n) &&
						len(r.Headers) == 1 && string(r.Headers[0].Value) == fmt.Sprint(n), "content of %d", n)
					seen[fmt.Sprint(r.Partition, "/", r.Offset)] = true
				})
				mu.Unlock()
			}
		}()
	}
	for done := false; !done && ctx.Err() == nil; time.Sleep(50 * time.Millisecond) {
		mu.Lock()
		union := map[int32]bool{}
		for _, a := range assigned {
			for p := range a {
				union[p] = true
			}
		}
		done = len(seen) == messages && len(assigned[0]) > 0 && len(assigned[1]) > 0 && len(union) == partitions &&
			len(assigned[0])+len(assigned[1]) == partitions
		mu.Unlock()
	}
	check(ctx.Err() == nil, "the group shares: %d of %d consumed, %v", len(seen), messages, assigned)
	offsets := map[string]map[int32]kgo.EpochOffset{topic: {}}
	for i, cl := range clients {
		mu.Lock()
		mine := map[int32]kgo.EpochOffset{}
		for p := range assigned[i] {
			mine[p] = kgo.EpochOffset{Epoch: -1, Offset: messages / partitions}
		}
		mu.Unlock()
		offsets[topic] = mine
		cl.CommitOffsetsSync(ctx, offsets, nil)
	}
	cancel()
	wg.Wait()
	for _, cl := range clients {
		cl.Close()
	}
	fmt.Println("ok group of two")
}

func committed(ctx context.Context) {
	cl := client()
	defer cl.Close()
	admin := kadm.NewClient(cl)
	offsets, err := admin.FetchOffsets(ctx, group)
	check(err == nil, "fetch offsets: %v", err)
	for p := int32(0); p < partitions; p++ {
		o, ok := offsets.Lookup(topic, p)
		check(ok && o.At == messages/partitions, "committed of %d: %v", p, o)
	}
	described, err := admin.DescribeGroups(ctx, group)
	check(err == nil && described[group].State == "Empty", "state: %v %v", described[group].State, err)
	fmt.Println("ok committed offsets")
}

func transactions(ctx context.Context) {
	producer := client(kgo.TransactionalID("go-tx-"+run), kgo.DefaultProduceTopic(txnTopic))
	for _, t := range []struct {
		name   string
		commit bool
	}{{"first", true}, {"aborted", false}, {"second", true}} {
		check(producer.BeginTransaction() == nil, "begin %s", t.name)
		var records []*kgo.Record
		for i := 0; i < 10; i++ {
			records = append(records, kgo.StringRecord(fmt.Sprint(t.name, i)))
		}
		err := producer.ProduceSync(ctx, records...).FirstErr()
		check(err == nil, "produce %s: %v", t.name, err)
		err = producer.EndTransaction(ctx, kgo.TransactionEndTry(t.commit))
		check(err == nil, "end %s: %v", t.name, err)
	}
	producer.Close()
	for _, isolation := range []kgo.IsolationLevel{kgo.ReadCommitted(), kgo.ReadUncommitted()} {
		names := []string{"first", "aborted", "second"}
		if isolation == kgo.ReadCommitted() {
			names = []string{"first", "second"}
		}
		var expected, values []string
		for _, name := range names {
			for i := 0; i < 10; i++ {
				expected = append(expected, fmt.Sprint(name, i))
			}
		}
		cl := client(kgo.ConsumeTopics(txnTopic), kgo.FetchIsolationLevel(isolation),
			kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
		ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
		for len(values) < len(expected) && ctx.Err() == nil {
			cl.PollFetches(ctx).EachRecord(func(r *kgo.Record) { values = append(values, string(r.Value)) })
		}
		cancel()
		cl.Close()
		check(fmt.Sprint(values) == fmt.Sprint(expected), "%v: %v", isolation, values)
	}
	fmt.Println("ok transactions")
}

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	createTopics(ctx)
	produce(ctx)
	groupOfTwo(ctx)
	committed(ctx)
	transactions(ctx)
	fmt.Println("PASS franz-go")
}
