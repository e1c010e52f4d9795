//! Rust and Python in one room, in every way the site can be started.

use laureola_testkit::{Process, RawHttp, Received, free_port, wait_until};

use crate::install::{Installed, SOON, Site};

/// Whoever speaks, all hear it, each in its own way; and a page is Django's.
fn talk(site: &Site) {
    let page = RawHttp::get(site.port, "/", SOON);
    assert_eq!((page.status, &*page.text()), (200, "a page of Django's\n"));
    let mut rust = site.socket("rust");
    let mut python = site.socket("python");
    let heard = |socket: &mut laureola_testkit::WebSocket, text: &str| {
        assert_eq!(
            socket.recv(SOON),
            Received::Text(text.to_owned()),
            "{}",
            site.process.output()
        );
    };
    rust.send_text("from Rust");
    heard(&mut rust, "Rust hears from Rust");
    heard(&mut python, "Python hears from Rust");
    python.send_text("from Python");
    heard(&mut rust, "Rust hears from Python");
    heard(&mut python, "Python hears from Python");
    // Neither consumer is asked.
    python.send_text("!directly");
    heard(&mut rust, "!directly");
    heard(&mut python, "!directly");
    rust.close(1000);
    python.close(1000);
}

#[test]
fn the_command_serves_rust_first_and_python_the_rest_in_one_room() {
    let installed = Installed::new();
    let mut command = installed.python();
    command.args([
        "-m",
        "laureola",
        "-p",
        "0",
        "--plugin",
        "room",
        "mysite.asgi:application",
    ]);
    let site = Site::start(&mut command, "listens on http://127.0.0.1:");
    talk(&site);
    assert!(
        site.process.output().contains("plugins: room"),
        "{}",
        site.process.output()
    );
    site.ends_after(Process::terminate);
}

#[test]
fn a_worker_and_a_reloaded_command_have_the_module_too() {
    for flags in [&["--workers", "1"][..], &["--reload"]] {
        let installed = Installed::new();
        let port = free_port();
        let mut command = installed.python();
        command
            .args(["-m", "laureola", "-p", &port.to_string(), "--plugin", "room"])
            .args(flags)
            .arg("mysite.asgi:application");
        let site = Site::start(&mut command, "listens on http://127.0.0.1:");
        talk(&site);
        site.ends_after(Process::terminate);
    }
}

#[test]
fn runserver_has_the_plugins_of_the_settings() {
    let installed = Installed::new();
    let port = free_port();
    let manage = format!("{}/manage.py", env!("CARGO_MANIFEST_DIR"));
    let mut command = installed.python();
    command.args([&manage, "runserver", "--noreload", &format!("127.0.0.1:{port}")]);
    let site = Site::start(&mut command, "at http://127.0.0.1:");
    wait_until("it takes connections", SOON, || {
        std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
    });
    talk(&site);
    site.ends_after(Process::interrupt);
}
