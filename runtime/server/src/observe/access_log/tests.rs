use std::sync::mpsc;

use laureola_asgi::Address;

use super::*;

fn client() -> Address {
    Address {
        host: "2001:db8::1".into(),
        port: Some(99),
    }
}

fn entry<'a>(event: Event, client: &'a Address) -> Entry<'a> {
    Entry {
        event,
        client: Some(client),
        method: "GET",
        target: "/a%20b?x=1",
        protocol: "HTTP/1.1",
        status: Some(if event == Event::Http { 200 } else { 101 }),
        bytes: if event == Event::Http { 5 } else { 0 },
        duration: Duration::from_micros(1_500),
        code: (event == Event::Disconnect).then_some(4001),
        user_agent: Some(b"a \"b\"\x1b[31m\xff"),
        referer: None,
        request_id: Some("abc"),
        route: Some("a/<b>"),
    }
}

/// The line of an entry, its time cut out.
fn line(format: &str, entry: &Entry<'_>) -> Option<String> {
    let format: Format = format.parse().unwrap();
    let (mut line, mut now) = (Vec::new(), Now::default());
    let is_there = format.line(&mut line, entry, now.tick());
    let text = String::from_utf8(line).unwrap();
    assert!(!text.contains(|c: char| c.is_control()), "{text:?}");
    let text = match (text.split_once(" - - ["), text.split_once("] \"")) {
        (Some((before, _)), Some((_, behind))) => format!("{before} - - [] \"{behind}"),
        _ => text,
    };
    is_there.then_some(text)
}

#[test]
fn combined_is_apaches() {
    let client = client();
    assert_eq!(
        line("combined", &entry(Event::Http, &client)).unwrap(),
        r#"2001:db8::1 - - [] "GET /a%20b?x=1 HTTP/1.1" 200 5 "-" "a \"b\"\x1b[31m\xff""#
    );
    assert_eq!(line("combined", &entry(Event::Connecting, &client)), None);
    let end = line("combined", &entry(Event::Disconnect, &client)).unwrap();
    let expected = r#""WSDISCONNECT /a%20b?x=1 code=4001 duration=0.001500 HTTP/1.1" 101 - "-""#;
    assert!(end.contains(expected), "{end}");
}

#[test]
fn json_is_one_object() {
    let client = client();
    let text = line("json", &entry(Event::Http, &client)).unwrap();
    let (time, rest) = text.split_once(",\"event\"").unwrap();
    assert!(
        time.starts_with("{\"time\":\"20") && time.ends_with("Z\""),
        "{time}"
    );
    let expected = concat!(
        r#":"http","client":"[2001:db8::1]:99","method":"GET","path":"/a%20b","query":"x=1","#,
        r#""protocol":"HTTP/1.1","status":200,"bytes":5,"duration":0.001500,"route":"a/<b>","#,
        r#""user_agent":"a \"b\"\u001b[31m"#,
        "\u{fffd}",
        r#"","request_id":"abc"}"#
    );
    assert_eq!(rest, expected);
    let text = line("json", &entry(Event::Disconnect, &client)).unwrap();
    assert!(
        text.contains(r#""event":"websocket.disconnect""#) && text.contains(r#""code":4001"#),
        "{text}"
    );
    assert!(text.contains(r#""duration":0.001500"#), "{text}");
}

#[test]
fn a_template_has_both_spellings() {
    let client = client();
    let template = "%(client)s {method} {{{path}}} 100%% %(status)s {bytes} {duration} {code} {user_agent}|{referer}|{query}|{event}|{host}|{port}|{route}|{request_id}|{protocol}|{target}|{duration_ms}|{request}";
    assert_eq!(
        line(template, &entry(Event::Http, &client)).unwrap(),
        r#"[2001:db8::1]:99 GET {/a%20b} 100% 200 5 0.001500 - a \"b\"\x1b[31m\xff|-|x=1|http|2001:db8::1|99|a/<b>|abc|HTTP/1.1|/a%20b?x=1|1|GET /a%20b?x=1 HTTP/1.1"#
    );
    assert_eq!(
        line("{event}", &entry(Event::Connect, &client)),
        None,
        "no outcome yet"
    );
    assert_eq!(
        line("{code}", &entry(Event::Disconnect, &client)).unwrap(),
        "4001"
    );
}

#[test]
fn what_is_no_format_says_what_there_is() {
    for (text, part) in [
        ("common", "daphne, combined, json"),
        ("{stauts}", "request_id"),
        ("%(status)d", "without an end"),
        ("{status", "without an end"),
    ] {
        let error = text.parse::<Format>().unwrap_err().to_string();
        assert!(error.contains(part), "{text}: {error}");
    }
}

#[test]
fn no_path_ends_a_line() {
    let client = client();
    let mut entry = entry(Event::Http, &client);
    entry.target = "/a\"b\\\r\nc\u{85}\u{2028}";
    assert!(
        line("daphne", &entry)
            .unwrap()
            .contains(r#""GET /a\"b\\\r\nc\xc2\x85\xe2\x80\xa8" 200"#)
    );
    assert!(
        line("json", &entry)
            .unwrap()
            .contains(r#""path":"/a\"b\\\r\nc\u0085\u2028""#)
    );
}

/// Writes what it is given into a channel, and waits before each write until it may.
struct Slow {
    may: mpsc::Receiver<()>,
    written: mpsc::Sender<Vec<u8>>,
}

impl Write for Slow {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Whoever has dropped the sender lets everything pass.
        let _ = self.may.recv();
        let _ = self.written.send(bytes.to_vec());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn lines_that_come_too_fast_are_dropped_and_counted() {
    let (pass, may) = mpsc::channel();
    let (written, lines) = mpsc::channel();
    let log = AccessLog::writer("{client} {status}".parse().unwrap(), Slow { may, written }).unwrap();
    let client = client();
    let entry = entry(Event::Http, &client);
    let mut logged = 0_u64;
    while log.dropped() == 0 {
        log.log(&entry);
        logged += 1;
        assert!(logged < 1_000_000, "the buffer has no bound");
    }
    assert!(!log.flush(Duration::from_millis(10)), "nobody has written yet");
    drop(pass);
    assert!(log.flush(Duration::from_secs(20)));
    let dropped = log.dropped();
    drop(log);
    let written: usize = lines
        .iter()
        .map(|bytes| bytes.iter().filter(|byte| **byte == b'\n').count())
        .sum();
    assert_eq!(written as u64 + dropped, logged);
}

#[test]
fn a_renamed_file_is_made_anew_when_asked_for() {
    let directory = tempfile::tempdir().unwrap();
    let (path, old) = (
        directory.path().join("access.log"),
        directory.path().join("access.log.1"),
    );
    std::fs::write(&path, "before\n").unwrap();
    let log = AccessLog::file("{status}".parse().unwrap(), &path).unwrap();
    let client = client();
    let entry = entry(Event::Http, &client);
    let deadline = Duration::from_secs(20);
    log.log(&entry);
    assert!(log.flush(deadline));
    std::fs::rename(&path, &old).unwrap();
    log.log(&entry);
    assert!(log.flush(deadline));
    log.reopen();
    log.log(&entry);
    drop(log);
    assert_eq!(std::fs::read_to_string(&old).unwrap(), "before\n200\n200\n");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "200\n");
}
