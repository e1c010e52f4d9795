//! Sends a case in several portions and compares everything that comes of it.

use laureola_testkit::{RawHttp, wait_until};

use crate::app::Records;
use crate::case::{Case, shown};
use crate::support::DEADLINE;

/// Follows every request that is refused. No part of it may ever be taken for a request.
const SMUGGLED: &[u8] = b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n";

/// Follows every request that is served: it shows where the server saw the end.
const NEXT: &[u8] = b"GET /next HTTP/1.1\r\nHost: x\r\n\r\n";

/// A case's bytes in more portions than this say nothing more about it.
const PORTIONS: usize = 600;

/// How the bytes are cut before they are sent.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cut {
    /// All in one write.
    Whole,
    /// A byte at a time, or `PORTIONS` portions.
    Bytes,
    /// The case, then what follows it.
    BehindTheCase,
}

impl Cut {
    pub(crate) const ALL: [Self; 3] = [Self::Whole, Self::Bytes, Self::BehindTheCase];

    fn portions<'a>(self, sent: &'a [u8], follower: &'a [u8]) -> Vec<Vec<u8>> {
        let all = [sent, follower].concat();
        match self {
            Self::Whole => vec![all],
            Self::Bytes => {
                let size = all.len().div_ceil(PORTIONS);
                all.chunks(size).map(<[u8]>::to_vec).collect()
            }
            Self::BehindTheCase => vec![sent.to_vec(), follower.to_vec()],
        }
    }
}

/// Runs `case` on a connection of its own; the error says what was otherwise.
pub(crate) fn check(port: u16, records: &Records, case: &Case, cut: Cut) -> Result<(), String> {
    let follower = if case.closes { SMUGGLED } else { NEXT };
    let mut client = RawHttp::connect(port);
    for portion in cut.portions(&case.sent, follower) {
        if !client.try_write(portion) {
            break;
        }
    }
    let mut statuses = case.statuses.clone();
    let mut seen = case.seen.clone();
    if !case.closes {
        statuses.push(200);
        seen.extend(["GET /next 1.1", "host: x"].map(str::to_owned));
    }
    let mut got = Vec::new();
    let heads = seen.iter().any(|line| line.starts_with("HEAD "));
    while got.len() < statuses.len() {
        let response = if heads && got.is_empty() {
            client.read_head(DEADLINE)
        } else {
            client.read_response(DEADLINE)
        };
        match response {
            Some(response) => got.push(response.status),
            None => break,
        }
    }
    if got != statuses {
        return Err(format!("answers {got:?}, expected {statuses:?}"));
    }
    if case.closes && !client.is_closed(DEADLINE) {
        return Err("the connection stays open, or more comes".to_owned());
    }
    let port = client.local_port();
    // A request that breaks off is told to the application in its own time.
    let expected = seen.iter().filter(|line| *line == "gone").count();
    wait_until("the application's end", DEADLINE, || {
        records.of(port).iter().filter(|line| *line == "gone").count() >= expected
    });
    let actual = records.of(port);
    records.forget(port);
    if actual != seen {
        return Err(format!("the application saw {actual:#?}, expected {seen:#?}"));
    }
    Ok(())
}

/// A line about a case that failed.
pub(crate) fn report(case: &Case, cut: Cut, fault: &str) -> String {
    format!("{} ({cut:?}): {fault}\n    {}", case.name, shown(&case.sent))
}
