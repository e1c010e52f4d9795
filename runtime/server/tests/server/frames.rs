//! Frames, well-formed and not (RFC 6455 §5).

use laureola_asgi::Payload;
use laureola_server::Limits;
use laureola_testkit::{Frame, Received, WebSocket};

use crate::support::{DEADLINE, Running, Seen, echo};

/// Sends `bytes`; the server must close with `code`, tell the application so, and serve on.
#[track_caller]
fn assert_closes(bytes: impl AsRef<[u8]>, code: u16) {
    let seen = Seen::default();
    let server = Running::start(echo(seen.clone()));
    let mut socket = WebSocket::connect(server.port, "/", &[]);
    socket.send_frame_raw(bytes);
    let Received::Close { code: got, .. } = socket.recv(DEADLINE) else {
        panic!("no close frame")
    };
    assert_eq!(got, Some(code));
    assert_eq!(socket.recv(DEADLINE), Received::Eof);
    drop(socket);
    seen.assert_one_disconnect(code);
    server.assert_serves();
}

fn frame(change: impl FnOnce(&mut Frame)) -> Vec<u8> {
    let mut frame = Frame::new(Frame::TEXT, "hello");
    change(&mut frame);
    frame.encode()
}

#[test]
fn an_unmasked_frame_is_1002() {
    assert_closes(frame(|frame| frame.masked = false), 1002);
}

#[test]
fn reserved_bits_are_1002() {
    for rsv in [1, 2, 4] {
        assert_closes(frame(|frame| frame.rsv = rsv), 1002);
    }
}

#[test]
fn reserved_opcodes_are_1002() {
    for opcode in [0x3, 0x7, 0xb, 0xf] {
        assert_closes(frame(|frame| frame.opcode = opcode), 1002);
    }
}

#[test]
fn fragments_out_of_turn_are_1002() {
    assert_closes(frame(|frame| frame.opcode = Frame::CONTINUATION), 1002);
    let first = frame(|frame| frame.fin = false);
    assert_closes([first, frame(|_| ())].concat(), 1002);
}

#[test]
fn control_frames_that_are_long_or_fragmented_are_1002() {
    assert_closes(Frame::new(Frame::PING, vec![0; 126]).encode(), 1002);
    assert_closes(
        frame(|frame| {
            frame.opcode = Frame::PING;
            frame.fin = false;
        }),
        1002,
    );
}

#[test]
fn a_close_frame_with_half_a_code_or_a_forbidden_one_is_1002() {
    assert_closes(Frame::new(Frame::CLOSE, [3]).encode(), 1002);
    for code in [0, 999, 1004, 1005, 1006, 1015, 5000] {
        assert_closes(Frame::close(code, "").encode(), 1002);
    }
}

#[test]
fn text_that_is_not_utf_8_is_1007() {
    for text in [
        &b"\xff"[..],
        b"\xc3",
        b"\xed\xa0\x80",
        b"\xf4\x90\x80\x80",
        b"ok \xc0\xaf",
    ] {
        assert_closes(Frame::new(Frame::TEXT, text).encode(), 1007);
    }
    let reason = [&4000_u16.to_be_bytes()[..], b"\xff"].concat();
    assert_closes(Frame::new(Frame::CLOSE, reason).encode(), 1007);
}

#[test]
fn a_frame_over_the_limit_is_1009_before_its_payload_comes() {
    let announced = Frame::new(Frame::BINARY, vec![0; 1024 * 1024 + 1]).encode();
    assert_closes(&announced[..14], 1009);
    // All of it on its way does not cost the client the close frame.
    assert_closes(&announced, 1009);
    // A length no memory has.
    assert_closes([&[0x82, 0xff][..], &[0x7f; 8], &[0; 4]].concat(), 1009);
}

#[test]
fn fragments_that_add_up_over_the_limit_are_1009() {
    let half = Frame {
        fin: false,
        ..Frame::new(Frame::TEXT, vec![b'x'; 600 * 1024])
    };
    let rest = Frame {
        opcode: Frame::CONTINUATION,
        ..half.clone()
    };
    assert_closes([half.encode(), rest.encode()].concat(), 1009);
}

#[test]
fn zero_is_no_limit() {
    let server = Running::with(echo(Seen::default()), |builder| {
        builder.limits(Limits {
            websocket_max_message: 0,
            websocket_max_frame: 0,
            ..Limits::default()
        })
    });
    let mut socket = WebSocket::connect(server.port, "/", &[]);
    let message = vec![7; 3 * 1024 * 1024];
    socket.send_binary(&message);
    assert!(socket.recv(DEADLINE) == Received::Binary(message));
}

#[test]
fn every_length_comes_back() {
    let seen = Seen::default();
    let server = Running::start(echo(seen.clone()));
    let mut socket = WebSocket::connect(server.port, "/", &[]);
    for length in [
        0,
        1,
        124,
        125,
        126,
        127,
        1023,
        1024,
        1025,
        65_535,
        65_536,
        1024 * 1024,
    ] {
        let text = "x".repeat(length);
        socket.send_text(&text);
        assert!(socket.recv(DEADLINE) == Received::Text(text), "text of {length}");
        let bytes = vec![0xff; length];
        socket.send_binary(&bytes);
        assert!(socket.recv(DEADLINE) == Received::Binary(bytes), "{length} bytes");
    }
    // Empty messages are messages.
    assert_eq!(seen.messages()[0], Payload::from(""));
}

#[test]
fn control_frames_may_stand_between_fragments() {
    let server = Running::start(echo(Seen::default()));
    let mut socket = WebSocket::connect(server.port, "/", &[]);
    // A character is cut in two.
    let part = |opcode, fin, payload: &[u8]| Frame {
        fin,
        ..Frame::new(opcode, payload)
    };
    socket.send_frame(&part(Frame::TEXT, false, b"caf\xc3"));
    socket.send_frame(&Frame::new(Frame::PING, "are you there?"));
    assert_eq!(socket.recv(DEADLINE), Received::Pong(b"are you there?".to_vec()));
    socket.send_frame(&part(Frame::CONTINUATION, false, b""));
    socket.send_frame(&Frame::new(Frame::PONG, "unasked"));
    socket.send_frame(&part(Frame::CONTINUATION, true, b"\xa9"));
    assert_eq!(socket.recv(DEADLINE), Received::Text("café".to_owned()));
}

#[test]
fn a_frame_may_come_byte_by_byte() {
    let server = Running::start(echo(Seen::default()));
    let mut socket = WebSocket::connect(server.port, "/", &[]);
    for byte in Frame::new(Frame::TEXT, "hello").encode() {
        socket.send_frame_raw([byte]);
    }
    assert_eq!(socket.recv(DEADLINE), Received::Text("hello".to_owned()));
}
