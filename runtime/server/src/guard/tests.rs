use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use proptest::prelude::*;
use tokio::io::{AsyncRead, AsyncReadExt, ReadBuf};

use super::scanner::{Place, Scanner};
use super::stream::{BodyFault, Deadlines, Fault, Guard};

/// Scans in the given portions; the place afterwards, or the index of the bad byte.
fn scan(bytes: &[u8], portions: &[usize]) -> Result<Place, usize> {
    let mut scanner = Scanner::new();
    let mut at = 0;
    let mut portions = portions.iter().copied().cycle();
    while at < bytes.len() {
        let portion = portions.next().unwrap_or(usize::MAX).clamp(1, bytes.len() - at);
        scanner.scan(&bytes[at..at + portion]).map_err(|bad| at + bad)?;
        at += portion;
    }
    Ok(scanner.place())
}

fn all_at_once(bytes: &[u8]) -> Result<Place, usize> {
    scan(bytes, &[])
}

const GOOD: &[(&[u8], Place)] = &[
    (b"", Place::Start),
    (b"\r\n", Place::Start),
    (b"GET / HTTP/1.1\r\n\r\n", Place::Start),
    (b"GET / HTTP/1.0\r\nA:\r\nb: c\td\r\n\r\n\r\nGET", Place::Head),
    (b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nab", Place::Body),
    (b"POST / HTTP/1.1\r\nCONTENT-LENGTH:\t003 \r\n\r\nabcGET / HTTP/1.1\r\n\r\n", Place::Start),
    (b"POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n", Place::Start),
    (b"POST / HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n", Place::Chunks),
    (
        b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n3\r\n\r\n\n\r\nA;x=\"y\"\r\n0123456789\r\n0\r\nT: u\r\n\r\n",
        Place::Start,
    ),
    (b"GET / HTTP/1.1\r\nUpgrade: h2c\r\n\r\n", Place::Start),
    (b"GET / HTTP/1.1\r\nUpgrade: x, WebSocket\r\n\r\n\x81\x80\0\0\0\0\n", Place::Tunnel),
    (b"GET / HTTP/1.1\r\nX: \xc3\xa9\r\n\r\n", Place::Start),
];

/// What must not pass, with the byte at which that shows.
const BAD: &[(&[u8], u8)] = &[
    // Lines.
    (b"GET / HTTP/1.1\n\r\n", b'\n'),
    (b"\nGET", b'\n'),
    (b"GET / HTTP/1.1\r\nA: b\n\r\n", b'\n'),
    (b"GET / HTTP/1.1\r\nA: b\rc", b'c'),
    (b"GET / HTTP/1.1\r\nA: b\r\n c: d\r\n\r\n", b' '),
    (b"GET / HTTP/1.1\r\nA: b\r\n\tc\r\n\r\n", b'\t'),
    (b"GET / HTTP/1.1\r\n A: b\r\n\r\n", b' '),
    (b"GET / HTTP/1.1\r\nA: b\r\n\rX", b'X'),
    // The request line.
    (b"GET /\x01 HTTP/1.1\r\n", 1),
    (b"GET /caf\xc3\xa9 HTTP/1.1\r\n", 0xc3),
    (b"GET /?q=\xff HTTP/1.1\r\n", 0xff),
    (b" GET / HTTP/1.1\r\n", b' '),
    (b"GET /\r\n", b'\r'),
    (b"GET /a#b HTTP/1.1\r\n", b'#'),
    (b"GET / HTTP/1.2\r\n", b'\r'),
    (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b'\r'),
    (b"\x16\x03\x01\x02\0", 0x16),
    // Names and values.
    (b"GET / HTTP/1.1\r\n: b\r\n\r\n", b':'),
    (b"GET / HTTP/1.1\r\nA : b\r\n\r\n", b' '),
    (b"GET / HTTP/1.1\r\nA\r\n\r\n", b'\r'),
    (b"GET / HTTP/1.1\r\nA(b: c\r\n\r\n", b'('),
    (b"GET / HTTP/1.1\r\n\xe9: c\r\n\r\n", 0xe9),
    (b"GET / HTTP/1.1\r\nA: \0\r\n\r\n", 0),
    (b"GET / HTTP/1.1\r\nA: x\x0b\r\n\r\n", 0x0b),
    (b"GET / HTTP/1.1\r\nA: x\x0c\r\n\r\n", 0x0c),
    (b"GET / HTTP/1.1\r\nA: x\x1c\r\n\r\n", 0x1c),
    (b"GET / HTTP/1.1\r\nA: x\x1d\r\n\r\n", 0x1d),
    (b"GET / HTTP/1.1\r\nA: x\x1e\r\n\r\n", 0x1e),
    (b"GET / HTTP/1.1\r\nA: x\x7f\r\n\r\n", 0x7f),
    (b"GET / HTTP/1.1\r\nA: x\x85\r\n\r\n", 0x85),
    // Framing. The line's own end is where it shows.
    (b"POST / HTTP/1.1\r\nContent-Length: +5\r\n\r\n", b'\n'),
    (b"POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\n", b'\n'),
    (b"POST / HTTP/1.1\r\nContent-Length: 5 5\r\n\r\n", b'\n'),
    (b"POST / HTTP/1.1\r\nContent-Length: 5, 5\r\n\r\n", b'\n'),
    (b"POST / HTTP/1.1\r\nContent-Length: 0x5\r\n\r\n", b'\n'),
    (b"POST / HTTP/1.1\r\nContent-Length:\r\n\r\n", b'\n'),
    (
        b"POST / HTTP/1.1\r\nContent-Length: 18446744073709551616\r\n\r\n",
        b'\n',
    ),
    (
        b"POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        b'\n',
    ),
    (
        b"POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        b'\n',
    ),
    (
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n",
        b'\n',
    ),
    (
        b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        b'\n',
    ),
    (
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
        b'\n',
    ),
    (b"POST / HTTP/1.1\r\nTransfer-Encoding: xchunked\r\n\r\n", b'\n'),
    (b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", b'\n'),
    (
        b"GET / HTTP/1.1\r\nUpgrade: websocket\r\nContent-Length: 5\r\n\r\n",
        b'\n',
    ),
    // Behind a body.
    (
        b"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nabGET / HTTP/1.1\n",
        b'\n',
    ),
];

const BAD_CHUNKS: &[&[u8]] = &[
    b"\r\n",
    b"g\r\n",
    b"+5\r\n",
    b"-5\r\n",
    b"0x5\r\n",
    b" 5\r\n",
    b"5 \r\n",
    b"5\n",
    b"5\rx",
    b"5;a\n",
    b"5;a\x01\r\n",
    b"0123456789abcdef\r\n",
    b"2\r\nabc",
    b"2\r\nab\n",
    b"0\r\n\n",
    b"0\r\n x: y\r\n",
    b"0\r\nA: b\n",
];

fn chunked(body: &[u8]) -> Vec<u8> {
    [b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", body].concat()
}

#[test]
fn what_is_well_formed_passes() {
    for (bytes, place) in GOOD {
        assert_eq!(all_at_once(bytes), Ok(*place), "{}", bytes.escape_ascii());
    }
}

#[test]
fn what_is_malformed_stops_at_its_first_bad_byte() {
    for (bytes, byte) in BAD {
        let bad = all_at_once(bytes).expect_err(&bytes.escape_ascii().to_string());
        assert_eq!(bytes[bad], *byte, "{} at {bad}", bytes.escape_ascii());
    }
    for body in BAD_CHUNKS {
        let bytes = chunked(body);
        assert!(all_at_once(&bytes).is_err(), "{}", bytes.escape_ascii());
    }
}

#[test]
fn one_byte_at_a_time_is_the_same_as_all_at_once() {
    let chunks = BAD_CHUNKS.iter().map(|body| chunked(body));
    let all = GOOD.iter().map(|(bytes, _)| bytes.to_vec());
    for bytes in all
        .chain(BAD.iter().map(|(bytes, _)| bytes.to_vec()))
        .chain(chunks)
    {
        assert_eq!(
            scan(&bytes, &[1]),
            all_at_once(&bytes),
            "{}",
            bytes.escape_ascii()
        );
    }
}

/// Streams made of parts of requests, good and bad, in any order.
fn streams() -> impl Strategy<Value = Vec<u8>> {
    let parts: Vec<&'static [u8]> = vec![
        b"GET / HTTP/1.1\r\n",
        b"POST /x HTTP/1.0\r\n",
        b"Content-Length: 4\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Upgrade: websocket\r\n",
        b"X: y\r\n",
        b"\r\n",
        b"4\r\nabcd\r\n",
        b"0\r\n\r\n",
        b"abcd",
        b"\n",
        b"\0",
        b" ",
        b"\r",
    ];
    let part = prop_oneof![
        8 => prop::sample::select(parts).prop_map(<[u8]>::to_vec),
        1 => prop::collection::vec(any::<u8>(), 0..4),
    ];
    prop::collection::vec(part, 0..24).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn portions_do_not_matter(bytes in streams(), portions in prop::collection::vec(1_usize..9, 1..9)) {
        prop_assert_eq!(scan(&bytes, &portions), all_at_once(&bytes));
    }
}

/// A stream that yields one portion a read, then waits for ever.
struct Portions(Vec<Vec<u8>>);

impl AsyncRead for Portions {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.0.pop() {
            Some(mut portion) => {
                let rest = portion.split_off(portion.len().min(buf.remaining()));
                buf.put_slice(&portion);
                if !rest.is_empty() {
                    self.0.push(rest);
                }
                Poll::Ready(Ok(()))
            }
            None => Poll::Pending,
        }
    }
}

fn guard(portions: &[&[u8]]) -> (Guard<Portions>, Arc<Fault>) {
    let fault = Arc::<Fault>::default();
    let deadlines = Deadlines {
        head: Duration::from_secs(10),
        body: Duration::from_secs(60),
        response: Duration::from_secs(60),
        idle: Duration::from_secs(60),
    };
    let portions = portions.iter().rev().map(|portion| portion.to_vec()).collect();
    (
        Guard::new(Portions(portions), deadlines, Arc::clone(&fault), Arc::default()),
        fault,
    )
}

async fn read(guard: &mut Guard<Portions>) -> Vec<u8> {
    let mut bytes = Vec::new();
    guard.read_to_end(&mut bytes).await.unwrap();
    bytes
}

#[tokio::test]
async fn a_bad_head_is_replaced_by_one_that_no_parser_takes() {
    let (mut guard, fault) = guard(&[
        b"GET / HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\nA: b",
        b"\nC: d\r\n\r\n",
    ]);
    assert_eq!(
        read(&mut guard).await,
        b"GET / HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\nA: b\0\r\n\r\n"
    );
    assert_eq!(fault.of(1), None);
}

#[tokio::test]
async fn poison_that_finds_no_room_comes_with_the_next_read() {
    let (mut guard, _) = guard(&[b"\n"]);
    let mut bytes = Vec::new();
    let mut byte = [0; 1];
    while guard.read(&mut byte).await.unwrap() > 0 {
        bytes.push(byte[0]);
    }
    assert_eq!(bytes, b"\0\r\n\r\n");
}

#[tokio::test]
async fn a_bad_chunk_ends_the_stream_and_is_noted() {
    let (mut guard, fault) = guard(&[&chunked(b"2\r\nab\r\n"), b"+1\r\n"]);
    assert_eq!(read(&mut guard).await, chunked(b"2\r\nab\r\n"));
    assert_eq!(fault.of(1), Some(BodyFault::Malformed));
}

#[tokio::test(start_paused = true)]
async fn a_silent_client_ends_without_an_answer_and_a_slow_head_with_one() {
    let start = tokio::time::Instant::now();
    let (mut silent, _) = guard(&[]);
    assert_eq!(read(&mut silent).await, b"");
    assert_eq!(start.elapsed().as_secs(), 10);

    let (mut slow, fault) = guard(&[b"GET / HT"]);
    assert_eq!(read(&mut slow).await, b"GET / HT\0\r\n\r\n");
    assert_eq!(fault.of(1), None);

    let start = tokio::time::Instant::now();
    let (mut body, fault) = guard(&[b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nab"]);
    assert!(read(&mut body).await.ends_with(b"\r\n\r\nab"));
    assert_eq!(start.elapsed().as_secs(), 60);
    assert_eq!(fault.of(1), Some(BodyFault::TooSlow));
}

/// A stream that yields one byte a second.
struct Drip(Vec<u8>, Pin<Box<tokio::time::Sleep>>);

impl AsyncRead for Drip {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        std::task::ready!(self.1.as_mut().poll(cx));
        let next = tokio::time::Instant::now() + Duration::from_secs(1);
        self.1.as_mut().reset(next);
        let byte = self.0.remove(0);
        buf.put_slice(&[byte]);
        Poll::Ready(Ok(()))
    }
}

#[tokio::test(start_paused = true)]
async fn a_head_that_drips_is_cut_at_its_deadline() {
    let bytes = drip(b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n").await;
    assert!(
        bytes.starts_with(b"GET / HTTP") && bytes.ends_with(b"\0\r\n\r\n"),
        "{}",
        bytes.escape_ascii()
    );
    assert!(bytes.len() < 20);
}

#[tokio::test(start_paused = true)]
async fn empty_lines_before_the_first_head_do_not_make_it_later() {
    let bytes = drip(&b"\r\n".repeat(20)).await;
    assert!(bytes.len() < 20, "{}", bytes.escape_ascii());
}

/// What passes of `bytes`, one of which comes each second, until the head's deadline of 10 s.
async fn drip(bytes: &[u8]) -> Vec<u8> {
    let start = tokio::time::Instant::now();
    let drip = Drip(bytes.to_vec(), Box::pin(tokio::time::sleep(Duration::ZERO)));
    let deadlines = Deadlines {
        head: Duration::from_secs(10),
        body: Duration::from_secs(60),
        response: Duration::from_secs(60),
        idle: Duration::from_secs(60),
    };
    let mut guard = Guard::new(drip, deadlines, Arc::default(), Arc::default());
    let mut bytes = Vec::new();
    guard.read_to_end(&mut bytes).await.unwrap();
    assert_eq!(start.elapsed().as_secs(), 10);
    bytes
}
