//! The attacks.

use serde::Serialize;

/// What is done to a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Attack {
    /// Connections whose heads never end: a header every few seconds.
    Slowloris,
    /// WebSockets that read nothing while their group is sent 10 MB/s.
    DeafMembers,
    /// Uploads of 300 MB to an application that does not read them.
    UnreadUploads,
    /// HTTP/2 streams, each reset as soon as it is opened (CVE-2023-44487).
    RapidReset,
    /// HTTP/2 header blocks that never end (CVE-2024-27316).
    Continuations,
    /// HTTP/1.1 heads of endless headers.
    HeaderFlood,
}

impl Attack {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Slowloris,
        Self::DeafMembers,
        Self::UnreadUploads,
        Self::RapidReset,
        Self::Continuations,
        Self::HeaderFlood,
    ];

    /// Its name in the table and on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Slowloris => "slowloris",
            Self::DeafMembers => "deaf-members",
            Self::UnreadUploads => "unread-uploads",
            Self::RapidReset => "rapid-reset",
            Self::Continuations => "continuations",
            Self::HeaderFlood => "header-flood",
        }
    }

    /// The one of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|attack| attack.name() == name)
    }

    /// How many connections attack at a time.
    #[must_use]
    pub fn connections(self) -> usize {
        match self {
            Self::Slowloris | Self::DeafMembers => 2_000,
            Self::UnreadUploads => 100,
            Self::RapidReset | Self::Continuations | Self::HeaderFlood => 16,
        }
    }

    /// How much the server may hold for each of them, in KiB of resident memory, by its limits:
    /// - a head that is not whole: hyper's first buffers for reading and writing, 8 KiB each, and as much for the
    ///   connection's and its task's state (it may grow to the 64 KiB of a head, which none of these sends)
    /// - a member that does not read: the same, for it is closed and comes again, and every handshake is hyper's; its
    ///   frames are shared by all members
    /// - an upload nobody reads: hyper's greatest read buffer of 64 KiB
    /// - an HTTP/2 connection: a header list of 64 KiB, its frames, its 100 streams
    /// - a head that is too long: 64 KiB, read into a buffer of twice that
    #[must_use]
    pub fn cap_each_kib(self) -> u64 {
        match self {
            Self::Slowloris | Self::DeafMembers => 24,
            Self::UnreadUploads => 128,
            Self::RapidReset | Self::Continuations | Self::HeaderFlood => 512,
        }
    }

    /// What the server may grow by in all, in bytes: 8 MiB is for what it grows by under any load. A frame that is half
    /// written to a member who is being closed lives until that member is gone: 5 s of 10 MB/s.
    #[must_use]
    pub fn cap(self) -> u64 {
        let frames = if self == Self::DeafMembers { 50_000_000 } else { 0 };
        (8 << 20) + self.cap_each_kib() * 1024 * self.connections() as u64 + frames
    }
}
