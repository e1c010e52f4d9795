//! Requests of all kinds, in any order and in any portions: each gets its own answer.

use laureola_testkit::RawHttp;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::pages::Pages;
use crate::support::{DEADLINE, Running};

/// A request, and the answer to it.
#[derive(Clone, Debug)]
enum Kind {
    Get,
    Head,
    Length(Vec<u8>),
    Chunks(Vec<Vec<u8>>),
    Parts,
    Hint,
    /// Its body is not read.
    Unread(usize),
    EmptyLine,
}

fn kinds() -> impl Strategy<Value = Kind> {
    let bytes = || prop::collection::vec(b'a'..=b'z', 1..300);
    prop_oneof![
        3 => Just(Kind::Get),
        1 => Just(Kind::Head),
        3 => bytes().prop_map(Kind::Length),
        3 => prop::collection::vec(bytes(), 0..5).prop_map(Kind::Chunks),
        2 => Just(Kind::Parts),
        2 => Just(Kind::Hint),
        1 => (0_usize..40).prop_map(Kind::Unread),
        1 => Just(Kind::EmptyLine),
    ]
}

impl Kind {
    fn request(&self, number: usize) -> Vec<u8> {
        let head = |method: &str, path: &str, rest: &str| {
            format!("{method} /{path} HTTP/1.1\r\nHost: x\r\n{rest}\r\n").into_bytes()
        };
        let path = format!("n{number}");
        match self {
            Self::Get => head("GET", &path, ""),
            Self::Head => head("HEAD", &path, ""),
            Self::Length(body) => {
                let length = format!("Content-Length: {}\r\n", body.len());
                [head("POST", &path, &length), body.clone()].concat()
            }
            Self::Chunks(chunks) => {
                let mut request = head("POST", &path, "Transfer-Encoding: chunked\r\n");
                for chunk in chunks {
                    request.extend(format!("{:x};x=y\r\n", chunk.len()).into_bytes());
                    request.extend(chunk);
                    request.extend(b"\r\n");
                }
                request.extend(b"0\r\nT: u\r\n\r\n");
                request
            }
            Self::Parts => head("GET", "parts", ""),
            Self::Hint => head("GET", "hint", ""),
            Self::Unread(length) => {
                let rest = format!("Content-Length: {length}\r\n");
                [head("POST", "unread", &rest), vec![b'G'; *length]].concat()
            }
            Self::EmptyLine => b"\r\n".to_vec(),
        }
    }

    fn answer(&self, number: usize) -> Option<String> {
        let text = |body: &[u8]| format!("/n{number} {}", String::from_utf8_lossy(body));
        match self {
            Self::Get => Some(text(b"")),
            Self::Head => Some(String::new()),
            Self::Length(body) => Some(text(body)),
            Self::Chunks(chunks) => Some(text(&chunks.concat())),
            Self::Parts | Self::Hint => Some("body".to_owned()),
            Self::Unread(_) => Some("not read".to_owned()),
            Self::EmptyLine => None,
        }
    }
}

#[test]
fn every_request_gets_its_own_answer_whatever_stands_around_it() {
    let pages = Pages::new();
    let server = Running::start(pages.application());
    let config = Config {
        cases: 60,
        failure_persistence: None,
        ..Config::default()
    };
    let sequences = (
        prop::collection::vec(kinds(), 1..25),
        prop::collection::vec(1_usize..700, 1..6),
    );
    let run = |(kinds, portions): (Vec<Kind>, Vec<usize>)| {
        let mut client = RawHttp::connect(server.port);
        let requests = kinds
            .iter()
            .enumerate()
            .map(|(number, kind)| kind.request(number));
        let bytes: Vec<u8> = requests.flatten().collect();
        let mut rest = &bytes[..];
        let mut portions = portions.iter().cycle();
        while !rest.is_empty() {
            let portion = portions.next().copied().unwrap_or(1).min(rest.len());
            let (now, later) = rest.split_at(portion);
            client.try_write(now);
            rest = later;
        }
        for (number, kind) in kinds.iter().enumerate() {
            let Some(answer) = kind.answer(number) else {
                continue;
            };
            let interim = match kind {
                Kind::Hint => client.read_head(DEADLINE).map(|interim| interim.status),
                _ => None,
            };
            let response = match kind {
                Kind::Head => client.read_head(DEADLINE),
                _ => client.read_response(DEADLINE),
            };
            let Some(response) = response else {
                // Only behind a body that nobody read may the connection end.
                let unread = kinds[..number]
                    .iter()
                    .any(|kind| matches!(kind, Kind::Unread(1..)));
                prop_assert!(unread, "no answer to number {number}");
                return Ok(());
            };
            prop_assert_eq!(response.status, 200);
            prop_assert!(interim.is_none_or(|status| status == 103));
            prop_assert_eq!(response.text(), answer, "number {}", number);
        }
        client.finish();
        prop_assert!(client.is_closed(DEADLINE));
        Ok(())
    };
    let mut runner = TestRunner::new(config);
    if let Err(error) = runner.run(&sequences, run) {
        panic!("{error}");
    }
}
