//! Idle connections.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use laureola_testkit::{Received, WebSocket};
use serde::Serialize;
use serde_json::json;

/// How many members a room has.
pub const ROOM: usize = 100;
/// How many handshakes are under way at a time.
const CONCURRENCY: usize = 32;
const ANSWER_DEADLINE: Duration = Duration::from_secs(20);

/// What a client's handshake holds beside what RFC 6455 demands and an `Origin`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Handshake {
    /// Nothing.
    Bare,
    /// What a browser sends, cookies included.
    Browser,
}

impl Handshake {
    /// Its name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Bare => "bare",
            Self::Browser => "browser",
        }
    }

    fn headers(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Bare => &[],
            Self::Browser => BROWSER,
        }
    }
}

/// With host, upgrade, connection, origin, key and version, the 13 headers of a desktop browser.
const BROWSER: &[(&str, &str)] = &[
    ("Pragma", "no-cache"),
    ("Cache-Control", "no-cache"),
    (
        "User-Agent",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    ),
    ("Accept-Encoding", "gzip, deflate, br, zstd"),
    ("Accept-Language", "en-GB,en;q=0.9,de;q=0.8"),
    (
        "Cookie",
        "csrftoken=Jm3zQf0Hk2sYwq8TnXvB5rLcD7uEaG1p; sessionid=a1b2c3d4e5f6g7h8i9j0k1l2m3n4o5p6",
    ),
    (
        "Sec-WebSocket-Extensions",
        "permessage-deflate; client_max_window_bits",
    ),
];

/// Opens `count` connections in rooms of [`ROOM`] members; `opened` is called for each.
///
/// # Errors
/// The first connection that failed, and why.
pub fn connect(
    port: u16,
    count: usize,
    handshake: Handshake,
    opened: impl Fn() + Sync,
) -> Result<Vec<WebSocket>, String> {
    let (next, failed) = (AtomicUsize::new(0), AtomicBool::new(false));
    let open = || {
        let mut sockets = Vec::new();
        while !failed.load(Relaxed) {
            let number = next.fetch_add(1, Relaxed);
            if number >= count {
                break;
            }
            // In case the handshake panics.
            failed.store(true, Relaxed);
            let path = format!("/ws/chat/idle-{}/", number / ROOM);
            match WebSocket::try_connect(port, &path, handshake.headers()) {
                Ok(socket) => sockets.push((number, socket)),
                Err(refusal) => return Err(format!("connection {number} was refused: {refusal:?}")),
            }
            failed.store(false, Relaxed);
            opened();
        }
        Ok(sockets)
    };
    let opened: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..CONCURRENCY).map(|_| scope.spawn(open)).collect();
        threads.into_iter().map(thread::ScopedJoinHandle::join).collect()
    });
    let mut sockets = Vec::with_capacity(count);
    for opened in opened {
        sockets.extend(opened.map_err(|_| "a connection got no answer".to_owned())??);
    }
    sockets.sort_by_key(|(number, _)| *number);
    Ok(sockets.into_iter().map(|(_, socket)| socket).collect())
}

/// Shows that the connections live: each gets back what it says.
///
/// # Errors
/// Which connection did not get it.
pub fn talk_to_oneself(sockets: &mut [WebSocket]) -> Result<(), String> {
    for (number, socket) in sockets.iter_mut().enumerate() {
        socket.send_json(&json!({ "message": "still here" }));
        if !hears(socket) {
            return Err(format!("connection {number} did not get its message back"));
        }
    }
    Ok(())
}

/// The same in rooms: what the first member of each says reaches all of it.
///
/// # Errors
/// Which connection did not get it.
pub fn talk(sockets: &mut [WebSocket]) -> Result<(), String> {
    for (room, members) in sockets.chunks_mut(ROOM).enumerate() {
        if let Some(first) = members.first_mut() {
            first.send_json(&json!({ "message": "still here" }));
        }
        for (number, member) in members.iter_mut().enumerate() {
            if !hears(member) {
                return Err(format!("member {number} of room {room} did not get the message"));
            }
        }
    }
    Ok(())
}

fn hears(member: &mut WebSocket) -> bool {
    loop {
        match member.try_recv(ANSWER_DEADLINE) {
            Some(Received::Text(text)) if text.contains("still here") => return true,
            // What was said before, and who is there.
            Some(Received::Text(_) | Received::Ping(_)) => {}
            _ => return false,
        }
    }
}
