//! A connection's bytes as far as the parsed head: guard, hyper's parser, hygiene.

use std::ops::Range;

use http::{HeaderName, HeaderValue, Request};

use crate::guard::scanner::{Place, Scanner};
use crate::http::hygiene;

/// hyper's own default of headers, and thus ours.
const MAX_HEADERS: usize = 100;

/// `data` is what a client sends. However it is cut, the guard says the same of it; of each head it
/// lets pass, the parser hyper uses sees the same end, or refuses it; hygiene leaves nothing behind
/// that it says it removes.
pub fn header_path(data: &[u8]) {
    let whole = outcome(data, data.len().max(1));
    for portion in [1, 2, 7, 1 + usize::from(data.first().copied().unwrap_or(0))] {
        assert_eq!(whole, outcome(data, portion), "in portions of {portion}");
    }
    for head in heads(data) {
        check(&data[head]);
    }
}

/// The place at the end and the heads until then; or the first byte that must not pass.
fn outcome(data: &[u8], portion: usize) -> Result<(Place, u64), usize> {
    let mut scanner = Scanner::new();
    for (number, part) in data.chunks(portion).enumerate() {
        scanner.scan(part).map_err(|bad| number * portion + bad)?;
    }
    Ok((scanner.place(), scanner.heads()))
}

/// Where each complete head stands; leading empty lines belong to it.
fn heads(data: &[u8]) -> Vec<Range<usize>> {
    let (mut scanner, mut heads) = (Scanner::new(), Vec::new());
    let mut start = 0;
    for (at, byte) in data.iter().enumerate() {
        let before = (scanner.place(), scanner.heads());
        if scanner.scan(std::slice::from_ref(byte)).is_err() {
            break;
        }
        if scanner.heads() > before.1 {
            heads.push(start..at + 1);
        }
        match scanner.place() {
            Place::Start if before.0 != Place::Start => start = at + 1,
            Place::Tunnel => break,
            _ => {}
        }
    }
    heads
}

fn check(head: &[u8]) {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut parsed = httparse::Request::new(&mut headers);
    match parsed.parse(head) {
        Ok(httparse::Status::Complete(length)) => {
            assert_eq!(length, head.len(), "guard and parser disagree on a head's end");
        }
        Ok(httparse::Status::Partial) => panic!("the parser wants more than the guard's head"),
        // Refused with 400, whoever does it.
        Err(_) => return,
    }
    let Some(mut request) = request(&parsed) else {
        return;
    };
    if hygiene::check(&mut request).is_ok() {
        let headers = request.headers();
        assert!(headers.keys().all(|name| !name.as_str().contains('_')));
        assert!(headers.get_all("host").iter().count() <= 1);
        for value in headers.values() {
            assert!(
                !value
                    .as_bytes()
                    .iter()
                    .any(|byte| matches!(byte, b'\r' | b'\n' | 0))
            );
        }
    }
}

/// As hyper makes it; `None` where it would refuse.
fn request(parsed: &httparse::Request<'_, '_>) -> Option<Request<()>> {
    let mut request = Request::builder().method(parsed.method?).uri(parsed.path?);
    for header in parsed.headers.iter() {
        let name = HeaderName::from_bytes(header.name.as_bytes()).ok()?;
        request = request.header(name, HeaderValue::from_bytes(header.value).ok()?);
    }
    request.body(()).ok()
}
