//! A partition's fields, whichever feature they come from. What a client has no
//! value for keeps the one that says so.

use super::json::Json;
use crate::producer::partition::Counts;

/// "No offset", as the C API has it.
const INVALID: i64 = -1001;

#[derive(Debug)]
pub struct PartitionFields {
    pub partition: i32,
    pub broker: i32,
    pub leader: i32,
    pub leader_epoch: i32,
    pub desired: bool,
    pub unknown: bool,
    pub produced: Counts,
    pub tx_messages: u64,
    pub tx_bytes: u64,
    pub consumed: Consumed,
}

/// What a consumer has of a partition.
#[derive(Debug)]
pub struct Consumed {
    pub fetch_state: &'static str,
    pub queued: usize,
    pub queued_bytes: usize,
    pub query_offset: i64,
    pub next_offset: i64,
    pub app_offset: i64,
    pub stored_offset: i64,
    pub stored_epoch: i32,
    pub committed_offset: i64,
    pub committed_epoch: i32,
    pub eof_offset: i64,
    pub low: i64,
    pub high: i64,
    pub last_stable: i64,
    /// What the application's isolation level lets it read up to.
    pub end: i64,
    pub rx_messages: u64,
    pub rx_bytes: u64,
    pub dropped: u64,
}

impl Default for Consumed {
    fn default() -> Self {
        Consumed {
            fetch_state: "none",
            queued: 0,
            queued_bytes: 0,
            query_offset: INVALID,
            next_offset: 0,
            app_offset: INVALID,
            stored_offset: INVALID,
            stored_epoch: -1,
            committed_offset: INVALID,
            committed_epoch: -1,
            eof_offset: INVALID,
            low: INVALID,
            high: INVALID,
            last_stable: INVALID,
            end: INVALID,
            rx_messages: 0,
            rx_bytes: 0,
            dropped: 0,
        }
    }
}

impl Consumed {
    /// How far an offset is behind the end, -1 where that is not known.
    fn lag(&self, offset: i64) -> i64 {
        if self.end >= 0 && (0..=self.end).contains(&offset) {
            self.end - offset
        } else {
            -1
        }
    }
}

impl PartitionFields {
    pub fn new(partition: i32) -> Self {
        PartitionFields {
            partition,
            broker: -1,
            leader: -1,
            leader_epoch: -1,
            desired: false,
            unknown: false,
            produced: Counts::default(),
            tx_messages: 0,
            tx_bytes: 0,
            consumed: Consumed::default(),
        }
    }

    pub fn write(&self, j: &mut Json) {
        let (p, c) = (&self.produced, &self.consumed);
        j.object(&self.partition.to_string(), |j| {
            j.int("partition", self.partition);
            j.int("broker", self.broker);
            j.int("leader", self.leader);
            j.flag("desired", self.desired);
            j.flag("unknown", self.unknown);
            j.int("msgq_cnt", p.waiting);
            j.int("msgq_bytes", p.waiting_bytes);
            // Closed batches are counted with the queue.
            j.int("xmit_msgq_cnt", 0);
            j.int("xmit_msgq_bytes", 0);
            j.int("fetchq_cnt", c.queued);
            j.int("fetchq_size", c.queued_bytes);
            j.text("fetch_state", c.fetch_state);
            j.int("query_offset", c.query_offset);
            j.int("next_offset", c.next_offset);
            j.int("app_offset", c.app_offset);
            j.int("stored_offset", c.stored_offset);
            j.int("stored_leader_epoch", c.stored_epoch);
            // Misspelt at first, and kept for those who read that.
            j.int("commited_offset", c.committed_offset);
            j.int("committed_offset", c.committed_offset);
            j.int("committed_leader_epoch", c.committed_epoch);
            j.int("eof_offset", c.eof_offset);
            j.int("lo_offset", c.low);
            j.int("hi_offset", c.high);
            j.int("ls_offset", c.last_stable);
            j.int("consumer_lag", c.lag(c.committed_offset));
            j.int("consumer_lag_stored", c.lag(c.stored_offset));
            j.int("leader_epoch", self.leader_epoch);
            j.int("txmsgs", self.tx_messages);
            j.int("txbytes", self.tx_bytes);
            j.int("rxmsgs", c.rx_messages);
            j.int("rxbytes", c.rx_bytes);
            j.int("msgs", p.messages.max(c.rx_messages));
            j.int("rx_ver_drops", c.dropped);
            j.int("msgs_inflight", p.in_flight);
            j.int("next_ack_seq", 0);
            j.int("next_err_seq", 0);
            j.int("acked_msgid", 0);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lag_needs_two_offsets() {
        let mut c = Consumed::default();
        assert_eq!(c.lag(3), -1, "no end");
        c.end = 10;
        assert_eq!(c.lag(3), 7);
        assert_eq!(c.lag(10), 0);
        assert_eq!(c.lag(11), -1, "beyond the end");
        assert_eq!(c.lag(-1001), -1);
    }
}
