//! Message headers: an ordered list of names and values; names may repeat.

/// One header. Name and value lie in one block, each with a NUL behind it,
/// which C programs may rely on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    block: Box<[u8]>,
    name_length: usize,
    /// `None` for a null value.
    value_length: Option<usize>,
}

impl Header {
    pub fn new(name: &[u8], value: Option<&[u8]>) -> Self {
        let bytes = value.unwrap_or_default();
        let mut block = Vec::with_capacity(name.len() + bytes.len() + 2);
        block.extend_from_slice(name);
        block.push(0);
        block.extend_from_slice(bytes);
        block.push(0);
        Header {
            block: block.into_boxed_slice(),
            name_length: name.len(),
            value_length: value.map(<[u8]>::len),
        }
    }

    pub fn name(&self) -> &[u8] {
        self.block.get(..self.name_length).unwrap_or_default()
    }

    pub fn value(&self) -> Option<&[u8]> {
        let start = self.name_length + 1;
        self.value_length
            .and_then(|length| self.block.get(start..start + length))
    }

    /// Whether the name, up to its first NUL, is `name`.
    fn is_named(&self, name: &[u8]) -> bool {
        self.name().split(|byte| *byte == 0).next() == Some(name)
    }
}

/// The headers of a message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Headers {
    list: Vec<Header>,
}

impl Headers {
    pub fn with_capacity(count: usize) -> Self {
        // A count from the application is a hint, not a reason to run out of memory.
        Headers {
            list: Vec::with_capacity(count.min(1024)),
        }
    }

    pub fn add(&mut self, name: &[u8], value: Option<&[u8]>) {
        self.list.push(Header::new(name, value));
    }

    /// Removes all headers of this name; whether there were any.
    pub fn remove(&mut self, name: &[u8]) -> bool {
        let before = self.list.len();
        self.list.retain(|header| !header.is_named(name));
        self.list.len() < before
    }

    pub fn get(&self, index: usize) -> Option<&Header> {
        self.list.get(index)
    }

    /// The headers of this name, in order.
    pub fn named<'a>(&'a self, name: &'a [u8]) -> impl DoubleEndedIterator<Item = &'a Header> {
        self.list.iter().filter(move |header| header.name() == name)
    }

    pub fn iter(&self) -> std::slice::Iter<'_, Header> {
        self.list.iter()
    }

    pub fn len(&self) -> usize {
        self.list.len()
    }

    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}

impl<'a> IntoIterator for &'a Headers {
    type Item = &'a Header;
    type IntoIter = std::slice::Iter<'a, Header>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_repeat_and_values_may_be_null() {
        let mut headers = Headers::with_capacity(usize::MAX);
        headers.add(b"a", Some(b"1"));
        headers.add(b"b", None);
        headers.add(b"a", Some(b""));
        let values: Vec<_> = headers.named(b"a").map(Header::value).collect();
        assert_eq!(values, [Some(&b"1"[..]), Some(&b""[..])]);
        assert_eq!(headers.get(1).map(Header::value), Some(None));
        assert!(headers.remove(b"a") && !headers.remove(b"a"));
        assert_eq!(headers.len(), 1);
    }
}
