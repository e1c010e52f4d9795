//! What can be said about docker/ without a container engine.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use laureola_testkit::{free_port, python};
use serde_json::Value;

fn docker(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docker").join(file)
}

/// The shell words of `HEALTHCHECK … CMD [...]`.
fn healthcheck(dockerfile: &str) -> Vec<String> {
    let text = std::fs::read_to_string(docker(dockerfile)).expect("the Dockerfile can be read");
    let joined = text.replace("\\\n", "");
    let line = joined
        .lines()
        .find(|line| line.starts_with("HEALTHCHECK"))
        .expect("the image has a healthcheck");
    let (_, words) = line.split_once("CMD ").expect("the healthcheck has a command");
    serde_json::from_str(words).expect("the command is a JSON list")
}

/// Everything up to the empty line; bash writes it in several pieces.
fn read_request(socket: &mut TcpStream) -> Vec<u8> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        let mut piece = [0; 1024];
        let read = socket.read(&mut piece).expect("the healthcheck sends a request");
        assert!(read > 0, "the request breaks off: {request:?}");
        request.extend_from_slice(&piece[..read]);
    }
    request
}

/// Whether the healthcheck finds a server healthy that answers with `response`, or none at all.
fn is_healthy(dockerfile: &str, port: u16, response: Option<&'static [u8]>) -> bool {
    let here = match response {
        None => free_port(),
        Some(response) => {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
            let port = listener.local_addr().expect("a bound port").port();
            thread::spawn(move || {
                let (mut socket, _) = listener.accept().expect("the healthcheck connects");
                let request = read_request(&mut socket);
                assert!(
                    request.starts_with(b"GET / HTTP/1.1\r\nHost: localhost\r\n"),
                    "{request:?}"
                );
                socket.write_all(response).expect("the healthcheck reads");
            });
            port
        }
    };
    let in_image = format!("/dev/tcp/127.0.0.1/{port}");
    let words = healthcheck(dockerfile);
    assert!(
        words.iter().any(|word| word.contains(&in_image)),
        "the healthcheck asks the image's own port"
    );
    let words: Vec<String> = words
        .iter()
        .map(|word| word.replace(&in_image, &format!("/dev/tcp/127.0.0.1/{here}")))
        .collect();
    Command::new(&words[0])
        .args(&words[1..])
        .output()
        .expect("bash runs")
        .status
        .success()
}

#[test]
fn healthchecks_tell_a_healthy_server_from_an_ill_one() {
    for (dockerfile, port) in [("Dockerfile", 8000), ("django.Dockerfile", 8001)] {
        assert!(
            is_healthy(
                dockerfile,
                port,
                Some(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
            ),
            "{dockerfile}"
        );
        assert!(
            !is_healthy(
                dockerfile,
                port,
                Some(b"HTTP/1.1 503 Service Unavailable\r\n\r\n")
            ),
            "{dockerfile}"
        );
        assert!(!is_healthy(dockerfile, port, Some(b"")), "{dockerfile}");
        assert!(!is_healthy(dockerfile, port, None), "{dockerfile}");
    }
}

#[test]
fn compose_file_joins_both_servers_through_redis() {
    let script = "import json, sys, yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1]))))";
    let output = Command::new(python())
        .args(["-c", script])
        .arg(docker("compose.yaml"))
        .output()
        .expect("Python runs");
    let compose: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"));
    let services = &compose["services"];
    assert!(services["redis"]["healthcheck"]["test"].is_array());
    assert_eq!(
        services["django"]["environment"]["REDIS_URL"],
        "redis://redis:6379"
    );
    let command = services["laureola"]["command"]
        .as_array()
        .expect("laureola has a command");
    assert!(command.iter().any(|word| word == "redis://redis:6379"));
    for (name, port) in [
        ("laureola", "127.0.0.1:8000:8000"),
        ("django", "127.0.0.1:8001:8001"),
    ] {
        let service = &services[name];
        assert_eq!(service["ports"][0], port);
        assert_eq!(service["depends_on"]["redis"]["condition"], "service_healthy");
        let build = &service["build"];
        let context = docker(build["context"].as_str().expect("a build has a context"));
        let dockerfile = context.join(build["dockerfile"].as_str().expect("a build has a Dockerfile"));
        assert!(dockerfile.is_file(), "{} does not exist", dockerfile.display());
    }
}
