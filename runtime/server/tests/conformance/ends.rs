//! Connections that end without a close frame (RFC 6455 §7.1.5).

use crate::case::{Case, frame, run};
use crate::server::Running;

pub(crate) fn cases() -> Vec<Case> {
    let ends = |name: &str, sends: &[u8]| Case::ends(name, sends, 1006).finishing();
    let whole = frame(0x81, "hello");
    vec![
        ends("at once", b""),
        ends("behind a byte", &whole[..1]),
        ends("within a header", &whole[..4]),
        ends("behind a header", &whole[..6]),
        ends("within a payload", &whole[..8]),
        ends("within a long header", &frame(0x82, [0; 300])[..3]),
        ends("within a message", &frame(0x01, "a")),
        ends("within a ping", &frame(0x89, "ping")[..7]),
        ends("within a close", &frame(0x88, [0x03, 0xe8])[..7]),
    ]
}

#[test]
fn section_7_1_ends() {
    run(&cases(), &Running::start(|builder| builder), &[]);
}
