//! Texts of a client's choice, in a form that cannot end a line or a quotation.

use std::io::Write;

/// As Apache does it: `\"`, `\\`, `\n`, `\t`, and `\xHH` for every other byte that is not printable
/// ASCII.
pub(super) fn text(line: &mut Vec<u8>, text: &[u8]) {
    for &byte in text {
        match byte {
            b'"' | b'\\' => line.extend_from_slice(&[b'\\', byte]),
            b'\n' => line.extend_from_slice(b"\\n"),
            b'\r' => line.extend_from_slice(b"\\r"),
            b'\t' => line.extend_from_slice(b"\\t"),
            b' '..=b'~' => line.push(byte),
            _ => number(line, format_args!("\\x{byte:02x}")),
        }
    }
}

/// A JSON string, quotes included. What is not UTF-8 becomes U+FFFD.
pub(super) fn json(line: &mut Vec<u8>, text: &[u8]) {
    line.push(b'"');
    for character in String::from_utf8_lossy(text).chars() {
        match character {
            '"' => line.extend_from_slice(b"\\\""),
            '\\' => line.extend_from_slice(b"\\\\"),
            '\n' => line.extend_from_slice(b"\\n"),
            '\r' => line.extend_from_slice(b"\\r"),
            '\t' => line.extend_from_slice(b"\\t"),
            // Line separators, which some readers end a line at, and terminals' control characters.
            '\0'..='\x1f' | '\x7f'..='\u{9f}' | '\u{2028}' | '\u{2029}' => {
                number(line, format_args!("\\u{:04x}", u32::from(character)));
            }
            _ => line.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    line.push(b'"');
}

pub(super) fn number(line: &mut Vec<u8>, number: std::fmt::Arguments<'_>) {
    line.write_fmt(number).expect("a vector takes everything");
}

/// The number, or `-` for none and for 0.
pub(super) fn or_dash(line: &mut Vec<u8>, value: Option<u64>) {
    match value {
        None | Some(0) => line.push(b'-'),
        Some(value) => number(line, format_args!("{value}")),
    }
}

/// Seconds, to the microsecond.
pub(super) fn seconds(line: &mut Vec<u8>, duration: std::time::Duration) {
    number(line, format_args!("{:.6}", duration.as_secs_f64()));
}
