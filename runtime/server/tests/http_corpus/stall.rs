//! Clients that stop in the middle of a request, at every place.

use std::time::Duration;

use laureola_testkit::RawHttp;

use crate::app::{Records, recording};
use crate::support::{DEADLINE, Running};

const SHORT: Duration = Duration::from_millis(100);

/// What is sent, and the statuses that come before the server closes.
const CASES: &[(&str, &[u16])] = &[
    // Nobody asked anything yet.
    ("", &[]),
    // In the head.
    ("G", &[400]),
    ("GET", &[400]),
    ("GET ", &[400]),
    ("GET /", &[400]),
    ("GET / HTTP/1.1", &[400]),
    ("GET / HTTP/1.1\r", &[400]),
    ("GET / HTTP/1.1\r\n", &[400]),
    ("GET / HTTP/1.1\r\nHost", &[400]),
    ("GET / HTTP/1.1\r\nHost:", &[400]),
    ("GET / HTTP/1.1\r\nHost: x", &[400]),
    ("GET / HTTP/1.1\r\nHost: x\r", &[400]),
    ("GET / HTTP/1.1\r\nHost: x\r\n", &[400]),
    ("GET / HTTP/1.1\r\nHost: x\r\n\r", &[400]),
    // In the second head.
    ("GET / HTTP/1.1\r\nHost: x\r\n\r\nGET", &[200, 400]),
    // In the body.
    ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n", &[408]),
    (
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhell",
        &[408],
    ),
    (
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
        &[408],
    ),
    (
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5",
        &[408],
    ),
    (
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r",
        &[408],
    ),
    (
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n",
        &[408],
    ),
    (
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe",
        &[408],
    ),
    (
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello",
        &[408],
    ),
    (
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        &[408],
    ),
    (
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0",
        &[408],
    ),
    (
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
        &[408],
    ),
    (
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: b\r\n",
        &[408],
    ),
    (
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r",
        &[408],
    ),
    // In what might still become the preface of HTTP/2.
    ("P", &[]),
];

#[test]
fn a_client_that_stops_is_answered_and_cut_wherever_it_stops() {
    let server = Running::with(recording(Records::default()), |builder| {
        builder.header_timeout(SHORT).body_timeout(SHORT)
    });
    let mut clients: Vec<_> = CASES
        .iter()
        .map(|(sent, _)| {
            let mut client = RawHttp::connect(server.port);
            client.write(sent);
            client
        })
        .collect();
    for (client, (sent, statuses)) in clients.iter_mut().zip(CASES) {
        for status in *statuses {
            let response = client.read_response(DEADLINE);
            assert_eq!(
                response.map(|response| response.status),
                Some(*status),
                "{sent:?}"
            );
        }
        assert!(client.is_closed(DEADLINE), "{sent:?}");
    }
    assert_eq!(RawHttp::get(server.port, "/", DEADLINE).status, 200);
}

#[test]
fn a_client_that_ends_its_side_in_the_middle_is_not_waited_for() {
    let server = Running::with(recording(Records::default()), |builder| {
        builder.header_timeout(SHORT)
    });
    for (sent, statuses) in CASES {
        let mut client = RawHttp::connect(server.port);
        client.write(sent);
        client.finish();
        let served = statuses.iter().filter(|status| **status == 200).count();
        for _ in 0..served {
            assert_eq!(
                client.read_response(DEADLINE).map(|response| response.status),
                Some(200)
            );
        }
        // An answer is allowed, not due.
        if let Some(response) = client.read_response(DEADLINE) {
            assert!(
                matches!(response.status, 400 | 408),
                "{sent:?}: {}",
                response.status
            );
        }
        assert!(client.is_closed(DEADLINE), "{sent:?}");
    }
}
