//! What is measured, of whom, and with which load.

use super::server::{Application, Contender, named};

/// What of a case counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Deliveries (answers) per second, and per second of CPU.
    Rate,
    /// How long a delivery takes.
    Latency,
    /// What arrives, and when the last of it.
    Burst,
    /// Connects per second of CPU.
    Connects,
    /// Memory of a connection.
    Memory,
}

/// One case. The load is the load tool's command; `{many}` is 10,000, `{half}` 5,000, and less in a quick run.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    pub(super) kind: Kind,
    pub(super) application: Application,
    /// How many processes of the server, the members spread over them.
    pub(super) servers: usize,
    pub(super) path: &'static str,
    pub(super) load: &'static str,
    /// Seconds beside the measured ones, roughly, for a server in Rust and for one in Python.
    pub(super) beside: (f64, f64),
    /// `server layer|layer`, with commas between.
    contenders: &'static [&'static str],
    /// The same of those who take part only where `--only` asks for them.
    extras: &'static str,
}

const ROOM: &str = "/ws/chat/{room}/";

const RAW: &str = "floor, rust, laureola, laureola-uvloop, daphne, uvicorn, granian, gunicorn-asgi, \
                   gunicorn-uvicorn, hypercorn, node-ws";
const FLOORS: &str = "floor, floor-joined";
const OURS: &str = "rust-relay memory|core|pubsub, rust-handler memory|core|pubsub";
const MORE_OF_OURS: &str = "rust-relay core-process, rust-direct memory|pubsub";
const NODE: &str = "node-ws pubsub, socketio pubsub";
const DAPHNE: &str = "daphne pubsub";
const PYTHON: &str = "laureola pubsub, laureola-uvloop pubsub, laureola-direct pubsub, laureola-uvloop-direct pubsub, \
                      daphne pubsub, uvicorn pubsub, granian pubsub, gunicorn-asgi pubsub, gunicorn-uvicorn pubsub, \
                      hypercorn pubsub";
const SOME_PYTHON: &str = "laureola-uvloop pubsub, uvicorn pubsub";
const MORE_DIRECT: &str = "rust-direct core|core-process, daphne memory";

/// All of them, in the order of the report.
pub(super) const CASES: &[Case] = &[
    Case {
        kind: Kind::Rate,
        beside: (2.0, 2.5),
        ..raw(
            "hello",
            "HTTP hello, 64 connections",
            "/",
            "hello --connections 64",
        )
    },
    Case {
        kind: Kind::Rate,
        beside: (2.0, 2.5),
        ..raw(
            "echo",
            "WebSocket echo, 64 connections, 64 bytes",
            "/echo",
            "echo --connections 64 --bytes 64",
        )
    },
    chat(
        "fan-100-w1",
        "1 room × 100, 1 message in flight",
        "fanout --members 100 --senders 1 --window 1",
        &[FLOORS, OURS, NODE, DAPHNE],
    ),
    chat(
        "fan-100-w16",
        "1 room × 100, 16 messages in flight: the tutorial's chat",
        "fanout --members 100 --senders 4 --window 16",
        &[FLOORS, OURS, PYTHON, NODE],
    ),
    Case {
        extras: MORE_DIRECT,
        ..chat(
            "fan-1000-w1",
            "1 room × 1,000, 1 message in flight",
            "fanout --members 1000 --senders 1 --window 1",
            &[FLOORS, OURS, MORE_OF_OURS, NODE, DAPHNE],
        )
    },
    Case {
        extras: MORE_DIRECT,
        ..chat(
            "fan-1000-w16",
            "1 room × 1,000, 16 messages in flight: the tutorial's chat",
            "fanout --members 1000 --senders 4 --window 16",
            &[FLOORS, OURS, MORE_OF_OURS, PYTHON, "daphne core", NODE],
        )
    },
    Case {
        beside: (5.0, 15.0),
        extras: DAPHNE,
        ..chat(
            "fan-10000-w1",
            "1 room × 10,000, 1 message in flight",
            "fanout --members {many} --senders 1 --window 1",
            &[FLOORS, OURS, NODE],
        )
    },
    Case {
        extras: "rust-direct memory|pubsub, laureola-uvloop pubsub, uvicorn pubsub",
        ..chat(
            "rooms-100x10",
            "100 rooms × 10, 1 message in flight in each",
            "fanout --rooms 100 --members 10 --senders 1 --window 1",
            &[FLOORS, OURS, NODE, DAPHNE],
        )
    },
    Case {
        servers: 2,
        extras: SOME_PYTHON,
        ..chat(
            "two-servers",
            "1 room × 1,000 on two servers that share Redis, 16 messages in flight",
            "fanout --members 1000 --senders 4 --window 16",
            &[
                "rust-relay core|pubsub, rust-handler core|pubsub",
                NODE,
                "daphne core|pubsub",
            ],
        )
    },
    Case {
        kind: Kind::Latency,
        extras: "laureola-uvloop pubsub, laureola-uvloop-direct pubsub, uvicorn pubsub",
        ..chat(
            "rate-20",
            "1 room × 100, 20 messages a second: nothing is saturated",
            "fanout --members 100 --senders 4 --rate 20",
            &[FLOORS, OURS, NODE, DAPHNE],
        )
    },
    Case {
        kind: Kind::Burst,
        beside: (3.0, 25.0),
        extras: SOME_PYTHON,
        ..chat(
            "burst",
            "64 messages at once to 1 room × 1,000",
            "burst --members 1000 --messages 64 --message-timeout 60",
            &[FLOORS, OURS, NODE, "daphne core|pubsub"],
        )
    },
    chat(
        "slow",
        "1 room × 1,000, 16 messages in flight, beside 10 clients that never read",
        "fanout --members 1000 --senders 4 --window 16 --slow 10",
        &[FLOORS, OURS, NODE, DAPHNE],
    ),
    Case {
        kind: Kind::Connects,
        beside: (4.0, 25.0),
        extras: SOME_PYTHON,
        ..chat(
            "join",
            "10,000 clients join rooms of 100",
            "churn --hold --connections {many} --room-size 100 --connect-timeout 60 --seconds 120",
            &["floor", OURS, NODE, "daphne core|pubsub"],
        )
    },
    raw(
        "idle-raw",
        "5,000 idle WebSockets of a raw application",
        "/echo",
        "idle --connections {half}",
    ),
    Case {
        kind: Kind::Memory,
        beside: (7.0, 25.0),
        extras: SOME_PYTHON,
        ..chat(
            "idle-chat",
            "10,000 idle WebSockets of the chat, in rooms of 100",
            "idle --connections {many} --room-size 100",
            &["floor", OURS, NODE, "daphne core|pubsub"],
        )
    },
];

/// A case of the raw application; memory, if not said otherwise.
const fn raw(name: &'static str, title: &'static str, path: &'static str, load: &'static str) -> Case {
    Case {
        name,
        title,
        kind: Kind::Memory,
        application: Application::Raw,
        servers: 1,
        path,
        load,
        beside: (5.0, 8.0),
        contenders: &[RAW],
        extras: "",
    }
}

/// A case of the chat; speed, if not said otherwise.
const fn chat(
    name: &'static str,
    title: &'static str,
    load: &'static str,
    contenders: &'static [&'static str],
) -> Case {
    Case {
        name,
        title,
        kind: Kind::Rate,
        application: Application::Chat,
        servers: 1,
        path: ROOM,
        load,
        beside: (2.5, 3.5),
        contenders,
        extras: "",
    }
}

impl Case {
    /// Who takes part, unasked.
    pub(super) fn contenders(&self) -> Vec<Contender> {
        self.contenders.iter().flat_map(|list| parse(list)).collect()
    }

    /// The same with those who take part where they are asked for.
    pub(super) fn all_contenders(&self) -> Vec<Contender> {
        let mut all = self.contenders();
        all.extend(parse(self.extras));
        all
    }

    /// The load tool's words, without addresses.
    pub(super) fn words(&self, quick: bool) -> Vec<String> {
        let (many, half) = if quick { ("1000", "500") } else { ("10000", "5000") };
        let load = self.load.replace("{many}", many).replace("{half}", half);
        load.split_whitespace().map(str::to_owned).collect()
    }

    /// The scheme of its addresses.
    pub(super) fn scheme(&self) -> &'static str {
        if self.load.starts_with("hello") {
            "http"
        } else {
            "ws"
        }
    }
}

/// The servers of `server layer|layer, …`.
fn parse(list: &'static str) -> impl Iterator<Item = Contender> {
    let entries = list.split(',').filter(|entry| !entry.trim().is_empty());
    entries.flat_map(|entry| {
        let mut words = entry.split_whitespace();
        let server = words
            .next()
            .and_then(named)
            .expect("the table names servers that there are");
        let layers = words.next().unwrap_or_default().split('|');
        layers.map(move |layer| Contender { server, layer })
    })
}

/// The one of that name.
pub(super) fn named_case(name: &str) -> Option<&'static Case> {
    CASES.iter().find(|case| case.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_case_has_contenders_once_and_the_load_of_its_kind() {
        for case in CASES {
            let mut names: Vec<_> = case.all_contenders().iter().map(Contender::name).collect();
            assert!(names.len() > 3, "{}", case.name);
            names.sort();
            let all = names.len();
            names.dedup();
            assert_eq!(names.len(), all, "{}", case.name);
            let words = case.words(false);
            assert!(!words.concat().contains('{'), "{words:?}");
        }
    }

    #[test]
    fn a_chat_has_a_layer_and_a_raw_application_none() {
        for case in CASES {
            for contender in case.all_contenders() {
                let floor = contender.server.name.starts_with("floor");
                let without = floor || case.application == Application::Raw;
                assert_eq!(
                    contender.layer.is_empty(),
                    without,
                    "{} {}",
                    case.name,
                    contender.name()
                );
            }
        }
    }
}
