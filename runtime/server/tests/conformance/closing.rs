//! Close frames and codes (RFC 6455 §5.5.1, §7.1, §7.4).

use laureola_testkit::Frame;

use crate::case::{Case, frame, run};
use crate::server::Running;

fn close(code: u16, reason: &str) -> Vec<u8> {
    Frame::close(code, reason).encode()
}

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = vec![
        Case::ends("no code", frame(0x88, ""), 1005).closes_without_code(),
        Case::bad("half a code", frame(0x88, [0x03]), 1002),
        Case::bad("a reason that is not UTF-8", frame(0x88, b"\x03\xe8\xff"), 1007),
        Case::bad("a reason that breaks off", frame(0x88, b"\x03\xe8caf\xc3"), 1007),
        Case::bad(
            "a surrogate in the reason",
            frame(0x88, b"\x03\xe8\xed\xa0\x80"),
            1007,
        ),
        Case::ends("a reason", close(1000, "done"), 1000).closes(1000),
        Case::ends("a reason of 123 bytes", close(1000, &"x".repeat(123)), 1000).closes(1000),
        Case::ends("a reason in characters", close(1000, "adiós 𝄞"), 1000).closes(1000),
        Case::bad("a reason of 124 bytes", close(1000, &"x".repeat(124)), 1002),
        Case::ends("a close behind a message", close(1000, ""), 1000)
            .after(frame(0x81, "a"))
            .echoes("a")
            .closes(1000),
        // §5.5.1: nothing behind a close frame means anything.
        Case::ends(
            "a message behind the close",
            [close(1000, ""), frame(0x81, "a")].concat(),
            1000,
        )
        .closes(1000),
        Case::ends(
            "a ping behind the close",
            [close(1000, ""), frame(0x89, "a")].concat(),
            1000,
        )
        .closes(1000),
        Case::ends(
            "a second close",
            [close(1000, ""), close(1001, "")].concat(),
            1000,
        )
        .closes(1000),
        Case::ends(
            "nonsense behind the close",
            [close(1000, ""), vec![0xff; 500]].concat(),
            1000,
        )
        .closes(1000),
        Case::ends(
            "much behind the close",
            [close(1000, ""), vec![0; 300_000]].concat(),
            1000,
        )
        .closes(1000),
        Case::ends("a close and FIN", close(1000, ""), 1000)
            .closes(1000)
            .finishing(),
    ];
    for code in [
        1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999,
    ] {
        cases.push(Case::ends(format!("code {code}"), close(code, ""), code).closes(code));
    }
    for code in [
        0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 10_000, 65_535,
    ] {
        cases.push(Case::bad(format!("code {code}"), close(code, ""), 1002));
    }
    cases
}

#[test]
fn section_7_closing() {
    run(&cases(), &Running::start(|builder| builder), &[]);
}
