//! Python's httpx (with h2) and websockets: the scripts in `python/` assert for themselves.

use std::path::Path;

use laureola_testkit::Process;

use crate::certificates::Certificates;
use crate::site::{SOON, Site};

#[track_caller]
fn run(script: &str, args: &[&str]) {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/python");
    let script = dir.join(script);
    let script = script.to_str().expect("text");
    let mut process = Process::start("python", &laureola_testkit::python(), [&[script], args].concat());
    let status = process.wait_exit(SOON);
    assert!(status.success(), "{}", process.output());
    assert_eq!(process.stdout().trim(), "done", "{}", process.output());
}

#[test]
fn httpx_speaks_http_1_1() {
    let site = Site::start(&[]);
    run("httpx_client.py", &[&site.url, "1.1"]);
}

#[test]
fn httpx_speaks_http_2() {
    let site = Site::start(&[]);
    run("httpx_client.py", &[&site.url, "2"]);
}

#[test]
fn websockets_without_compression() {
    let site = Site::start(&[]);
    run("websockets_client.py", &[&site.url, "none"]);
}

#[test]
fn websockets_that_offers_compression() {
    let site = Site::start(&[]);
    run("websockets_client.py", &[&site.url, "offered"]);
}

#[test]
fn websockets_with_compression() {
    let site = Site::start(&["--websocket-compression"]);
    run("websockets_client.py", &[&site.url, "taken"]);
    run("websockets_client.py", &[&site.url, "none"]);
    let site = Site::start(&[
        "--websocket-compression",
        "--websocket-compression-threshold=1",
        "--websocket-compression-window=9",
        "--websocket-compression-client-context",
    ]);
    run("websockets_client.py", &[&site.url, "taken"]);
}

#[test]
fn httpx_over_tls() {
    let certificates = Certificates::new();
    let site = Site::secure(&certificates, "");
    let trust = certificates.file("ca.pem");
    run("httpx_client.py", &[&site.url, "2", &trust]);
    run("httpx_client.py", &[&site.url, "1.1", &trust]);
}

#[test]
fn websockets_over_tls() {
    let certificates = Certificates::new();
    let site = Site::secure(&certificates, "");
    run(
        "websockets_client.py",
        &[&site.url, "offered", &certificates.file("ca.pem")],
    );
}
