//! UTF-8 (RFC 6455 §5.6, §8.1).

use crate::case::{Case, binary, frame, run};
use crate::server::Running;

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    // The first and last characters of every length, those around the surrogates, and some that
    // are no characters and legal all the same.
    for character in [
        '\u{0}',
        '\u{7f}',
        '\u{80}',
        '\u{7ff}',
        '\u{800}',
        '\u{d7ff}',
        '\u{e000}',
        '\u{feff}',
        '\u{fffd}',
        '\u{fffe}',
        '\u{ffff}',
        '\u{10000}',
        '\u{1ffff}',
        '\u{10ffff}',
    ] {
        let text = format!("<{character}>");
        let name = format!("U+{:04X}", u32::from(character));
        cases.push(Case::good(name, frame(0x81, &text)).echoes(text));
    }
    let text = "κόσμε, Größe, 日本語, 𝄞";
    cases.push(Case::good("a text", frame(0x81, text)).echoes(text));
    // Cut within every character.
    let bytes = text.as_bytes();
    for cut in 1..bytes.len() {
        let frames = [frame(0x01, &bytes[..cut]), frame(0x80, &bytes[cut..])].concat();
        cases.push(Case::good(format!("cut at {cut}"), frames).echoes(text));
    }
    let mut alone: Vec<u8> = bytes[..1].iter().flat_map(|byte| frame(0x01, [*byte])).collect();
    alone.extend(bytes[1..].iter().flat_map(|byte| frame(0x00, [*byte])));
    alone.extend(frame(0x80, ""));
    cases.push(Case::good("every byte a fragment", alone).echoes(text));

    let invalid: [(&str, &[u8]); 22] = [
        ("a byte that begins nothing", b"\x80"),
        ("the last of them", b"\xbf"),
        ("a byte not in use", b"\xfe"),
        ("another", b"\xff"),
        ("two of them", b"\xfe\xff"),
        ("a first byte alone", b"a\xc3"),
        ("a first byte and a space", b"\xc3 "),
        ("two bytes of three", b"\xe2\x82"),
        ("three bytes of four", b"\xf0\x9d\x84"),
        ("an overlong slash of two", b"\xc0\xaf"),
        ("an overlong slash of three", b"\xe0\x80\xaf"),
        ("an overlong slash of four", b"\xf0\x80\x80\xaf"),
        ("an overlong zero", b"\xc0\x80"),
        ("the greatest overlong of two", b"\xc1\xbf"),
        ("the greatest overlong of three", b"\xe0\x9f\xbf"),
        ("the greatest overlong of four", b"\xf0\x8f\xbf\xbf"),
        ("the first surrogate", b"\xed\xa0\x80"),
        ("the last surrogate", b"\xed\xbf\xbf"),
        ("a pair of surrogates", b"\xed\xa0\x80\xed\xb0\x80"),
        ("beyond U+10FFFF", b"\xf4\x90\x80\x80"),
        ("five bytes", b"\xf8\x88\x80\x80\x80"),
        ("six bytes", b"\xfc\x84\x80\x80\x80\x80"),
    ];
    for (name, bytes) in invalid {
        cases.push(Case::bad(name, frame(0x81, bytes), 1007));
        let within = [b"before ", bytes, b" behind"].concat();
        cases.push(Case::bad(
            format!("{name}, within a text"),
            frame(0x81, &within),
            1007,
        ));
        let fragments: Vec<u8> = [frame(0x01, ""), frame(0x00, bytes), frame(0x80, "")].concat();
        cases.push(Case::bad(format!("{name}, in a fragment"), fragments, 1007));
        // The same bytes are a message of bytes.
        cases.push(Case::good(format!("{name}, binary"), frame(0x82, bytes)).echoes(binary(bytes)));
    }
    // Refused before the frame, or the message, is whole: nothing else follows.
    let announced = frame(0x81, b"abc\xffdefghijklmno");
    cases.push(Case::bad("early in a frame", &announced[..6 + 4], 1007));
    let early = [frame(0x01, b"abc\xff"), frame(0x00, "def")].concat();
    cases.push(Case::bad("early in a message", early, 1007));
    let early = [frame(0x01, b"\xf4"), frame(0x00, b"\x90")].concat();
    cases.push(Case::bad("early across fragments", early, 1007));
    cases
}

#[test]
fn section_8_1_text() {
    run(&cases(), &Running::start(|builder| builder), &[]);
}
