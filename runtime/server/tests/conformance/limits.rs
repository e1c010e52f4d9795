//! Messages and frames over the limits are 1009 (RFC 6455 §7.4.1, §10.4).

use laureola_server::Limits;

use crate::case::{Case, binary, frame, run};
use crate::server::Running;

const MESSAGE: usize = 20_000;
const FRAME: usize = 15_000;

pub(crate) fn cases() -> Vec<Case> {
    let bytes = |length| vec![0x5a; length];
    vec![
        Case::good("a frame at its limit", frame(0x82, bytes(FRAME))).echoes(binary(bytes(FRAME))),
        Case::good(
            "a message at its limit",
            [frame(0x02, bytes(FRAME)), frame(0x80, bytes(MESSAGE - FRAME))].concat(),
        )
        .echoes(binary(bytes(MESSAGE))),
        Case::bad("a frame over its limit", frame(0x82, bytes(FRAME + 1)), 1009),
        Case::bad("announced only", &frame(0x82, bytes(FRAME + 1))[..4], 1009),
        Case::bad("text over the limit", frame(0x81, bytes(FRAME + 1)), 1009),
        Case::bad(
            "fragments over the limit",
            [frame(0x02, bytes(FRAME)), frame(0x80, bytes(MESSAGE - FRAME + 1))].concat(),
            1009,
        ),
        Case::bad(
            "the last byte over it announced only",
            [
                &frame(0x02, bytes(FRAME))[..],
                &frame(0x80, bytes(MESSAGE - FRAME + 1))[..4],
            ]
            .concat(),
            1009,
        ),
        Case::bad(
            "many small fragments",
            std::iter::once(frame(0x01, "x"))
                .chain(std::iter::repeat_n(frame(0x00, bytes(1000)), 30))
                .collect::<Vec<_>>()
                .concat(),
            1009,
        ),
        Case::bad(
            "a length no memory has",
            [&[0x82, 0xff][..], &[0x7f; 8], &[0; 4]].concat(),
            1009,
        ),
        Case::bad("behind a message", frame(0x82, bytes(FRAME + 1)), 1009)
            .after(frame(0x81, "a"))
            .echoes("a"),
        Case::bad(
            "behind a ping within a message",
            [
                frame(0x02, bytes(FRAME)),
                frame(0x89, ""),
                frame(0x80, bytes(FRAME)),
            ]
            .concat(),
            1009,
        )
        .pongs_then(""),
    ]
}

#[test]
fn section_10_4_limits() {
    let server = Running::start(|builder| {
        builder.limits(Limits {
            websocket_max_message: MESSAGE,
            websocket_max_frame: FRAME,
            ..Limits::default()
        })
    });
    run(&cases(), &server, &[]);
}
