//! The pub/sub layer: against the specification, beside the real channels_redis.pubsub, when
//! connections break, and in a Redis Cluster.

mod cluster;
mod conformance;
mod faults;
mod interop;
mod listening;
mod log;
mod peer;
mod sentinel;
mod support;
