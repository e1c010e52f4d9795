//! The subject of a certificate, as RFC 4514 writes it: `CN=Ada,O=Example,C=GB`.

use std::fmt::Write;

use rustls_pki_types::CertificateDer;
use webpki::EndEntityCert;

/// DER's tags (X.690 §8).
const OBJECT: u8 = 0x06;
const UTF8: u8 = 0x0c;
const PRINTABLE: u8 = 0x13;
const TELETEX: u8 = 0x14;
const IA5: u8 = 0x16;
const UNIVERSAL: u8 = 0x1c;
const BMP: u8 = 0x1e;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;

/// The subject of `certificate`; `None` where that cannot be read.
pub(super) fn subject(certificate: &CertificateDer<'_>) -> Option<String> {
    let certificate = EndEntityCert::try_from(certificate).ok()?;
    write_name(certificate.subject())
}

/// The names of a `RDNSequence`, its own header left out; the last one comes first.
fn write_name(mut der: &[u8]) -> Option<String> {
    let mut names = Vec::new();
    while !der.is_empty() {
        let mut name = String::new();
        let mut attributes = take(&mut der, SET)?;
        while !attributes.is_empty() {
            if !name.is_empty() {
                name.push('+');
            }
            write_attribute(&mut name, take(&mut attributes, SEQUENCE)?)?;
        }
        names.push(name);
    }
    names.reverse();
    Some(names.join(","))
}

fn write_attribute(name: &mut String, mut der: &[u8]) -> Option<()> {
    let object = take(&mut der, OBJECT)?;
    let value = der;
    let tag = *der.first()?;
    let content = take(&mut der, tag)?;
    let keyword = keyword(object);
    match keyword {
        Some(keyword) => name.push_str(keyword),
        None => write_object(name, object)?,
    }
    name.push('=');
    // Only what has a keyword is known to be written as text (RFC 4514 §2.4).
    match keyword.and_then(|_| text(tag, content)) {
        Some(text) => write_text(name, &text),
        None => {
            name.push('#');
            for byte in value {
                write!(name, "{byte:02x}").ok()?;
            }
        }
    }
    Some(())
}

/// Takes one value with the tag `tag`, and returns what is in it.
fn take<'a>(der: &mut &'a [u8], tag: u8) -> Option<&'a [u8]> {
    let (&[found, length], rest) = der.split_first_chunk::<2>()?;
    let (length, rest) = match length {
        0..=0x7f => (usize::from(length), rest),
        0x81 => (usize::from(*rest.first()?), &rest[1..]),
        0x82 => {
            let (length, rest) = rest.split_first_chunk::<2>()?;
            (usize::from(u16::from_be_bytes(*length)), rest)
        }
        // Nothing in a name is longer.
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    *der = rest;
    (found == tag).then_some(content)
}

/// RFC 4514 §3.
fn keyword(object: &[u8]) -> Option<&'static str> {
    match object {
        [0x55, 4, 3] => Some("CN"),
        [0x55, 4, 6] => Some("C"),
        [0x55, 4, 7] => Some("L"),
        [0x55, 4, 8] => Some("ST"),
        [0x55, 4, 9] => Some("STREET"),
        [0x55, 4, 10] => Some("O"),
        [0x55, 4, 11] => Some("OU"),
        // 0.9.2342.19200300.100.1.25 and .1
        [0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 25] => Some("DC"),
        [0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 1] => Some("UID"),
        _ => None,
    }
}

/// The numbers of an object identifier, with points between.
fn write_object(name: &mut String, object: &[u8]) -> Option<()> {
    let mut first = true;
    let mut number = 0u64;
    for byte in object {
        number = number.checked_mul(128)? | u64::from(byte & 0x7f);
        if byte & 0x80 != 0 {
            continue;
        }
        if first {
            let root = (number / 40).min(2);
            write!(name, "{root}.{}", number - root * 40).ok()?;
        } else {
            write!(name, ".{number}").ok()?;
        }
        (first, number) = (false, 0);
    }
    (!first && number == 0).then_some(())
}

fn text(tag: u8, content: &[u8]) -> Option<String> {
    match tag {
        UTF8 | PRINTABLE | IA5 => std::str::from_utf8(content).ok().map(str::to_owned),
        // In practice Latin 1.
        TELETEX => Some(content.iter().map(|byte| char::from(*byte)).collect()),
        BMP => {
            let (units, []) = content.as_chunks::<2>() else {
                return None;
            };
            char::decode_utf16(units.iter().map(|unit| u16::from_be_bytes(*unit)))
                .collect::<Result<_, _>>()
                .ok()
        }
        UNIVERSAL => {
            let (letters, []) = content.as_chunks::<4>() else {
                return None;
            };
            letters
                .iter()
                .map(|letter| char::from_u32(u32::from_be_bytes(*letter)))
                .collect()
        }
        _ => None,
    }
}

fn write_text(name: &mut String, text: &str) {
    let last = text.chars().count().saturating_sub(1);
    for (place, char) in text.chars().enumerate() {
        match char {
            '\0' => name.push_str("\\00"),
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => name.extend(['\\', char]),
            ' ' if place == 0 || place == last => name.push_str("\\ "),
            '#' if place == 0 => name.push_str("\\#"),
            char => name.push(char),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(tag: u8, content: &[u8]) -> Vec<u8> {
        let length = u8::try_from(content.len()).unwrap();
        assert!(length < 0x80);
        [&[tag, length], content].concat()
    }

    fn attribute(object: &[u8], tag: u8, text: &[u8]) -> Vec<u8> {
        value(SEQUENCE, &[value(OBJECT, object), value(tag, text)].concat())
    }

    #[test]
    fn a_name_is_written_from_its_end_with_escapes() {
        let name = [
            value(SET, &attribute(&[0x55, 4, 6], PRINTABLE, b"GB")),
            value(SET, &attribute(&[0x55, 4, 10], TELETEX, b"Caf\xe9, Ltd ")),
            value(
                SET,
                &[
                    attribute(&[0x55, 4, 3], UTF8, b"# \"A\"\0"),
                    attribute(&[0x55, 4, 11], BMP, b"\x04\x10\0b"),
                ]
                .concat(),
            ),
            // An e-mail address has no keyword in RFC 4514.
            value(
                SET,
                &attribute(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1], IA5, b"a@b"),
            ),
        ]
        .concat();
        assert_eq!(
            write_name(&name).unwrap(),
            "1.2.840.113549.1.9.1=#1603614062,CN=\\# \\\"A\\\"\\00+OU=Аb,O=Café\\, Ltd\\ ,C=GB"
        );
        assert_eq!(write_name(b"").unwrap(), "");
    }

    #[test]
    fn what_is_cut_off_anywhere_is_no_name() {
        let name = value(SET, &attribute(&[0x55, 4, 3], UTF8, b"Ada"));
        assert_eq!(write_name(&name).unwrap(), "CN=Ada");
        for end in 1..name.len() {
            assert_eq!(write_name(&name[..end]), None, "{end}");
        }
    }
}
