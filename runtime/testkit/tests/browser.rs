//! The browser starts, and ends with its driver.

use laureola_testkit::{ChromeDriver, RawHttp};
use std::fs;
use std::time::Duration;

const DEADLINE: Duration = Duration::from_secs(60);

#[test]
fn the_browser_opens_and_ends_with_its_driver() {
    let driver = ChromeDriver::start();
    let port = driver.url().rsplit(':').next().unwrap().parse().unwrap();
    let body = serde_json::json!({ "capabilities": { "alwaysMatch": driver.capabilities() } }).to_string();
    let request = format!(
        "POST /session HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    let response = RawHttp::exchange(port, request, DEADLINE).unwrap();
    assert_eq!(response.status, 200, "{}", response.text());
    let profile = driver.dir().to_str().unwrap().to_owned();
    assert!(anyone_names(&profile));
    drop(driver);
    assert!(!anyone_names(&profile));
}

/// Whether the command line of any process names `profile`.
fn anyone_names(profile: &str) -> bool {
    let processes = fs::read_dir("/proc").expect("Linux has /proc").flatten();
    let command_lines = processes.filter_map(|process| fs::read(process.path().join("cmdline")).ok());
    command_lines
        .into_iter()
        .any(|line| String::from_utf8_lossy(&line).contains(profile))
}
