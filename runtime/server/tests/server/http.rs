//! Requests and responses.

use laureola_testkit::RawHttp;

use crate::support::{DEADLINE, Running, Seen, echo};

#[test]
fn requests_are_answered_one_after_the_other_on_one_connection() {
    let server = Running::start(echo(Seen::default()));
    let mut client = RawHttp::connect(server.port);
    client.write(
        "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhelloGET /b HTTP/1.1\r\nHost: x\r\n\r\n",
    );
    let first = client.read_response(DEADLINE).unwrap();
    assert_eq!(first.status, 200);
    assert!(first.text().starts_with("POST /a\n") && first.text().ends_with("hello"));
    assert_eq!(first.header("server"), Some("laureola"));
    assert!(first.header("date").is_some());
    let second = client.read_response(DEADLINE).unwrap();
    assert!(second.text().starts_with("GET /b\n"), "{}", second.text());
    server.assert_serves();
}
