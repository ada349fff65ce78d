//! ProduceRequest, written around batches that are already sealed.
//!
//! kafka-protocol's encoder would copy every batch into the request. This one
//! writes what stands between them into one small buffer and gives back the
//! frame as a list of segments for a vectored write.
//!
//! ```text
//! v3-v8:  transactional id | acks i16 | timeout i32
//!         [topic name | [index i32 | records]]
//! v9-v12: the same with compact strings, arrays and bytes, and tagged fields
//! v13:    a topic is an id (UUID), not a name
//! ```

use bytes::{BufMut, Bytes, BytesMut};
use kafka_protocol::messages::ApiKey;
use uuid::Uuid;

/// The versions of ProduceRequest this can write.
pub const MIN_VERSION: i16 = 3;
pub const MAX_VERSION: i16 = 13;
/// The first with compact types and tagged fields.
const FLEXIBLE: i16 = 9;
/// The first with topic ids.
const TOPIC_IDS: i16 = 13;

/// What a request says about all its batches.
#[derive(Debug, Clone, Copy)]
pub struct ProduceHeader<'a> {
    pub version: i16,
    pub correlation_id: i32,
    pub client_id: Option<&'a str>,
    pub transactional_id: Option<&'a str>,
    pub acks: i16,
    pub timeout_ms: i32,
}

/// Writes one ProduceRequest: [`Self::new`], then each [`Self::topic`] followed
/// by its [`Self::partition`]s, as many as was said; [`Self::finish`].
#[derive(Debug)]
pub struct ProduceEncoder {
    flexible: bool,
    topic_ids: bool,
    /// Everything that is not a batch.
    meta: BytesMut,
    /// The batches, and how long `meta` was when each was added.
    batches: Vec<(usize, Bytes)>,
    batch_bytes: usize,
    /// A topic is open: its tagged fields are still to be written.
    in_topic: bool,
}

impl ProduceEncoder {
    pub fn new(header: &ProduceHeader<'_>, topics: usize) -> Self {
        debug_assert!((MIN_VERSION..=MAX_VERSION).contains(&header.version));
        let flexible = header.version >= FLEXIBLE;
        let mut this = ProduceEncoder {
            flexible,
            topic_ids: header.version >= TOPIC_IDS,
            meta: BytesMut::with_capacity(128 + topics * 64),
            batches: Vec::with_capacity(topics),
            batch_bytes: 0,
            in_topic: false,
        };
        this.meta.put_i32(0); // The length, filled by `finish`.
        this.meta.put_i16(ApiKey::Produce as i16);
        this.meta.put_i16(header.version);
        this.meta.put_i32(header.correlation_id);
        // The client id of a request header is never compact.
        put_string(&mut this.meta, header.client_id);
        this.tagged_fields();
        this.string(header.transactional_id);
        this.meta.put_i16(header.acks);
        this.meta.put_i32(header.timeout_ms);
        this.array(topics);
        this
    }

    /// Begins a topic with `partitions` partitions. The id is what v13 and
    /// later send, the name what others do.
    pub fn topic(&mut self, name: &str, id: Uuid, partitions: usize) {
        self.end_topic();
        self.in_topic = true;
        if self.topic_ids {
            self.meta.put_slice(id.as_bytes());
        } else {
            self.string(Some(name));
        }
        self.array(partitions);
    }

    /// Adds a partition of the current topic: a batch, in one piece or several
    /// that belong together.
    pub fn partition(&mut self, index: i32, records: impl IntoIterator<Item = Bytes>) {
        self.meta.put_i32(index);
        // The size comes first, so its place is marked until it is known.
        let at = self.meta.len();
        let first = self.batches.len();
        self.batches
            .extend(records.into_iter().map(|piece| (at, piece)));
        let pieces = self.batches.get_mut(first..).unwrap_or_default();
        let size: usize = pieces.iter().map(|(_, piece)| piece.len()).sum();
        if self.flexible {
            put_unsigned(&mut self.meta, size as u32 + 1);
        } else {
            self.meta.put_i32(size as i32);
        }
        for (at, _) in pieces {
            *at = self.meta.len();
        }
        self.batch_bytes += size;
        self.tagged_fields();
    }

    /// The size of the frame so far, its length included.
    pub fn size(&self) -> usize {
        self.meta.len() + self.batch_bytes
    }

    /// The frame as segments in order, for a vectored write.
    pub fn finish(mut self) -> Vec<Bytes> {
        self.end_topic();
        self.tagged_fields();
        let length = (self.size() - 4) as i32;
        if let Some(prefix) = self.meta.first_chunk_mut::<4>() {
            *prefix = length.to_be_bytes();
        }
        let mut meta = self.meta.freeze();
        let mut segments = Vec::with_capacity(2 * self.batches.len() + 1);
        let mut done = 0;
        for (at, batch) in self.batches {
            if at > done {
                segments.push(meta.split_to(at - done));
                done = at;
            }
            segments.push(batch);
        }
        if !meta.is_empty() {
            segments.push(meta);
        }
        segments
    }

    fn end_topic(&mut self) {
        if std::mem::take(&mut self.in_topic) {
            self.tagged_fields();
        }
    }

    fn tagged_fields(&mut self) {
        if self.flexible {
            self.meta.put_u8(0);
        }
    }

    fn array(&mut self, len: usize) {
        if self.flexible {
            put_unsigned(&mut self.meta, len as u32 + 1);
        } else {
            self.meta.put_i32(len as i32);
        }
    }

    fn string(&mut self, s: Option<&str>) {
        if self.flexible {
            put_unsigned(&mut self.meta, s.map_or(0, |s| s.len() as u32 + 1));
            self.meta.put_slice(s.unwrap_or_default().as_bytes());
        } else {
            put_string(&mut self.meta, s);
        }
    }
}

fn put_string(buf: &mut BytesMut, s: Option<&str>) {
    buf.put_i16(s.map_or(-1, |s| s.len() as i16));
    buf.put_slice(s.unwrap_or_default().as_bytes());
}

fn put_unsigned(buf: &mut BytesMut, mut v: u32) {
    while v >= 0x80 {
        buf.put_u8(v as u8 | 0x80);
        v >>= 7;
    }
    buf.put_u8(v as u8);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::request::decode_request;
    use kafka_protocol::messages::RequestKind;
    use proptest::collection::vec;
    use proptest::prelude::*;

    type Topics = Vec<(String, u128, Vec<(i32, Vec<Vec<u8>>)>)>;

    fn topics() -> impl Strategy<Value = Topics> {
        let records = vec(vec(any::<u8>(), 0..200), 0..3);
        vec(
            (
                "[a-z]{0,200}",
                any::<u128>(),
                vec((any::<i32>(), records), 0..5),
            ),
            0..5,
        )
    }

    proptest! {
        #[test]
        fn decodes_as_what_was_encoded(
            version in MIN_VERSION..=MAX_VERSION,
            client_id in proptest::option::of("[a-z]{0,10}"),
            transactional_id in proptest::option::of("[a-z]{0,10}"),
            acks in -1i16..=1,
            timeout_ms in any::<i32>(),
            correlation_id in any::<i32>(),
            topics in topics(),
        ) {
            let mut e = ProduceEncoder::new(
                &ProduceHeader {
                    version,
                    correlation_id,
                    client_id: client_id.as_deref(),
                    transactional_id: transactional_id.as_deref(),
                    acks,
                    timeout_ms,
                },
                topics.len(),
            );
            for (name, id, partitions) in &topics {
                e.topic(name, Uuid::from_u128(*id), partitions.len());
                for (index, records) in partitions {
                    e.partition(*index, records.iter().cloned().map(Bytes::from));
                }
            }
            let frame = e.finish().concat();
            let (length, frame) = frame.split_first_chunk::<4>().unwrap();
            prop_assert_eq!(u32::from_be_bytes(*length) as usize, frame.len());
            let frame = Bytes::copy_from_slice(frame);
            let decoded = decode_request(ApiKey::Produce, version, frame).unwrap();
            prop_assert_eq!(decoded.correlation_id, correlation_id);
            prop_assert_eq!(decoded.client_id, client_id);
            let RequestKind::Produce(request) = decoded.request else {
                panic!("not a ProduceRequest");
            };
            prop_assert_eq!(
                request.transactional_id.map(|t| t.to_string()),
                transactional_id
            );
            prop_assert_eq!(request.acks, acks);
            prop_assert_eq!(request.timeout_ms, timeout_ms);
            prop_assert_eq!(request.topic_data.len(), topics.len());
            for (got, (name, id, partitions)) in request.topic_data.iter().zip(&topics) {
                if version >= TOPIC_IDS {
                    prop_assert_eq!(got.topic_id, Uuid::from_u128(*id));
                } else {
                    prop_assert_eq!(got.name.as_str(), name.as_str());
                }
                prop_assert_eq!(got.partition_data.len(), partitions.len());
                for (got, (index, records)) in got.partition_data.iter().zip(partitions) {
                    prop_assert_eq!(got.index, *index);
                    prop_assert_eq!(got.records.as_deref(), Some(&records.concat()[..]));
                }
            }
        }
    }

    #[test]
    fn batches_are_not_copied() {
        let batch = Bytes::from(vec![7; 1000]);
        let header = ProduceHeader {
            version: 9,
            correlation_id: 1,
            client_id: None,
            transactional_id: None,
            acks: -1,
            timeout_ms: 1,
        };
        let mut e = ProduceEncoder::new(&header, 1);
        e.topic("t", Uuid::nil(), 1);
        e.partition(0, [batch.clone()]);
        let size = e.size();
        let segments = e.finish();
        assert!(segments.iter().any(|s| s.as_ptr() == batch.as_ptr()));
        // The tagged fields of the topic and of the request came after.
        let total: usize = segments.iter().map(Bytes::len).sum();
        assert_eq!(total, size + 2);
    }
}
