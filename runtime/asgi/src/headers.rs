//! A compact header list: wire order, lower-cased names, one allocation for all bytes.

use std::fmt;

use bytes::Bytes;
use http::header::{HeaderMap, HeaderName, HeaderValue};

/// Header names and values as ASGI hands them to an application: in the order of the wire
/// (duplicates of a name stand together), names lower-cased, values as bytes.
///
/// A [`HeaderMap`] that came from a server keeps the server's whole read buffer alive, and costs
/// about 100 bytes an entry; a WebSocket lives for hours, so its scope keeps this copy instead.
/// Cost: the bytes themselves, and 8 bytes an entry.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Headers {
    data: Bytes,
    index: Box<[Entry]>,
}

/// Where one header ends: names and values stand back to back in `data`.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Entry {
    name_end: u32,
    value_end: u32,
}

impl Headers {
    /// The number of headers, duplicates counted.
    #[must_use]
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// Every header, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let mut start = 0;
        self.index.iter().map(move |entry| {
            let (name_end, value_end) = (entry.name_end as usize, entry.value_end as usize);
            let header = (&self.data[start..name_end], &self.data[name_end..value_end]);
            start = value_end;
            header
        })
    }

    /// The first value of `name`, which must be given in lower case.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.iter()
            .find(|(n, _)| *n == name.as_bytes())
            .map(|(_, value)| value)
    }

    /// The first value of `name` as a text, if it is one.
    #[must_use]
    pub fn get_str(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(|value| std::str::from_utf8(value).ok())
    }

    /// Every value of `name`, which must be given in lower case.
    pub fn get_all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.iter()
            .filter(move |(n, _)| *n == name.as_bytes())
            .map(|(_, value)| value)
    }

    /// The same headers as a [`HeaderMap`]; what is not a legal header is left out.
    #[must_use]
    pub fn to_map(&self) -> HeaderMap {
        self.iter()
            .filter_map(|(name, value)| {
                Some((
                    HeaderName::from_bytes(name).ok()?,
                    HeaderValue::from_bytes(value).ok()?,
                ))
            })
            .collect()
    }
}

impl<N: AsRef<[u8]>, V: AsRef<[u8]>> FromIterator<(N, V)> for Headers {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(headers: I) -> Self {
        let mut data = Vec::new();
        let mut index = Vec::new();
        for (name, value) in headers {
            data.extend(name.as_ref().iter().map(u8::to_ascii_lowercase));
            let name_end = offset(data.len());
            data.extend_from_slice(value.as_ref());
            index.push(Entry {
                name_end,
                value_end: offset(data.len()),
            });
        }
        Self {
            data: data.into_boxed_slice().into(),
            index: index.into(),
        }
    }
}

fn offset(length: usize) -> u32 {
    u32::try_from(length).expect("servers cap a request's headers far below 4 GiB")
}

impl From<&HeaderMap> for Headers {
    fn from(map: &HeaderMap) -> Self {
        map.iter()
            .map(|(name, value)| (name.as_str(), value.as_bytes()))
            .collect()
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map()
            .entries(
                self.iter()
                    .map(|(n, v)| (String::from_utf8_lossy(n), String::from_utf8_lossy(v))),
            )
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_lower_cased_and_order_and_duplicates_kept() {
        let headers: Headers = [("Host", "a"), ("X-B", "1"), ("x-a", "2"), ("X-B", "3")]
            .into_iter()
            .collect();
        let all: Vec<_> = headers.iter().map(|(n, v)| (n.to_vec(), v.to_vec())).collect();
        assert_eq!(all[1], (b"x-b".to_vec(), b"1".to_vec()));
        assert_eq!(all[3], (b"x-b".to_vec(), b"3".to_vec()));
        assert_eq!(headers.len(), 4);
        assert_eq!(headers.get_all("x-b").collect::<Vec<_>>(), [b"1", b"3"]);
        assert_eq!(headers.get_str("host"), Some("a"));
        assert_eq!(headers.get("missing"), None);
    }

    #[test]
    fn a_map_and_back() {
        let mut map = HeaderMap::new();
        map.append("accept", HeaderValue::from_static("*/*"));
        map.append("cookie", HeaderValue::from_static("a=1"));
        map.append("cookie", HeaderValue::from_static("b=2"));
        assert_eq!(Headers::from(&map).to_map(), map);
        assert!(Headers::from(&HeaderMap::new()).is_empty());
    }
}
