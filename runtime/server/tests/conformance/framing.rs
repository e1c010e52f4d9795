//! Masking, lengths, reserved bits and opcodes (RFC 6455 §5.1 to §5.3).

use laureola_testkit::Frame;

use crate::case::{Case, binary, frame, keyed, run};
use crate::server::Running;

/// A header with the length in the form of so many bytes.
fn long_form(first: u8, length: u64, bytes: usize) -> Vec<u8> {
    let marker = if bytes == 2 { 126 } else { 127 };
    let length = length.to_be_bytes();
    [&[first, 0x80 | marker][..], &length[8 - bytes..], &[0; 4]].concat()
}

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    // §5.1: a server closes on a frame that is not masked.
    for (what, first) in [
        ("text", 0x81),
        ("binary", 0x82),
        ("first fragment", 0x01),
        ("ping", 0x89),
        ("pong", 0x8a),
        ("close", 0x88),
    ] {
        let mut bytes = Frame::new(first & 0x0f, "x");
        bytes.masked = false;
        bytes.fin = first & 0x80 != 0;
        cases.push(Case::bad(format!("unmasked {what}"), bytes.encode(), 1002));
    }
    let later = Case::bad("unmasked after a masked one", [0x81, 3, b't', b'w', b'o'], 1002);
    cases.push(later.after(frame(0x81, "one")).echoes("one"));

    // §5.2: bits that no extension gives a meaning.
    for bits in [0x40, 0x20, 0x10, 0x70] {
        for (what, first) in [
            ("text", 0x81),
            ("binary", 0x82),
            ("ping", 0x89),
            ("pong", 0x8a),
            ("close", 0x88),
        ] {
            let name = format!("bits {bits:#x} in {what}");
            cases.push(Case::bad(name, frame(first | bits, ""), 1002));
        }
        let within = [frame(0x01, "a"), frame(0x80 | bits, "b")].concat();
        cases.push(Case::bad(
            format!("bits {bits:#x} in a continuation"),
            within,
            1002,
        ));
    }
    // §5.2: opcodes not in use.
    for opcode in [3, 4, 5, 6, 7, 0xb, 0xc, 0xd, 0xe, 0xf] {
        let name = format!("opcode {opcode:#x}");
        cases.push(Case::bad(name, frame(0x80 | opcode, "x"), 1002));
        let name = format!("opcode {opcode:#x}, not final, empty, behind a message");
        let case = Case::bad(name, frame(opcode, ""), 1002);
        cases.push(case.after(frame(0x81, "one")).echoes("one"));
    }
    // §5.2: lengths in their shortest form, at every border.
    for length in [
        0, 1, 124, 125, 126, 127, 128, 255, 256, 65_534, 65_535, 65_536, 65_537,
    ] {
        let payload = vec![0xfe; length];
        let case = Case::good(format!("{length} bytes"), frame(0x82, &payload));
        cases.push(case.echoes(binary(payload)));
        let text = "*".repeat(length);
        let case = Case::good(format!("text of {length}"), frame(0x81, &text));
        cases.push(case.echoes(text));
    }
    for (length, bytes) in [(0, 2), (1, 2), (125, 2), (0, 8), (125, 8), (126, 8), (65_535, 8)] {
        let name = format!("a length of {length} in {bytes} bytes");
        cases.push(Case::bad(name, long_form(0x82, length, bytes), 1002));
    }
    for length in [1 << 63, u64::MAX] {
        let name = format!("a length of {length}");
        cases.push(Case::bad(name, long_form(0x82, length, 8), 1002));
    }

    // §5.3: any key, and any alignment.
    for key in [[0; 4], [0xff; 4], [0x37, 0xfa, 0x21, 0x3d], [0, 0, 0, 1]] {
        let case = Case::good(format!("key {key:x?}"), keyed(0x81, b"Hello, World!", key));
        cases.push(case.echoes("Hello, World!"));
    }
    for length in 1..=17_u8 {
        let payload: Vec<u8> = (0..length).collect();
        let bytes = keyed(0x82, &payload, [0x11, 0x22, 0x44, 0x88]);
        cases.push(Case::good(format!("{length} masked bytes"), bytes).echoes(binary(payload)));
    }
    // §5.7: the examples.
    let hello = vec![0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
    cases.push(Case::good("the masked example", hello).echoes("Hello"));
    cases
}

#[test]
fn section_5_2_framing() {
    run(&cases(), &Running::start(|builder| builder), &[]);
}
