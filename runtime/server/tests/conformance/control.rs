//! Pings and pongs (RFC 6455 §5.5, §5.5.2, §5.5.3).

use crate::case::{Case, frame, run};
use crate::server::Running;

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = vec![
        Case::bad("a fragmented ping", frame(0x09, "x"), 1002),
        Case::bad("a fragmented pong", frame(0x0a, "x"), 1002),
        Case::bad("a fragmented close", frame(0x08, ""), 1002),
        Case::bad("an empty fragmented ping", frame(0x09, ""), 1002),
        Case::bad(
            "a ping in fragments within a message",
            [frame(0x01, "a"), frame(0x09, "b"), frame(0x80, "c")].concat(),
            1002,
        ),
        Case::good(
            "a ping before a message",
            [frame(0x89, "?"), frame(0x81, "a")].concat(),
        )
        .pongs("?")
        .echoes("a"),
        Case::good("binary in a ping", frame(0x89, [0, 0xff, 0xfe, 0x80])).pongs([0, 0xff, 0xfe, 0x80]),
        Case::good(
            "unasked pongs",
            [frame(0x8a, ""), frame(0x8a, "pong"), frame(0x81, "a")].concat(),
        )
        .echoes("a"),
        Case::good(
            "a pong, then a ping",
            [frame(0x8a, "pong"), frame(0x89, "ping")].concat(),
        )
        .pongs("ping"),
    ];
    for length in [0, 1, 124, 125] {
        let payload = vec![b'p'; length];
        cases.push(Case::good(format!("a ping of {length}"), frame(0x89, &payload)).pongs(payload.clone()));
        cases.push(Case::good(format!("a pong of {length}"), frame(0x8a, payload)));
    }
    for length in [126, 127, 1000, 65_536] {
        for (what, first) in [("ping", 0x89), ("pong", 0x8a), ("close", 0x88)] {
            let name = format!("a {what} of {length}");
            cases.push(Case::bad(name, frame(first, vec![b'p'; length]), 1002));
        }
    }
    // Each is answered, in order.
    let pings: Vec<u8> = (0..10)
        .flat_map(|number| frame(0x89, format!("ping {number}")))
        .collect();
    let ten = (0..10).fold(Case::good("ten pings", pings), |case, number| {
        case.pongs(format!("ping {number}"))
    });
    cases.push(ten);
    cases
}

#[test]
fn section_5_5_control_frames() {
    run(&cases(), &Running::start(|builder| builder), &[]);
}
