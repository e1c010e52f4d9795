//! `--workers`: several processes behind one port.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;

use laureola_testkit::{RawHttp, Received, RedisServer, WebSocket, free_port, wait_until};
use rustix::process::{Pid, Signal, kill_process};

use crate::server::{SOON, Server, command, ending, heard};

/// The worker processes of a parent.
fn workers(parent: u32) -> BTreeSet<i32> {
    let path = format!("/proc/{parent}/task/{parent}/children");
    let children = fs::read_to_string(path).unwrap_or_default();
    children
        .split_whitespace()
        .map(|pid| pid.parse().expect("a pid"))
        .collect()
}

fn lives(pid: i32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // A zombie waits for whoever adopted it.
    !status.is_empty() && !status.contains(") Z ")
}

fn kill(pid: i32) {
    kill_process(Pid::from_raw(pid).expect("a pid"), Signal::KILL).expect("it lives");
}

#[test]
fn workers_share_a_port_are_started_again_and_end_in_order() {
    let redis = RedisServer::start();
    let mut server = Server::start(&["--workers", "2", "--channel-layer", &redis.url()]);
    let before = workers(server.process.pid());
    assert_eq!(before.len(), 2, "{}", server.process.output());
    let mut sockets: Vec<WebSocket> = (0..20).map(|_| server.join("lobby", "ada")).collect();
    sockets[0].send_text(r#"{"message": "hello"}"#);
    for socket in &mut sockets {
        assert_eq!(heard(socket)["message"], "hello", "in both processes");
    }
    let victim = *before.first().expect("two");
    kill(victim);
    wait_until("a new worker", SOON, || {
        let now = workers(server.process.pid());
        now.len() == 2 && !now.contains(&victim)
    });
    let log = server.process.stderr();
    assert!(
        log.contains("signal: 9") && log.contains("it is started again"),
        "{log}"
    );
    server.process.terminate();
    let closed = sockets.iter_mut().filter_map(|socket| {
        let received = ending(socket);
        matches!(received, Received::Close { code: Some(1012), .. }).then(|| socket.close(1012))
    });
    let closed = closed.count();
    // Of those in the other process nobody had noticed.
    assert!(
        (1..20).contains(&closed),
        "{closed} of 20 were in the worker that lived"
    );
    drop(sockets);
    let status = server.process.wait_exit(SOON);
    assert!(status.success(), "{status:?}\n{}", server.process.output());
    assert!(before.iter().all(|pid| !lives(*pid)));
}

#[test]
fn a_worker_that_holds_too_much_memory_makes_room_for_a_new_one() {
    let mut server = Server::start(&["--workers", "2", "--workers-max-rss", "1m"]);
    let before = workers(server.process.pid());
    assert_eq!(before.len(), 2, "{}", server.process.output());
    wait_until("two new workers", SOON, || {
        let now = workers(server.process.pid());
        now.len() == 2 && now.is_disjoint(&before)
    });
    let log = server.process.stderr();
    for number in 1..=2 {
        assert!(log.contains(&format!("worker {number} holds ")), "{log}");
    }
    assert!(!log.contains("it is killed"), "{log}");
    server.process.terminate();
    let status = server.process.wait_exit(SOON);
    assert!(status.success(), "{status:?}\n{}", server.process.output());
}

#[test]
fn workers_accept_from_one_unix_socket_whose_file_goes_with_the_parent() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("site.sock");
    let text = path.to_str().expect("UTF-8").to_owned();
    let mut process = command(&["--workers", "3", "-u", &text, "--uds-permissions", "600"]);
    wait_until("it serves", SOON, || process.stderr().contains("with 3 workers"));
    for _ in 0..10 {
        assert!(get(&path).starts_with("HTTP/1.1 200"), "{}", process.output());
    }
    assert!(
        process.stderr().contains("the workers share no channel layer"),
        "{}",
        process.output()
    );
    process.terminate();
    assert!(process.wait_exit(SOON).success(), "{}", process.output());
    assert!(!path.exists());
}

fn get(path: &Path) -> String {
    let mut stream = UnixStream::connect(path).expect("it listens");
    stream.set_read_timeout(Some(SOON)).expect("a timeout");
    let request = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).expect("sent");
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("a response");
    text
}

#[test]
fn a_port_in_use_and_a_worker_that_cannot_start_end_it_with_status_1() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = taken.local_addr().expect("bound").port().to_string();
    let mut process = command(&["--workers", "2", "-p", &port]);
    assert_eq!(process.wait_exit(SOON).code(), Some(1), "{}", process.output());
    let last = process.stderr().lines().last().unwrap_or_default().to_lowercase();
    assert_eq!(
        last,
        format!("laureola: cannot listen on 127.0.0.1:{port}: address already in use")
    );

    let redis = format!("redis://127.0.0.1:{}", free_port());
    let mut process = command(&["--workers", "4", "-p", "0", "--channel-layer", &redis]);
    assert_eq!(process.wait_exit(SOON).code(), Some(1), "{}", process.output());
    let stderr = process.stderr();
    let causes = stderr.lines().filter(|line| line.contains("cannot reach Redis"));
    assert_eq!(causes.count(), 1, "said once, not by every worker: {stderr}");
    assert!(stderr.contains("laureola: worker 1 did not start"), "{stderr}");
}

#[test]
fn one_signal_to_every_process_is_one_signal() {
    // As systemd does it by default.
    let mut server = Server::start(&["--workers", "2"]);
    let mut socket = server.join("lobby", "ada");
    let children = workers(server.process.pid());
    server.process.terminate();
    for pid in &children {
        // One that has ended already needs no signal.
        let _ = kill_process(Pid::from_raw(*pid).expect("a pid"), Signal::TERM);
    }
    let received = ending(&mut socket);
    assert!(
        matches!(received, Received::Close { code: Some(1012), .. }),
        "{received:?}"
    );
    socket.close(1012);
    drop(socket);
    assert!(
        server.process.wait_exit(SOON).success(),
        "{}",
        server.process.output()
    );
}

#[test]
fn workers_end_when_their_parent_is_gone() {
    let mut server = Server::start(&["--workers", "2", "--shutdown-timeout", "1"]);
    assert_eq!(RawHttp::get(server.port, "/", SOON).status, 200);
    let orphans = workers(server.process.pid());
    assert_eq!(orphans.len(), 2);
    server.process.sigkill();
    wait_until("the workers are gone", SOON, || {
        orphans.iter().all(|pid| !lives(*pid))
    });
}

#[test]
fn a_second_signal_ends_workers_at_once() {
    let mut server = Server::start(&["--workers", "2"]);
    let _silent = server.join("silent", "ada");
    let children = workers(server.process.pid());
    server.process.terminate();
    wait_until("the first signal is seen", SOON, || {
        server.process.stderr().contains("SIGTERM: the workers")
    });
    server.process.interrupt();
    // The silent client may have been given up on before the second signal came.
    let status = server.process.wait_exit(SOON);
    assert!(matches!(status.code(), Some(0 | 1)), "{status:?}");
    assert!(children.iter().all(|pid| !lives(*pid)));
}
