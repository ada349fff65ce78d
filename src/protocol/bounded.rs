//! Decodes messages of peers that may lie about lengths.
//!
//! kafka-protocol sizes an array by its length on the wire before it reads the elements, so that five bytes could ask for
//! a terabyte, and a failed allocation ends the process. Here no length gets to it that is above the number of bytes
//! left, which is the most elements that there can be. The decoder asks its buffer for one number after the other
//! and does not say what for, so the buffer judges by the number's form:
//!
//! - Flexible versions write every length as an unsigned varint, and as such they write nothing else but the numbers of
//!   tagged fields, which count from 0. One of several bytes and above the bytes left ends the decoding.
//! - Earlier versions write lengths as 32-bit integers, and other things as well. One above the bytes left is
//!   shown as one more than are left: as a length it ends the decoding, as anything else it is wrong, but leads
//!   nowhere else, since nothing but lengths decides what is read next. What was decoded with such a number
//!   is thrown away and decoded again, now that all lengths are known to be true.

use anyhow::{Result, bail};
use bytes::{Buf, Bytes, TryGetError};
use kafka_protocol::messages::{ApiKey, RequestKind, ResponseKind};
use kafka_protocol::protocol::Decodable;
use kafka_protocol::protocol::buf::ByteBuf;

use super::share;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Lengths {
    Varint,
    Int32,
    /// Known to be true.
    Verified,
}

struct Bounded<'a> {
    bytes: &'a mut Bytes,
    lengths: Lengths,
    /// A 32-bit integer was not shown as it is.
    altered: bool,
}

impl Bounded<'_> {
    /// Fails when the varint that begins here is no length that can be true. One of a single byte is no matter.
    fn check_varint(&self) -> Result<(), TryGetError> {
        if self.bytes.first().is_none_or(|&byte| byte < 0x80) {
            return Ok(());
        }
        let (mut value, mut used) = (0, 0);
        for &byte in self.bytes.iter().take(5) {
            value |= usize::from(byte & 0x7f) << (7 * used);
            used += 1;
            if byte < 0x80 {
                break;
            }
        }
        let available = self.bytes.len() - used;
        // Compact lengths are one more than what they count.
        if value > available + 1 {
            return Err(TryGetError {
                requested: value - 1,
                available,
            });
        }
        Ok(())
    }
}

impl Buf for Bounded<'_> {
    fn remaining(&self) -> usize {
        self.bytes.len()
    }

    fn chunk(&self) -> &[u8] {
        self.bytes
    }

    fn advance(&mut self, n: usize) {
        self.bytes.advance(n);
    }

    fn copy_to_bytes(&mut self, n: usize) -> Bytes {
        self.bytes.split_to(n)
    }

    // The first byte of a varint, or a later one, or a boolean: a varint's tail has no larger value than the whole.
    fn try_get_u8(&mut self) -> Result<u8, TryGetError> {
        if self.lengths == Lengths::Varint {
            self.check_varint()?;
        }
        self.bytes.try_get_u8()
    }

    fn try_get_i32(&mut self) -> Result<i32, TryGetError> {
        let value = self.bytes.try_get_i32()?;
        let left = i32::try_from(self.bytes.len()).unwrap_or(i32::MAX);
        if self.lengths == Lengths::Int32 && value > left {
            self.altered = true;
            return Ok(left.saturating_add(1));
        }
        Ok(value)
    }
}

impl ByteBuf for Bounded<'_> {
    fn peek_bytes(&mut self, range: std::ops::Range<usize>) -> Bytes {
        self.bytes.slice(range)
    }

    fn get_bytes(&mut self, n: usize) -> Bytes {
        self.bytes.split_to(n)
    }
}

/// Decodes the message that `bytes` begin with and takes it away from them; after an error they are somewhere within it.
/// `flexible`: whether this version writes lengths as varints.
pub fn decode<T: Decodable>(bytes: &mut Bytes, version: i16, flexible: bool) -> Result<T> {
    let attempt = |bytes: &mut Bytes, lengths| {
        let mut buf = Bounded {
            bytes,
            lengths,
            altered: false,
        };
        T::decode(&mut buf, version).map(|message| (message, buf.altered))
    };
    if flexible {
        return Ok(attempt(bytes, Lengths::Varint)?.0);
    }
    let mut verified = bytes.clone();
    let (message, altered) = attempt(bytes, Lengths::Int32)?;
    if !altered {
        return Ok(message);
    }
    // Freed before there is a second one.
    drop(message);
    let (message, _) = attempt(&mut verified, Lengths::Verified)?;
    *bytes = verified;
    Ok(message)
}

fn is_flexible(api: ApiKey, version: i16) -> bool {
    api.request_header_version(version) >= 2
}

macro_rules! messages {
    ($($api:ident)*) => {
        /// The request of an API that this library knows.
        pub fn decode_request(api: ApiKey, bytes: &mut Bytes, version: i16) -> Result<RequestKind> {
            let (taken, version) = share::before_request(api, bytes, version)?;
            let flexible = is_flexible(api, version);
            let mut request = match api {
                $(ApiKey::$api => RequestKind::$api(decode(bytes, version, flexible)?),)*
                _ => bail!("{api:?} is not known"),
            };
            taken.give_back_request(&mut request);
            Ok(request)
        }

        /// The response of an API that this library knows.
        pub fn decode_response(api: ApiKey, bytes: &mut Bytes, version: i16) -> Result<ResponseKind> {
            let (taken, version) = share::before_response(api, bytes, version)?;
            let flexible = is_flexible(api, version);
            let mut response = match api {
                $(ApiKey::$api => ResponseKind::$api(decode(bytes, version, flexible)?),)*
                _ => bail!("{api:?} is not known"),
            };
            taken.give_back_response(&mut response);
            Ok(response)
        }

        #[cfg(test)]
        const KNOWN: &[ApiKey] = &[$(ApiKey::$api),*];
    };
}

messages! {
    Produce Fetch ListOffsets Metadata OffsetCommit OffsetFetch FindCoordinator
    JoinGroup Heartbeat LeaveGroup SyncGroup DescribeGroups ListGroups DeleteGroups OffsetDelete
    SaslHandshake SaslAuthenticate ApiVersions
    CreateTopics DeleteTopics DeleteRecords CreatePartitions ElectLeaders
    InitProducerId OffsetForLeaderEpoch AddPartitionsToTxn AddOffsetsToTxn EndTxn TxnOffsetCommit
    DescribeAcls CreateAcls DeleteAcls
    DescribeConfigs AlterConfigs IncrementalAlterConfigs
    DescribeUserScramCredentials AlterUserScramCredentials
    DescribeCluster DescribeProducers DescribeTransactions ListTransactions DescribeTopicPartitions
    ConsumerGroupHeartbeat ConsumerGroupDescribe
    GetTelemetrySubscriptions PushTelemetry
    ShareGroupHeartbeat ShareGroupDescribe ShareFetch ShareAcknowledge
    DescribeShareGroupOffsets AlterShareGroupOffsets DeleteShareGroupOffsets
}

#[cfg(test)]
mod tests;
