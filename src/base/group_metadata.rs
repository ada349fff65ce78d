//! A consumer's membership in its group at one moment, and its serialised form.
//!
//! The form is that of librdkafka, so that either library reads what the other
//! wrote: `CGMDv2:`, the generation (4 bytes, the machine's order), group id and
//! member id (each with a NUL behind it), a byte that is 0 if a group instance id
//! follows and 1 if not, and that id with its NUL.

use std::ffi::{CStr, CString};

const MAGIC: &[u8] = b"CGMDv2:";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupMetadata {
    pub group_id: CString,
    /// -1 for none.
    pub generation_id: i32,
    /// Empty for none.
    pub member_id: CString,
    pub group_instance_id: Option<CString>,
}

impl GroupMetadata {
    pub fn new(group_id: CString) -> Self {
        GroupMetadata {
            group_id,
            generation_id: -1,
            member_id: CString::default(),
            group_instance_id: None,
        }
    }

    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(&self.generation_id.to_ne_bytes());
        bytes.extend_from_slice(self.group_id.to_bytes_with_nul());
        bytes.extend_from_slice(self.member_id.to_bytes_with_nul());
        bytes.push(self.group_instance_id.is_none().into());
        if let Some(id) = &self.group_instance_id {
            bytes.extend_from_slice(id.to_bytes_with_nul());
        }
        bytes
    }

    /// Reads what [`Self::to_bytes`] wrote, or says what is wrong with it.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, &'static str> {
        if bytes.len() < MAGIC.len() + 4 + 3 {
            return Err("The buffer is too short");
        }
        let bytes = bytes
            .strip_prefix(MAGIC)
            .ok_or("The buffer is not a serialized group's metadata")?;
        let (generation_id, bytes) = bytes.split_first_chunk().ok_or("The buffer is too short")?;
        let (group_id, bytes) =
            printable(bytes).ok_or("The group id has bytes that cannot be printed")?;
        let (member_id, bytes) =
            printable(bytes).ok_or("The member id has bytes that cannot be printed")?;
        let (is_null, bytes) = bytes
            .split_first()
            .ok_or("The buffer does not end where the group's metadata does")?;
        let (group_instance_id, bytes) = match is_null {
            0 => printable(bytes)
                .map(|(id, rest)| (Some(id), rest))
                .ok_or("The group instance id has bytes that cannot be printed")?,
            _ => (None, bytes),
        };
        if !bytes.is_empty() {
            return Err("The buffer does not end where the group's metadata does");
        }
        Ok(GroupMetadata {
            group_id,
            generation_id: i32::from_ne_bytes(*generation_id),
            member_id,
            group_instance_id,
        })
    }
}

/// A string of printable ASCII characters and its NUL, and what follows.
fn printable(bytes: &[u8]) -> Option<(CString, &[u8])> {
    let text = CStr::from_bytes_until_nul(bytes).ok()?;
    let good = text
        .to_bytes()
        .iter()
        .all(|byte| (b' '..=b'~').contains(byte));
    let rest = bytes.get(text.to_bytes_with_nul().len()..)?;
    good.then(|| (text.to_owned(), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> GroupMetadata {
        GroupMetadata {
            generation_id: 7,
            member_id: c"member".into(),
            group_instance_id: Some(c"instance".into()),
            ..GroupMetadata::new(c"my group".into())
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let full = sample();
        let plain = GroupMetadata::new(c"".into());
        for metadata in [full, plain] {
            let bytes = metadata.to_bytes();
            assert_eq!(GroupMetadata::from_bytes(&bytes), Ok(metadata));
        }
    }

    #[test]
    fn every_cut_and_extension_is_refused() {
        let bytes = sample().to_bytes();
        for length in 0..bytes.len() {
            assert!(GroupMetadata::from_bytes(&bytes[..length]).is_err());
        }
        let longer = [bytes.clone(), vec![0]].concat();
        assert_eq!(
            GroupMetadata::from_bytes(&longer),
            Err("The buffer does not end where the group's metadata does")
        );
        let mut unprintable = bytes.clone();
        unprintable[12] = 7;
        assert_eq!(
            GroupMetadata::from_bytes(&unprintable),
            Err("The group id has bytes that cannot be printed")
        );
        let mut foreign = bytes;
        foreign[0] = b'X';
        assert!(GroupMetadata::from_bytes(&foreign).is_err());
    }
}
