//! The configuration as Python and JSON write it: the arguments of channels_redis and redis-py.

use std::fmt;
use std::time::Duration;

use laureola_layers::mailbox::Overflow;
use serde::Deserialize;
use serde::de::{self, IgnoredAny, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer};

use super::host::{Host, HostError};
use super::{Membership, RedisConfig, address};

mod arguments;

pub(super) use arguments::Arguments;

/// The keyword arguments of a layer of channels_redis, and our own.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ConfigShape {
    #[serde(default)]
    hosts: Option<HostList>,
    prefix: Option<String>,
    expiry: Option<f64>,
    group_expiry: Option<f64>,
    capacity: Option<usize>,
    channel_capacity: Option<Exceptions>,
    symmetric_encryption_keys: Option<KeyList>,
    random_prefix_length: Option<usize>,
    serializer_format: Option<String>,
    membership: Option<Membership>,
    overflow: Option<OverflowName>,
    heartbeat: Option<f64>,
}

impl TryFrom<ConfigShape> for RedisConfig {
    type Error = String;

    fn try_from(shape: ConfigShape) -> Result<Self, String> {
        let seconds = |name: &str, value: Option<f64>, default: Duration| match value {
            None => Ok(default),
            Some(value) => Duration::try_from_secs_f64(value)
                .ok()
                .filter(|duration| *duration >= Duration::from_millis(1))
                .ok_or_else(|| format!("{name} is {value}, and must be a number of seconds above 0")),
        };
        if shape.capacity == Some(0) {
            return Err("capacity is 0, and must be at least 1".to_owned());
        }
        let mut config = Self::default();
        config.expiry = seconds("expiry", shape.expiry, config.expiry)?;
        config.group_expiry = seconds("group_expiry", shape.group_expiry, config.group_expiry)?;
        let heartbeat = seconds("heartbeat", shape.heartbeat, config.heartbeat)?;
        config = config.heartbeat(heartbeat);
        if let Some(HostList(hosts)) = shape.hosts {
            config = config.hosts(hosts);
        }
        if let Some(Exceptions(rules)) = shape.channel_capacity {
            for (pattern, capacity) in rules {
                let with = config.channel_capacity.with(&pattern, capacity);
                config.channel_capacity = with.map_err(|error| error.to_string())?;
            }
        }
        config.prefix = shape.prefix.unwrap_or(config.prefix);
        config.capacity = shape.capacity.unwrap_or(config.capacity);
        config.random_prefix_length = shape.random_prefix_length.unwrap_or(config.random_prefix_length);
        config.serializer_format = shape.serializer_format.unwrap_or(config.serializer_format);
        config.membership = shape.membership.unwrap_or(config.membership);
        config.overflow = shape.overflow.map_or(config.overflow, Into::into);
        config.symmetric_encryption_keys = shape.symmetric_encryption_keys.map_or(Vec::new(), |keys| keys.0);
        Ok(config)
    }
}

/// [`Overflow`] by name.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum OverflowName {
    DropOldest,
    DropNewest,
    Close,
}

impl From<OverflowName> for Overflow {
    fn from(name: OverflowName) -> Self {
        match name {
            OverflowName::DropOldest => Self::DropOldest,
            OverflowName::DropNewest => Self::DropNewest,
            OverflowName::Close => Self::Close,
        }
    }
}

/// A list of hosts; a single text is what channels_redis refuses, too.
struct HostList(Vec<Host>);

impl<'de> Deserialize<'de> for HostList {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let expected = "a list of hosts, even if there is only one: [\"redis://localhost:6379\"]";
        deserializer.deserialize_any(ListVisitor(expected)).map(Self)
    }
}

/// The keys; a single text is what channels_redis refuses, too.
struct KeyList(Vec<String>);

impl<'de> Deserialize<'de> for KeyList {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Else the error would show the key.
        struct Keys;
        impl<'de> Visitor<'de> for Keys {
            type Value = Vec<String>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of symmetric_encryption_keys, even if there is only one")
            }

            fn visit_str<E: de::Error>(self, _: &str) -> Result<Self::Value, E> {
                Err(E::custom(
                    "symmetric_encryption_keys must be a list, even if there is only one key",
                ))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut keys = Vec::new();
                while let Some(key) = seq.next_element()? {
                    keys.push(key);
                }
                Ok(keys)
            }
        }
        deserializer.deserialize_any(Keys).map(Self)
    }
}

struct ListVisitor(&'static str);

impl<'de> Visitor<'de> for ListVisitor {
    type Value = Vec<Host>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }

    fn visit_str<E: de::Error>(self, _: &str) -> Result<Self::Value, E> {
        // Without the text: it may hold a password.
        Err(E::custom(format!("hosts must be {}", self.0)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut hosts = Vec::new();
        while let Some(host) = seq.next_element()? {
            hosts.push(host);
        }
        Ok(hosts)
    }
}

/// Patterns and capacities: a map in its order, or a list of pairs.
struct Exceptions(Vec<(String, usize)>);

impl<'de> Deserialize<'de> for Exceptions {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Rules;
        impl<'de> Visitor<'de> for Rules {
            type Value = Vec<(String, usize)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map of channel patterns to capacities, or a list of such pairs")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut rules = Vec::new();
                while let Some(rule) = map.next_entry()? {
                    rules.push(rule);
                }
                Ok(rules)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut rules = Vec::new();
                while let Some(rule) = seq.next_element()? {
                    rules.push(rule);
                }
                Ok(rules)
            }
        }
        deserializer.deserialize_any(Rules).map(Self)
    }
}

/// One entry of `hosts`.
pub(super) struct HostShape(Arguments);

impl HostShape {
    pub(super) fn into_host(self) -> Result<Host, HostError> {
        self.0.into_host()
    }
}

impl<'de> Deserialize<'de> for HostShape {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entry;
        impl<'de> Visitor<'de> for Entry {
            type Value = Arguments;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a URL, a pair of host and port, or a map of connection arguments")
            }

            fn visit_str<E: de::Error>(self, url: &str) -> Result<Arguments, E> {
                address::parse(url).map_err(E::custom)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Arguments, A::Error> {
                let missing = || de::Error::custom("a host in a list must be a pair: [\"localhost\", 6379]");
                let mut arguments = Arguments::default();
                arguments.host = Some(seq.next_element()?.ok_or_else(missing)?);
                arguments.port = Some(seq.next_element()?.ok_or_else(missing)?);
                match seq.next_element::<IgnoredAny>()? {
                    None => Ok(arguments),
                    Some(_) => Err(missing()),
                }
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Arguments, A::Error> {
                Arguments::deserialize(MapAccessDeserializer::new(map))
            }
        }
        deserializer.deserialize_any(Entry).map(Self)
    }
}
