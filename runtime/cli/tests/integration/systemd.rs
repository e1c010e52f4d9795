//! What a service manager hears, and what it passes on.

use std::net::TcpListener;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::Command;

use laureola_testkit::{Process, RawHttp, python, wait_until};
use rustix::io::{FdFlags, fcntl_setfd};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::server::SOON;

const LAUREOLA: &str = env!("CARGO_BIN_EXE_laureola");

/// Stands in for systemd: the socket that READY=1 and its like are sent to.
struct Manager {
    socket: UnixDatagram,
    directory: TempDir,
}

impl Manager {
    fn new() -> Self {
        let directory = TempDir::new().expect("a directory");
        let socket = UnixDatagram::bind(directory.path().join("notify")).expect("bound");
        socket.set_read_timeout(Some(SOON)).expect("a timeout");
        Self { socket, directory }
    }

    fn start(&self, command: &mut Command) -> Process {
        let path = self.directory.path().join("notify");
        let command = command.env("NOTIFY_SOCKET", path);
        Process::spawn("laureola", command.current_dir(&self.directory))
    }

    /// The next message that has `what` in it.
    fn hear(&self, what: &str) -> String {
        let mut buffer = [0; 4096];
        loop {
            let length = self.socket.recv(&mut buffer);
            let length = length.unwrap_or_else(|error| panic!("no {what}: {error}"));
            let message = String::from_utf8_lossy(&buffer[..length]).into_owned();
            if message.contains(what) {
                return message;
            }
            assert!(message.contains("WATCHDOG=1"), "{message:?} before {what}");
        }
    }
}

fn hang_up(process: &Process) {
    let pid = i32::try_from(process.pid()).ok().and_then(Pid::from_raw);
    kill_process(pid.expect("a pid"), Signal::HUP).expect("it lives");
}

#[test]
fn a_service_manager_hears_of_every_stage() {
    for workers in ["1", "2"] {
        let manager = Manager::new();
        let mut command = Command::new(LAUREOLA);
        command.args(["-p", "0", "--workers", workers]);
        let mut process = manager.start(command.env("WATCHDOG_USEC", "500000"));
        let ready = manager.hear("READY=1");
        assert!(ready.contains("STATUS=serving on http://127.0.0.1:"), "{ready}");
        manager.hear("WATCHDOG=1");
        hang_up(&process);
        let reloading = manager.hear("RELOADING=1");
        assert!(reloading.contains("MONOTONIC_USEC="), "{reloading}");
        manager.hear("READY=1");
        manager.hear("WATCHDOG=1");
        process.terminate();
        manager.hear("STOPPING=1");
        assert!(process.wait_exit(SOON).success(), "{}", process.output());
    }
}

#[test]
fn sockets_of_systemd_are_listened_on_by_all_workers() {
    // Two descriptors from 3 on, as sd_listen_fds(3) has them, and the pid of the one they are for.
    let script = "import os, sys\n\
        for number, fd in enumerate(sys.argv[2:4]): os.dup2(int(fd), 3 + number)\n\
        os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS='2', LISTEN_FDNAMES='other:web')\n\
        os.execv(sys.argv[1], ['laureola'] + sys.argv[4:])";
    let listeners = [0, 1].map(|_| {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        fcntl_setfd(&listener, FdFlags::empty()).expect("children inherit it");
        listener
    });
    let fds = [&listeners[0], &listeners[1]].map(|listener| listener.as_raw_fd().to_string());
    let directory = TempDir::new().expect("a directory");
    for workers in ["1", "2"] {
        let mut command = Command::new(python());
        command
            .current_dir(&directory)
            .args(["-c", script, LAUREOLA])
            .args(&fds)
            .args([
                "-e",
                "systemd:domain=INET:index=0",
                "-e",
                "systemd:domain=INET:name=web",
            ])
            .args(["--workers", workers]);
        let mut process = Process::spawn("laureola", &mut command);
        for listener in &listeners {
            let port = listener.local_addr().expect("bound").port();
            // It waits in the queue until somebody serves it.
            assert_eq!(RawHttp::get(port, "/", SOON).status, 200, "{}", process.output());
        }
        process.terminate();
        assert!(process.wait_exit(SOON).success(), "{}", process.output());
    }
}

#[test]
fn a_renamed_access_log_is_opened_anew_at_sighup() {
    let directory = TempDir::new().expect("a directory");
    let path = directory.path().join("access.log");
    let text = path.to_str().expect("UTF-8");
    let server = crate::server::Server::start(&["--access-log", text]);
    let read = || std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(RawHttp::get(server.port, "/one/", SOON).status, 404);
    wait_until("the first line", SOON, || read().contains("/one/"));
    std::fs::rename(&path, directory.path().join("access.log.1")).expect("renamed");
    hang_up(&server.process);
    wait_until("a new file", SOON, || path.exists());
    assert_eq!(RawHttp::get(server.port, "/two/", SOON).status, 404);
    wait_until("the second line", SOON, || read().contains("/two/"));
    assert!(!read().contains("/one/"));
    assert!(
        server.process.stderr().contains("SIGHUP"),
        "{}",
        server.process.output()
    );
}

#[test]
fn the_example_unit_starts_what_there_is() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/systemd");
    let unit = folder.join("laureola.service");
    let text = std::fs::read_to_string(&unit).expect("the unit");
    let command = text.lines().find_map(|line| line.strip_prefix("ExecStart="));
    let mut words = command.expect("it starts something").split_whitespace();
    assert_eq!(words.next(), Some("/usr/local/bin/laureola"));
    let args: Vec<_> = std::iter::once("check").chain(words).collect();
    let mut check = crate::server::command(&args);
    assert!(check.wait_exit(SOON).success(), "{}", check.output());
    // Where there is a systemd, it has its own opinion; of paths it knows nothing here.
    let verified = Command::new("systemd-analyze").arg("verify").arg(&unit).output();
    if let Ok(verified) = verified {
        let said = String::from_utf8_lossy(&verified.stderr);
        let wrong = said.lines().filter(|line| line.contains("laureola.s"));
        let wrong: Vec<_> = wrong.filter(|line| !line.contains("is not executable")).collect();
        assert!(wrong.is_empty(), "{said}");
    }
}
