//! Offers of permessage-deflate (RFC 7692 §5, §7.1).

use laureola_server::Deflate;
use laureola_testkit::{RawHttp, WebSocket};

use crate::server::{DEADLINE, Running};

const PLAIN: &str = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

/// What is offered, and what is answered behind [`PLAIN`]; `None` where all is declined.
const OFFERS: [(&str, Option<&str>); 34] = [
    ("permessage-deflate", Some("")),
    ("permessage-deflate; client_max_window_bits", Some("")),
    ("permessage-deflate; client_max_window_bits=8", Some("")),
    ("permessage-deflate; client_max_window_bits=15", Some("")),
    ("permessage-deflate; client_no_context_takeover", Some("")),
    ("permessage-deflate; server_no_context_takeover", Some("")),
    (
        "permessage-deflate; server_max_window_bits=9",
        Some("; server_max_window_bits=9"),
    ),
    (
        "permessage-deflate; server_max_window_bits=10",
        Some("; server_max_window_bits=10"),
    ),
    (
        "permessage-deflate; server_max_window_bits=15",
        Some("; server_max_window_bits=15"),
    ),
    (
        "permessage-deflate; server_max_window_bits=\"11\"",
        Some("; server_max_window_bits=11"),
    ),
    (
        "permessage-deflate;server_max_window_bits = 12",
        Some("; server_max_window_bits=12"),
    ),
    (
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=12; client_max_window_bits=12",
        Some("; server_max_window_bits=12"),
    ),
    ("permessage-foo, permessage-deflate", Some("")),
    (
        "permessage-deflate; server_max_window_bits=10, permessage-deflate",
        Some("; server_max_window_bits=10"),
    ),
    ("permessage-deflate; unknown=1, permessage-deflate", Some("")),
    (
        "permessage-deflate; server_max_window_bits=8, permessage-deflate; server_max_window_bits=9",
        Some("; server_max_window_bits=9"),
    ),
    ("permessage-deflate; server_max_window_bits=8", None),
    ("permessage-deflate; server_max_window_bits=7", None),
    ("permessage-deflate; server_max_window_bits=16", None),
    ("permessage-deflate; server_max_window_bits=0", None),
    ("permessage-deflate; server_max_window_bits=010", None),
    ("permessage-deflate; server_max_window_bits=ten", None),
    ("permessage-deflate; server_max_window_bits", None),
    ("permessage-deflate; client_max_window_bits=7", None),
    ("permessage-deflate; client_max_window_bits=16", None),
    ("permessage-deflate; client_max_window_bits=08", None),
    ("permessage-deflate; server_no_context_takeover=1", None),
    ("permessage-deflate; client_no_context_takeover=1", None),
    (
        "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
        None,
    ),
    (
        "permessage-deflate; server_max_window_bits=10; server_max_window_bits=10",
        None,
    ),
    (
        "permessage-deflate; client_max_window_bits; client_max_window_bits",
        None,
    ),
    ("permessage-deflate; mode=fast", None),
    ("permessage-bzip2", None),
    ("x-webkit-deflate-frame", None),
];

pub(crate) const fn count() -> usize {
    OFFERS.len()
}

#[test]
fn section_7_1_negotiation() {
    let server = Running::start(|builder| builder.websocket_compression(Some(Deflate::default())));
    for (offer, expected) in OFFERS {
        let mut client = RawHttp::connect(server.port);
        client.write(WebSocket::handshake(
            server.port,
            "/",
            &[("Sec-WebSocket-Extensions", offer)],
        ));
        let head = client.read_head(DEADLINE).expect("a response");
        assert_eq!(head.status, 101, "{offer}");
        let expected = expected.map(|params| format!("{PLAIN}{params}"));
        assert_eq!(
            head.header("sec-websocket-extensions"),
            expected.as_deref(),
            "{offer}"
        );
        server.assert_serves();
    }
    println!("{} cases", count());
}

#[test]
fn it_is_off_by_default() {
    let server = Running::start(|builder| builder);
    let mut client = RawHttp::connect(server.port);
    let offer = (
        "Sec-WebSocket-Extensions",
        "permessage-deflate; client_max_window_bits",
    );
    client.write(WebSocket::handshake(server.port, "/", &[offer]));
    let head = client.read_head(DEADLINE).expect("a response");
    assert_eq!(
        (head.status, head.header("sec-websocket-extensions")),
        (101, None)
    );
}
