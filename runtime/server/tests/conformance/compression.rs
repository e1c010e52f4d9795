//! Compressed messages (RFC 7692 §6, §7.2).

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};
use laureola_server::{Deflate, Limits};
use laureola_testkit::{Frame, RawHttp, WebSocket};

use crate::case::{Case, binary, frame, run};
use crate::server::{DEADLINE, Running};

const OFFER: (&str, &str) = ("Sec-WebSocket-Extensions", "permessage-deflate");
const MESSAGE: usize = 50_000;

/// "Hello", compressed (§7.2.3.1).
const HELLO: [u8; 7] = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
/// The same behind the first one, out of its window (§7.2.3.2).
const HELLO_AGAIN: [u8; 5] = [0xf2, 0x00, 0x11, 0x00, 0x00];

fn compress_with(state: &mut Compress, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(payload.len() + 1000);
    let status = state.compress_vec(payload, &mut out, FlushCompress::Sync);
    status.expect("it compresses");
    out.truncate(out.len() - 4);
    out
}

fn compress(payload: impl AsRef<[u8]>) -> Vec<u8> {
    compress_with(
        &mut Compress::new(Compression::default(), false),
        payload.as_ref(),
    )
}

pub(crate) fn cases() -> Vec<Case> {
    let good = |name: &str, frames: &[Vec<u8>]| Case::good(name, frames.concat());
    let hello = |name: &str, frames: &[Vec<u8>]| good(name, frames).echoes("Hello");
    let text = "to be or not to be, that is the question; ".repeat(100);
    let mut cases = vec![
        hello("one block (7.2.3.1)", &[frame(0xc1, HELLO)]),
        hello(
            "two fragments (7.2.3.1)",
            &[frame(0x41, &HELLO[..3]), frame(0x80, &HELLO[3..])],
        ),
        hello(
            "fragments with an empty last",
            &[frame(0x41, HELLO), frame(0x00, ""), frame(0x80, "")],
        ),
        hello(
            "a block without compression (7.2.3.3)",
            &[frame(
                0xc1,
                [0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00],
            )],
        ),
        hello(
            "a last block (7.2.3.4)",
            &[frame(0xc1, [0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00])],
        ),
        hello(
            "two blocks (7.2.3.5)",
            &[frame(
                0xc1,
                [
                    0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00,
                ],
            )],
        ),
        good(
            "two messages, each alone",
            &[frame(0xc1, HELLO), frame(0xc1, HELLO)],
        )
        .echoes("Hello")
        .echoes("Hello"),
        good("an empty message (7.2.3.6)", &[frame(0xc1, [0])]).echoes(""),
        good("an empty message of bytes", &[frame(0xc2, [0])]).echoes(binary([])),
        good(
            "a plain message among compressed ones",
            &[frame(0xc1, HELLO), frame(0x81, "plain"), frame(0xc1, HELLO)],
        )
        .echoes("Hello")
        .echoes("plain")
        .echoes("Hello"),
        good(
            "a plain message in fragments",
            &[frame(0x01, "pl"), frame(0x80, "ain")],
        )
        .echoes("plain"),
        good("a long text", &[frame(0xc1, compress(&text))]).echoes(text.clone()),
        good(
            "a control frame between compressed fragments",
            &[
                frame(0x41, &HELLO[..3]),
                frame(0x89, "ping"),
                frame(0x80, &HELLO[3..]),
            ],
        )
        .pongs("ping")
        .echoes("Hello"),
        good(
            "a message at its limit",
            &[frame(0xc2, compress(vec![1; MESSAGE]))],
        )
        .echoes(binary(vec![1; MESSAGE])),
        Case::bad(
            "a message over its limit",
            frame(0xc2, compress(vec![1; MESSAGE + 1])),
            1009,
        ),
        Case::bad("a bomb", frame(0xc2, compress(vec![0; 2_000_000])), 1009),
        Case::bad(
            "a bomb in fragments",
            {
                let bomb = compress(vec![0; 2_000_000]);
                let (first, rest) = bomb.split_at(1000);
                [frame(0x42, first), frame(0x80, rest)].concat()
            },
            1009,
        ),
        Case::bad(
            "the bit in a continuation",
            [frame(0x41, &HELLO[..3]), frame(0xc0, &HELLO[3..])].concat(),
            1002,
        ),
        Case::bad(
            "the bit in a continuation of a plain message",
            [frame(0x01, "a"), frame(0xc0, "b")].concat(),
            1002,
        ),
        Case::bad("the bit in a ping", frame(0xc9, ""), 1002),
        Case::bad("the bit in a pong", frame(0xca, ""), 1002),
        Case::bad("the bit in a close", frame(0xc8, ""), 1002),
        Case::bad("another bit in a compressed message", frame(0xe1, HELLO), 1002),
        Case::bad("the third bit", frame(0x91, "a"), 1002),
        Case::bad("what does not inflate", frame(0xc1, [0xff; 20]), 1007),
        Case::bad(
            "a reference before the first byte",
            frame(0xc1, HELLO_AGAIN),
            1007,
        ),
        Case::bad(
            "a message that refers to the one before",
            frame(0xc1, HELLO_AGAIN),
            1007,
        )
        .after(frame(0xc1, HELLO))
        .echoes("Hello"),
        Case::bad(
            "compressed text that is not UTF-8",
            frame(0xc1, compress(b"caf\xe9")),
            1007,
        ),
        good(
            "compressed bytes that are not UTF-8",
            &[frame(0xc2, compress(b"caf\xe9"))],
        )
        .echoes(binary(*b"caf\xe9")),
        Case::bad(
            "compressed text that breaks off within a character",
            frame(0xc1, compress(b"caf\xc3")),
            1007,
        ),
        Case::ends(
            "a compressed message that breaks off",
            &frame(0xc1, HELLO)[..9],
            1006,
        )
        .finishing(),
    ];
    for level in 0..=9 {
        let mut state = Compress::new(Compression::new(level), false);
        let bytes = frame(0xc1, compress_with(&mut state, text.as_bytes()));
        cases.push(Case::good(format!("level {level}"), bytes).echoes(text.clone()));
    }
    cases
}

/// With a server that lets clients refer to earlier messages.
pub(crate) fn takeover_cases() -> Vec<Case> {
    let mut cases = vec![
        Case::good(
            "a message out of the one before (7.2.3.2)",
            [frame(0xc1, HELLO), frame(0xc1, HELLO_AGAIN)].concat(),
        )
        .echoes("Hello")
        .echoes("Hello"),
        Case::good(
            "a plain one between them",
            [frame(0xc1, HELLO), frame(0x81, "plain"), frame(0xc1, HELLO_AGAIN)].concat(),
        )
        .echoes("Hello")
        .echoes("plain")
        .echoes("Hello"),
        Case::bad(
            "a reference before the first byte",
            frame(0xc1, HELLO_AGAIN),
            1007,
        ),
    ];
    for bits in 9..=15 {
        let mut state = Compress::new_with_window_bits(Compression::default(), false, bits);
        let texts: Vec<String> = (0..20)
            .map(|number| format!("message {number}: the same again and again"))
            .collect();
        let frames: Vec<u8> = texts
            .iter()
            .flat_map(|text| frame(0xc1, compress_with(&mut state, text.as_bytes())))
            .collect();
        let case = Case::good(format!("twenty messages in a window of {bits}"), frames);
        cases.push(texts.into_iter().fold(case, Case::echoes));
    }
    cases
}

fn server(settings: Deflate) -> Running {
    Running::start(|builder| {
        let limits = Limits {
            websocket_max_message: MESSAGE,
            ..Limits::default()
        };
        builder.limits(limits).websocket_compression(Some(settings))
    })
}

#[test]
fn section_7_2_compressed_messages() {
    // Answers as they are, so that they can be told byte by byte.
    let settings = Deflate {
        threshold: usize::MAX,
        ..Deflate::default()
    };
    run(&cases(), &server(settings), &[OFFER]);
}

#[test]
fn section_7_1_1_context_takeover_of_clients() {
    let settings = Deflate {
        threshold: usize::MAX,
        client_no_context_takeover: false,
        ..Deflate::default()
    };
    run(&takeover_cases(), &server(settings), &[OFFER]);
}

#[test]
fn what_the_server_sends_is_compressed_above_the_threshold_in_the_window_agreed_on() {
    let server = server(Deflate::default());
    for bits in 9..=15 {
        let offer = format!("permessage-deflate; server_max_window_bits={bits}");
        let mut client = RawHttp::connect(server.port);
        client.write(WebSocket::handshake(server.port, "/", &[(OFFER.0, &offer)]));
        assert_eq!(client.read_head(DEADLINE).expect("a response").status, 101);
        // Twice: each stands alone.
        for length in [1023, 1024, 40_000, 40_000] {
            let text: String = (0..length)
                .map(|at| char::from(b'a' + (at * at / 7 % 26) as u8))
                .collect();
            client.write(frame(0x81, &text));
            let first = if length < 1024 { 0x81 } else { 0xc1 };
            let plain = read(&mut client, first, bits);
            assert!(plain == text.as_bytes(), "{length} in a window of {bits}");
        }
        client.write(Frame::close(1000, "").encode());
        assert!(client.read_to_end(DEADLINE).starts_with(&[0x88, 2]));
    }
    server.assert_serves();
}

/// The plain payload of the next frame, which begins with `first`.
fn read(client: &mut RawHttp, first: u8, bits: u8) -> Vec<u8> {
    let head = client.read_bytes(2, DEADLINE);
    assert_eq!(head[0], first);
    let count = match head[1] {
        126 => u16::from_be_bytes(client.read_bytes(2, DEADLINE).try_into().expect("two")).into(),
        127 => panic!("it did not shrink"),
        short => usize::from(short),
    };
    let payload = client.read_bytes(count, DEADLINE);
    if first & 0x40 == 0 {
        payload
    } else {
        inflate(&payload, bits)
    }
}

#[test]
fn of_messages_that_leave_together_each_is_compressed_by_itself_or_not() {
    let server = server(Deflate::default());
    let text = "again and again and ".repeat(300);
    for (offer, bits) in [
        ("permessage-deflate", 15),
        ("permessage-deflate; server_max_window_bits=9", 9),
        ("", 0),
    ] {
        let mut client = RawHttp::connect(server.port);
        client.write(WebSocket::handshake(server.port, "/joined", &[(OFFER.0, offer)]));
        assert_eq!(client.read_head(DEADLINE).expect("a response").status, 101);
        for _ in 0..2 {
            client.write(frame(0x81, &text));
            let rsv = if bits == 0 { 0 } else { 0x40 };
            assert_eq!(read(&mut client, 0x81, bits), b"short", "{offer}");
            assert!(read(&mut client, 0x81 | rsv, bits) == text.as_bytes(), "{offer}");
            assert!(read(&mut client, 0x82 | rsv, bits) == text.as_bytes(), "{offer}");
        }
    }
}

fn inflate(payload: &[u8], bits: u8) -> Vec<u8> {
    let mut out = Vec::with_capacity(100_000);
    let bytes = [payload, &[0, 0, 0xff, 0xff]].concat();
    let mut state = Decompress::new_with_window_bits(false, bits);
    let status = state.decompress_vec(&bytes, &mut out, FlushDecompress::Sync);
    status.expect("it inflates");
    out
}
