//! Twisted's endpoint strings.

use std::fmt::Write as _;

use crate::{Endpoint, endpoint::Passed};

/// `data` is an endpoint string. What is understood is understood alike once it is written anew;
/// what is not has a message.
pub fn endpoint(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    match text.parse::<Endpoint>() {
        Ok(endpoint) => {
            let Some(text) = write(&endpoint) else { return };
            assert_eq!(text.parse(), Ok(endpoint), "{text:?}");
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

fn write(endpoint: &Endpoint) -> Option<String> {
    let (mut text, backlog) = match endpoint {
        Endpoint::Tcp { host, port, backlog } => {
            (format!("tcp:port={port}:interface={}", escape(host)), backlog)
        }
        Endpoint::Unix { path, mode, backlog } => {
            let mut text = format!("unix:address={}", escape(path.to_str()?));
            let _ = write!(text, ":mode={:o}", (*mode)?);
            (text, backlog)
        }
        Endpoint::Fd(number) => (format!("fd:fileno={number}"), &None),
        Endpoint::Systemd(Passed::Index(index)) => (format!("systemd:index={index}"), &None),
        Endpoint::Systemd(Passed::Name(name)) => (format!("systemd:name={}", escape(name)), &None),
    };
    if let Some(backlog) = backlog {
        let _ = write!(text, ":backlog={backlog}");
    }
    Some(text)
}

fn escape(value: &str) -> String {
    value.replace('\\', r"\\").replace(':', r"\:")
}
