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
}

const ROOM: &str = "/ws/chat/{room}/";

const RAW: &str = "floor, rust-handler, laureola, laureola-uvloop, daphne, uvicorn, granian, gunicorn-asgi, \
                   gunicorn-uvicorn, hypercorn, node-ws";
const FLOORS: &str = "floor, floor-joined";
const OURS: &str = "rust-relay memory|core|pubsub, rust-handler memory|core|pubsub";
const OURS_IN_ALL_WAYS: &str = "rust-relay memory|core|core-process|pubsub, rust-direct memory|core|core-process|pubsub, \
                                rust-handler memory|core|pubsub";
const NODE: &str = "node-ws pubsub, socketio pubsub";
const DAPHNE: &str = "daphne pubsub";
const PYTHON: &str = "laureola pubsub, laureola-uvloop pubsub, laureola-direct pubsub, laureola-uvloop-direct pubsub, \
                      daphne pubsub, uvicorn pubsub, granian pubsub, gunicorn-asgi pubsub, gunicorn-uvicorn pubsub, \
                      hypercorn pubsub";

/// All of them, in the order of the report.
pub(super) const CASES: &[Case] = &[
    Case {
        name: "hello",
        title: "HTTP hello, 64 connections",
        kind: Kind::Rate,
        application: Application::Raw,
        servers: 1,
        path: "/",
        load: "hello --connections 64",
        beside: (2.0, 2.5),
        contenders: &[RAW],
    },
    Case {
        name: "echo",
        title: "WebSocket echo, 64 connections, 64 bytes",
        kind: Kind::Rate,
        application: Application::Raw,
        servers: 1,
        path: "/echo",
        load: "echo --connections 64 --bytes 64",
        beside: (2.0, 2.5),
        contenders: &[RAW],
    },
    fan(
        "fan-100-w1",
        "1 room × 100, 1 message in flight",
        "--members 100 --senders 1 --window 1",
        &[FLOORS, OURS, NODE, DAPHNE],
    ),
    fan(
        "fan-100-w16",
        "1 room × 100, 16 messages in flight: the tutorial's chat",
        "--members 100 --senders 4 --window 16",
        &[FLOORS, OURS, PYTHON, NODE],
    ),
    fan(
        "fan-1000-w1",
        "1 room × 1,000, 1 message in flight",
        "--members 1000 --senders 1 --window 1",
        &[FLOORS, OURS_IN_ALL_WAYS, NODE, DAPHNE],
    ),
    fan(
        "fan-1000-w16",
        "1 room × 1,000, 16 messages in flight: the tutorial's chat",
        "--members 1000 --senders 4 --window 16",
        &[FLOORS, OURS_IN_ALL_WAYS, PYTHON, "daphne memory|core", NODE],
    ),
    Case {
        beside: (5.0, 15.0),
        ..fan(
            "fan-10000-w1",
            "1 room × 10,000, 1 message in flight",
            "--members {many} --senders 1 --window 1",
            &[FLOORS, OURS, NODE],
        )
    },
    fan(
        "rooms-100x10",
        "100 rooms × 10, 1 message in flight in each",
        "--rooms 100 --members 10 --senders 1 --window 1",
        &[FLOORS, OURS, "rust-direct memory|pubsub", NODE, DAPHNE],
    ),
    Case {
        servers: 2,
        ..fan(
            "two-servers",
            "1 room × 1,000 on two servers that share Redis, 16 messages in flight",
            "--members 1000 --senders 4 --window 16",
            &[
                "rust-relay core|pubsub, rust-handler core|pubsub",
                NODE,
                "daphne core|pubsub",
            ],
        )
    },
    Case {
        kind: Kind::Latency,
        ..fan(
            "rate-20",
            "1 room × 100, 20 messages a second: nothing is saturated",
            "--members 100 --senders 4 --rate 20",
            &[
                FLOORS,
                OURS,
                NODE,
                "laureola-uvloop pubsub, laureola-uvloop-direct pubsub, uvicorn pubsub",
                DAPHNE,
            ],
        )
    },
    Case {
        kind: Kind::Burst,
        application: Application::Chat,
        servers: 1,
        path: ROOM,
        name: "burst",
        title: "64 messages at once to 1 room × 1,000",
        load: "burst --rooms 1 --members 1000 --messages 64",
        beside: (3.0, 20.0),
        contenders: &[
            FLOORS,
            OURS,
            NODE,
            "daphne core|pubsub, uvicorn pubsub, laureola-uvloop pubsub",
        ],
    },
    fan(
        "slow",
        "1 room × 1,000, 16 messages in flight, beside 10 clients that never read",
        "--members 1000 --senders 4 --window 16 --slow 10",
        &[FLOORS, OURS, NODE, DAPHNE],
    ),
    Case {
        kind: Kind::Connects,
        application: Application::Chat,
        servers: 1,
        path: ROOM,
        name: "join",
        title: "10,000 clients join rooms of 100",
        load: "churn --join --connections {many} --room-size 100",
        beside: (4.0, 25.0),
        contenders: &[
            "floor",
            OURS,
            NODE,
            "daphne core|pubsub, uvicorn pubsub, laureola-uvloop pubsub",
        ],
    },
    Case {
        kind: Kind::Memory,
        application: Application::Raw,
        servers: 1,
        path: "/echo",
        name: "idle-raw",
        title: "5,000 idle WebSockets of a raw application",
        load: "idle --connections {half}",
        beside: (4.0, 8.0),
        contenders: &[RAW],
    },
    Case {
        kind: Kind::Memory,
        application: Application::Chat,
        servers: 1,
        path: ROOM,
        name: "idle-chat",
        title: "10,000 idle WebSockets of the chat, in rooms of 100",
        load: "idle --connections {many} --room-size 100",
        beside: (6.0, 25.0),
        contenders: &[
            "floor",
            OURS,
            NODE,
            "daphne core|pubsub, uvicorn pubsub, laureola-uvloop pubsub",
        ],
    },
];

/// A fan-out of the chat.
const fn fan(
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
        beside: (3.5, 6.0),
        contenders,
    }
}

impl Case {
    /// Who takes part.
    pub(super) fn contenders(&self) -> Vec<Contender> {
        let entries = self.contenders.iter().flat_map(|list| list.split(','));
        entries
            .flat_map(|entry| {
                let mut words = entry.split_whitespace();
                let server = words
                    .next()
                    .and_then(named)
                    .expect("the table names servers that there are");
                let layers = words.next().unwrap_or_default().split('|');
                layers.map(move |layer| Contender { server, layer })
            })
            .collect()
    }

    /// The load tool's words, from the scenario on, without addresses.
    pub(super) fn words(&self, quick: bool) -> Vec<String> {
        let (many, half) = if quick { ("1000", "500") } else { ("10000", "5000") };
        let load = match self.load.split_once(' ') {
            Some(("fanout" | "echo" | "hello" | "burst" | "churn" | "idle", _)) => self.load.to_owned(),
            _ => format!("fanout {}", self.load),
        };
        let load = load.replace("{many}", many).replace("{half}", half);
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
            let mut names: Vec<_> = case.contenders().iter().map(Contender::name).collect();
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
            for contender in case.contenders() {
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
