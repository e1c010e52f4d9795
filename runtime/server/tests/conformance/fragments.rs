//! Fragmentation (RFC 6455 §5.4).

use crate::case::{Case, binary, frame, run};
use crate::server::Running;

pub(crate) fn cases() -> Vec<Case> {
    let good = |name: &str, frames: &[Vec<u8>]| Case::good(name, frames.concat());
    let bad = |name: &str, frames: &[Vec<u8>]| Case::bad(name, frames.concat(), 1002);
    let mut cases = vec![
        good("two fragments", &[frame(0x01, "one "), frame(0x80, "two")]).echoes("one two"),
        good(
            "three fragments",
            &[frame(0x01, "a"), frame(0x00, "b"), frame(0x80, "c")],
        )
        .echoes("abc"),
        good("binary fragments", &[frame(0x02, [0xff]), frame(0x80, [0xfe])]).echoes(binary([0xff, 0xfe])),
        good("an empty first", &[frame(0x01, ""), frame(0x80, "b")]).echoes("b"),
        good("an empty last", &[frame(0x01, "a"), frame(0x80, "")]).echoes("a"),
        good(
            "an empty one between",
            &[frame(0x01, "a"), frame(0x00, ""), frame(0x80, "c")],
        )
        .echoes("ac"),
        good(
            "nothing but empty ones",
            &[frame(0x01, ""), frame(0x00, ""), frame(0x80, "")],
        )
        .echoes(""),
        good("empty binary ones", &[frame(0x02, ""), frame(0x80, "")]).echoes(binary([])),
        good(
            "two fragmented messages",
            &[
                frame(0x01, "a"),
                frame(0x80, "b"),
                frame(0x02, "c"),
                frame(0x80, "d"),
            ],
        )
        .echoes("ab")
        .echoes(binary(*b"cd")),
        good(
            "a ping between",
            &[frame(0x01, "a"), frame(0x89, "ping"), frame(0x80, "b")],
        )
        .pongs("ping")
        .echoes("ab"),
        good(
            "a pong between",
            &[frame(0x01, "a"), frame(0x8a, "pong"), frame(0x80, "b")],
        )
        .echoes("ab"),
        good(
            "pings between all",
            &[
                frame(0x89, "1"),
                frame(0x01, "a"),
                frame(0x89, "2"),
                frame(0x00, "b"),
                frame(0x89, "3"),
                frame(0x80, "c"),
            ],
        )
        .pongs("1")
        .pongs("2")
        .pongs("3")
        .echoes("abc"),
        bad("a continuation of nothing", &[frame(0x80, "x")]),
        bad("a continuation of nothing, not final", &[frame(0x00, "x")]),
        bad("an empty continuation of nothing", &[frame(0x80, "")]),
        bad("a continuation behind a whole message", &[frame(0x80, "b")])
            .after(frame(0x81, "a"))
            .echoes("a"),
        bad("a continuation behind the last", &[frame(0x80, "c")])
            .after([frame(0x01, "a"), frame(0x80, "b")].concat())
            .echoes("ab"),
        bad("text within a message", &[frame(0x01, "a"), frame(0x81, "b")]),
        bad(
            "a first fragment within a message",
            &[frame(0x01, "a"), frame(0x01, "b")],
        ),
        bad("binary within a text", &[frame(0x01, "a"), frame(0x82, "b")]),
        bad("binary within a binary", &[frame(0x02, "a"), frame(0x82, "b")]),
        bad(
            "text within a message, behind a ping",
            &[frame(0x01, "a"), frame(0x89, ""), frame(0x81, "b")],
        )
        .pongs_then(""),
        // §5.4: a close may stand there, too, and ends everything.
        Case::ends(
            "a close between",
            [frame(0x01, "a"), frame(0x88, [0x03, 0xe9]), frame(0x80, "b")].concat(),
            1001,
        )
        .closes(1001),
    ];
    let mut many = vec![frame(0x01, "0")];
    many.extend((1..300).map(|part| frame(0x00, (part % 10).to_string())));
    many.push(frame(0x80, ""));
    let digits: String = (0..300).map(|part| (part % 10).to_string()).collect();
    cases.push(good("300 fragments", &many).echoes(digits));
    cases
}

#[test]
fn section_5_4_fragments() {
    run(&cases(), &Running::start(|builder| builder), &[]);
}
