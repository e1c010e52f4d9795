//! [`Deflate`]: the server's settings.

/// Settings of permessage-deflate (RFC 7692), for
/// [`Builder::websocket_compression`](crate::Builder::websocket_compression).
///
/// Messages of the server always stand alone (`server_no_context_takeover`), so that one to many is
/// compressed once for all. There is no memory level: compressors belong to the server's threads,
/// up to 0.3 MiB for each thread and window, not to its sockets.
///
/// ```
/// use laureola_server::Deflate;
///
/// let deflate = Deflate { level: 3, ..Deflate::default() };
/// assert_eq!(deflate.threshold, 1024);
/// ```
#[derive(Clone, Debug)]
pub struct Deflate {
    /// Bytes of the shortest message that is compressed. Default 1024: a shorter one leaves in one
    /// TCP segment anyway, and hardly shrinks without those before it. Longer ones that do not
    /// shrink are sent as they are.
    pub threshold: usize,
    /// From 0 (none) to 9 (slow). Default 6, zlib's own: a message of 10 KiB takes some 0.1 ms.
    pub level: u32,
    /// The greatest window of the server's messages, in bits, from 9 to 15 (values beyond are
    /// drawn in). Default 15. Clients that demand a smaller one get it, down to 9: zlib has none of
    /// 8 bits.
    pub server_max_window_bits: u8,
    /// The greatest window of a client's messages, in bits, from 9 to 15, asked of clients that
    /// let themselves be asked. Default 15. Of use only with context takeover, where every socket
    /// holds such a window.
    pub client_max_window_bits: u8,
    /// Whether clients are told to let every message stand alone. Default true: a socket holds
    /// nothing then between two messages; else some 40 KiB from its first compressed message on.
    pub client_no_context_takeover: bool,
}

impl Default for Deflate {
    fn default() -> Self {
        Self {
            threshold: 1024,
            level: 6,
            server_max_window_bits: 15,
            client_max_window_bits: 15,
            client_no_context_takeover: true,
        }
    }
}
