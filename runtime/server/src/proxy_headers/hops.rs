//! The chain of proxies between the client and us.

use http::HeaderValue;

use super::node::Node;
use super::trusted::Trusted;

/// The client, as the proxies next to us tell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Chain {
    pub(super) node: Node,
    /// What its own element says of the scheme (RFC 7239's `proto`).
    pub(super) secure: Option<bool>,
    /// Elements to the right of it.
    behind: usize,
}

impl Chain {
    /// Walks `values`, the last one first, from right to left, past trusted hops, to the first that
    /// is not. A chain of trusted hops alone begins with its leftmost; one with a hop nobody can
    /// read begins behind it.
    pub(super) fn walk<'a>(
        values: impl Iterator<Item = &'a HeaderValue>,
        by_rfc: bool,
        trusted: &Trusted,
    ) -> Option<Self> {
        let mut found = None;
        let elements = values.flat_map(|value| value.as_bytes().rsplit(|byte| *byte == b','));
        for (behind, element) in elements.enumerate() {
            let hop = if by_rfc {
                rfc7239(element)
            } else {
                Hop::plain(element)
            };
            match hop {
                Some(Hop::Node(node, secure)) => {
                    found = Some(Self { node, secure, behind });
                    if !trusted.contains(node.ip) {
                        break;
                    }
                }
                Some(Hop::Unix) if trusted.contains_unix() => {}
                _ => break,
            }
        }
        found
    }

    /// Whether `values` of another header, written by the same proxies, say that the client came
    /// through TLS: the one at the client's place where there is one for each hop, else the last,
    /// which is the word of the peer itself.
    pub(super) fn scheme<'a>(
        &self,
        values: impl DoubleEndedIterator<Item = &'a HeaderValue>,
    ) -> Option<bool> {
        let elements = values
            .rev()
            .flat_map(|value| value.as_bytes().rsplit(|byte| *byte == b','));
        let (mut last, mut place) = (None, None);
        for (behind, element) in elements.enumerate() {
            if behind == 0 {
                last = Some(element);
            }
            if behind == self.behind {
                place = Some(element);
                break;
            }
        }
        is_secure(place.or(last)?)
    }
}

enum Hop {
    Node(Node, Option<bool>),
    /// nginx's name for a client by a UNIX socket.
    Unix,
}

impl Hop {
    fn plain(element: &[u8]) -> Option<Self> {
        if element.trim_ascii() == b"unix:" {
            return Some(Self::Unix);
        }
        Node::parse(element).map(|node| Self::Node(node, None))
    }
}

/// `for=192.0.2.1;proto=https`, in any order; values may be quoted (RFC 7239 §4). A quoted comma
/// would split the element, which then cannot be read: neither addresses nor schemes have one.
fn rfc7239(element: &[u8]) -> Option<Hop> {
    let (mut node, mut secure) = (None, None);
    for pair in element.split(|byte| *byte == b';') {
        let mut parts = pair.trim_ascii().splitn(2, |byte| *byte == b'=');
        let (name, value) = (parts.next()?, parts.next()?);
        let value = value
            .strip_prefix(b"\"")
            .map_or(Some(value), |value| value.strip_suffix(b"\""))?;
        // Twice the same is for nobody to choose from.
        if name.eq_ignore_ascii_case(b"for") && node.replace(Node::parse(value)?).is_some() {
            return None;
        }
        if name.eq_ignore_ascii_case(b"proto") {
            secure = is_secure(value);
        }
    }
    Some(Hop::Node(node?, secure))
}

fn is_secure(scheme: &[u8]) -> Option<bool> {
    match scheme.trim_ascii().to_ascii_lowercase().as_slice() {
        b"https" | b"wss" => Some(true),
        b"http" | b"ws" => Some(false),
        _ => None,
    }
}
