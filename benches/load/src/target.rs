//! Where a server is.

use std::net::{SocketAddr, ToSocketAddrs as _};
use std::str::FromStr;

use serde::Serialize;
use thiserror::Error;

/// A server's address and a path there, as `ws://HOST:PORT/PATH` or `http://HOST:PORT/PATH` names them.
///
/// `{room}` in the path stands for the room's name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(into = "String")]
pub struct Target {
    /// The scheme: `ws` or `http`.
    pub scheme: String,
    /// `HOST:PORT`, as it was written.
    pub authority: String,
    /// From the slash on.
    pub path: String,
}

/// An address that is none for this tool.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TargetError {
    /// Neither of the two schemes.
    #[error("{0:?} starts with neither ws:// nor http:// (TLS is not spoken: measure in front of the proxy)")]
    Scheme(String),
    /// The name says nothing to the resolver.
    #[error("{authority:?} is no address: {source}")]
    Host {
        /// What was asked for.
        authority: String,
        /// What the resolver said.
        source: std::io::Error,
    },
}

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        let (scheme, rest) = text
            .split_once("://")
            .filter(|(scheme, _)| ["ws", "http"].contains(scheme))
            .ok_or_else(|| TargetError::Scheme(text.to_owned()))?;
        let slash = rest.find(['/', '?']).unwrap_or(rest.len());
        let path = match &rest[slash..] {
            path if path.starts_with('/') => path.to_owned(),
            path => format!("/{path}"),
        };
        Ok(Self {
            scheme: scheme.to_owned(),
            authority: rest[..slash].to_owned(),
            path,
        })
    }
}

impl Target {
    /// The address to connect to: the resolver's first. The port is 80 where none is named.
    ///
    /// # Errors
    /// [`TargetError::Host`].
    pub fn address(&self) -> Result<SocketAddr, TargetError> {
        let authority = &self.authority;
        let resolved = authority
            .to_socket_addrs()
            .or_else(|_| (authority.trim_matches(['[', ']']), 80).to_socket_addrs());
        let nothing = || std::io::Error::other("the resolver knows no address");
        resolved
            .and_then(|mut addresses| addresses.next().ok_or_else(nothing))
            .map_err(|source| TargetError::Host {
                authority: authority.clone(),
                source,
            })
    }

    /// The path of `room`.
    #[must_use]
    pub fn path_of(&self, room: &str) -> String {
        self.path.replace("{room}", room)
    }
}

impl From<Target> for String {
    fn from(target: Target) -> Self {
        format!("{}://{}{}", target.scheme, target.authority, target.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_its_parts() {
        let target: Target = "ws://127.0.0.1:8000/ws/chat/{room}/?a=b".parse().unwrap();
        assert_eq!(target.address().unwrap(), "127.0.0.1:8000".parse().unwrap());
        assert_eq!(target.path_of("r1"), "/ws/chat/r1/?a=b");
        assert_eq!(String::from(target), "ws://127.0.0.1:8000/ws/chat/{room}/?a=b");
    }

    #[test]
    fn what_is_missing_has_a_default() {
        let target: Target = "http://127.0.0.1?x".parse().unwrap();
        assert_eq!(target.path, "/?x");
        assert_eq!(target.address().unwrap().port(), 80);
        let target: Target = "ws://[::1]".parse().unwrap();
        assert_eq!(
            (target.path.as_str(), target.address().unwrap().port()),
            ("/", 80)
        );
    }

    #[test]
    fn other_schemes_are_refused() {
        for text in ["wss://host/", "127.0.0.1:8000", "ftp://x"] {
            assert!(
                matches!(text.parse::<Target>(), Err(TargetError::Scheme(_))),
                "{text}"
            );
        }
    }
}
