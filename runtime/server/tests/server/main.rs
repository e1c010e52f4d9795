//! The server over raw sockets: what goes out is what a client, good or bad, would send, and what
//! comes back is looked at byte by byte.

mod access_log;
mod backpressure;
mod body_limits;
mod certificates;
mod close;
mod connections;
mod disconnect;
mod endpoints;
mod extensions;
mod frames;
mod handshake;
mod http;
mod http2;
mod hygiene;
mod keep_alive;
mod lifespan;
mod proxied;
mod proxy_headers;
mod responses;
mod shutdown;
mod slow;
mod slow_consumers;
mod support;
mod tls;
mod trace;
mod vanishing;
