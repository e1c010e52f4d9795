//! The example does what it says.

use std::path::Path;
use std::time::Duration;

use laureola_testkit::{Process, Received, WebSocket, wait_until};

const SOON: Duration = Duration::from_secs(20);

#[test]
fn everything_comes_back_and_ctrl_c_ends_it() {
    let program = Path::new(env!("CARGO_BIN_EXE_laureola-example-echo"));
    let mut echo = Process::start("echo", program, ["0"]);
    wait_until("echo listens", SOON, || echo.stdout().contains("ws://"));
    let stdout = echo.stdout();
    let address = stdout.split_once("ws://").expect("an address").1;
    let port = address
        .trim()
        .trim_end_matches('/')
        .rsplit_once(':')
        .expect("a port")
        .1;
    let mut socket = WebSocket::connect(port.parse().expect("a number"), "/", &[]);
    for text in ["", "hello", "日本語 🎉", &"x".repeat(70_000)] {
        socket.send_text(text);
        assert_eq!(socket.recv(SOON), Received::Text(text.to_owned()));
    }
    socket.send_binary(&[0, 255]);
    assert_eq!(socket.recv(SOON), Received::Binary(vec![0, 255]));
    socket.close(1000);
    echo.interrupt();
    assert!(echo.wait_exit(SOON).success(), "{}", echo.output());
}
