//! The connection arguments of redis-py, from a map or a URL's query.

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::config::address;
use crate::config::host::{Host, HostError, Login, Place, Sentinels};
use crate::config::tls::{Check, Tls};

const PORT: u16 = 6379;

/// What a map in `hosts` may hold. Arguments of redis-py that only tune its own pool and
/// sockets are taken and not used.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Arguments {
    address: Option<String>,
    pub(in crate::config) host: Option<String>,
    pub(in crate::config) port: Option<u16>,
    pub(in crate::config) path: Option<String>,
    pub(in crate::config) db: Option<i64>,
    pub(in crate::config) username: Option<String>,
    pub(in crate::config) password: Option<String>,
    pub(in crate::config) ssl: Option<bool>,
    ssl_ca_certs: Option<String>,
    ssl_ca_path: Option<String>,
    ssl_ca_data: Option<String>,
    ssl_certfile: Option<String>,
    ssl_keyfile: Option<String>,
    ssl_cert_reqs: Option<CertReqs>,
    ssl_check_hostname: Option<bool>,
    sentinels: Option<Vec<(String, u16)>>,
    master_name: Option<String>,
    sentinel_kwargs: Option<Box<Self>>,
    #[serde(rename = "socket_timeout")]
    _socket_timeout: Option<IgnoredAny>,
    #[serde(rename = "socket_connect_timeout")]
    _socket_connect_timeout: Option<IgnoredAny>,
    #[serde(rename = "socket_keepalive")]
    _socket_keepalive: Option<IgnoredAny>,
    #[serde(rename = "socket_keepalive_options")]
    _socket_keepalive_options: Option<IgnoredAny>,
    #[serde(rename = "socket_read_size")]
    _socket_read_size: Option<IgnoredAny>,
    #[serde(rename = "retry_on_timeout")]
    _retry_on_timeout: Option<IgnoredAny>,
    #[serde(rename = "retry_on_error")]
    _retry_on_error: Option<IgnoredAny>,
    #[serde(rename = "max_connections")]
    _max_connections: Option<IgnoredAny>,
    #[serde(rename = "health_check_interval")]
    _health_check_interval: Option<IgnoredAny>,
    #[serde(rename = "timeout")]
    _timeout: Option<IgnoredAny>,
    #[serde(rename = "encoding")]
    _encoding: Option<IgnoredAny>,
    #[serde(rename = "encoding_errors")]
    _encoding_errors: Option<IgnoredAny>,
    #[serde(rename = "decode_responses")]
    _decode_responses: Option<IgnoredAny>,
    #[serde(rename = "client_name")]
    _client_name: Option<IgnoredAny>,
    #[serde(rename = "protocol")]
    _protocol: Option<IgnoredAny>,
}

/// `ssl_cert_reqs`: by redis-py's name or as the number of Python's `ssl.CERT_…`.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "CertReqsShape")]
enum CertReqs {
    None,
    Required,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum CertReqsShape {
    Name(String),
    Number(u8),
}

impl TryFrom<CertReqsShape> for CertReqs {
    type Error = String;

    fn try_from(shape: CertReqsShape) -> Result<Self, String> {
        match shape {
            CertReqsShape::Name(name) => Self::named(&name),
            CertReqsShape::Number(0) => Ok(Self::None),
            CertReqsShape::Number(1 | 2) => Ok(Self::Required),
            CertReqsShape::Number(other) => Self::named(&other.to_string()),
        }
    }
}

impl CertReqs {
    fn named(name: &str) -> Result<Self, String> {
        match name {
            "none" => Ok(Self::None),
            // A client that asks for a certificate gets one.
            "required" | "optional" => Ok(Self::Required),
            other => Err(format!(
                "ssl_cert_reqs is {other:?}, and must be \"required\" or \"none\""
            )),
        }
    }
}

impl Arguments {
    /// An option of a URL's query.
    pub(in crate::config) fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        let text = || Some(value.to_owned());
        match name {
            "db" => {
                let db = value
                    .parse()
                    .map_err(|_| format!("its database {value:?} is no number"))?;
                self.db = Some(db);
            }
            "username" => self.username = text(),
            "password" => self.password = text(),
            "ssl_ca_certs" => self.ssl_ca_certs = text(),
            "ssl_ca_path" => self.ssl_ca_path = text(),
            "ssl_ca_data" => self.ssl_ca_data = text(),
            "ssl_certfile" => self.ssl_certfile = text(),
            "ssl_keyfile" => self.ssl_keyfile = text(),
            "ssl_cert_reqs" => self.ssl_cert_reqs = Some(CertReqs::named(value)?),
            "ssl_check_hostname" => {
                // What redis-py takes for false.
                let off = ["0", "f", "false", "n", "no", ""].contains(&value.to_lowercase().as_str());
                self.ssl_check_hostname = Some(!off);
            }
            "socket_timeout"
            | "socket_connect_timeout"
            | "socket_keepalive"
            | "retry_on_timeout"
            | "max_connections"
            | "health_check_interval"
            | "timeout"
            | "encoding"
            | "client_name"
            | "protocol" => {}
            other => return Err(format!("its option {other:?} is not known")),
        }
        Ok(())
    }

    /// Checks the arguments against each other.
    pub(in crate::config) fn into_host(mut self) -> Result<Host, HostError> {
        if let Some(address) = self.address.take() {
            self = self.with(address::parse(&address)?);
        }
        let tls = self.tls()?;
        let login = self.login();
        let place = match (self.master_name, self.sentinels) {
            (Some(master_name), Some(addresses)) => {
                if addresses.is_empty() {
                    return Err(refused("sentinels is empty"));
                }
                let kwargs = self.sentinel_kwargs.map(|kwargs| *kwargs).unwrap_or_default();
                if kwargs.host.is_some() || kwargs.address.is_some() || kwargs.sentinels.is_some() {
                    return Err(refused("sentinel_kwargs holds a place; sentinels does that"));
                }
                Place::Sentinel(Sentinels {
                    master_name,
                    addresses,
                    login: kwargs.login(),
                    tls: kwargs.tls()?,
                })
            }
            (Some(_), None) => return Err(refused("master_name needs sentinels: [[\"host\", 26379], …]")),
            (None, Some(_)) => return Err(refused("sentinels need master_name")),
            (None, None) => match (self.host, self.path) {
                (Some(_), Some(_)) => return Err(refused("host and path are given, and only one can be")),
                (None, Some(path)) if tls.is_none() => Place::Unix(path.into()),
                (None, Some(_)) => return Err(refused("a UNIX socket speaks no TLS")),
                (host, None) => {
                    let host = host.unwrap_or_else(|| "localhost".to_owned());
                    Place::Tcp(host, self.port.unwrap_or(PORT))
                }
            },
        };
        Ok(Host { place, login, tls })
    }

    /// What a URL says counts before what stands beside it.
    fn with(self, url: Self) -> Self {
        Self {
            address: None,
            host: url.host.or(self.host),
            port: url.port.or(self.port),
            path: url.path.or(self.path),
            db: url.db.or(self.db),
            username: url.username.or(self.username),
            password: url.password.or(self.password),
            ssl: url.ssl.or(self.ssl),
            ssl_ca_certs: url.ssl_ca_certs.or(self.ssl_ca_certs),
            ssl_ca_path: url.ssl_ca_path.or(self.ssl_ca_path),
            ssl_ca_data: url.ssl_ca_data.or(self.ssl_ca_data),
            ssl_certfile: url.ssl_certfile.or(self.ssl_certfile),
            ssl_keyfile: url.ssl_keyfile.or(self.ssl_keyfile),
            ssl_cert_reqs: url.ssl_cert_reqs.or(self.ssl_cert_reqs),
            ssl_check_hostname: url.ssl_check_hostname.or(self.ssl_check_hostname),
            ..self
        }
    }

    fn login(&self) -> Login {
        Login {
            username: self.username.clone(),
            password: self.password.clone(),
            db: self.db.unwrap_or(0),
        }
    }

    /// TLS as `ssl` says, or where anything is said about it.
    fn tls(&self) -> Result<Option<Tls>, HostError> {
        let said = self.ssl_ca_certs.is_some()
            || self.ssl_ca_path.is_some()
            || self.ssl_ca_data.is_some()
            || self.ssl_certfile.is_some()
            || self.ssl_keyfile.is_some()
            || self.ssl_cert_reqs.is_some()
            || self.ssl_check_hostname.is_some();
        match self.ssl {
            Some(false) if said => {
                return Err(refused(
                    "ssl_… is given, but the connection is without TLS: write rediss://",
                ));
            }
            Some(false) => return Ok(None),
            None if !said => return Ok(None),
            Some(true) | None => {}
        }
        let mut tls = Tls::default();
        if let Some(file) = &self.ssl_ca_certs {
            tls = tls.ca_file(file);
        }
        if let Some(directory) = &self.ssl_ca_path {
            tls = tls.ca_directory(directory);
        }
        if let Some(pem) = &self.ssl_ca_data {
            tls = tls.ca_pem(pem);
        }
        match (&self.ssl_certfile, &self.ssl_keyfile) {
            // The key may stand in the same file, as for Python.
            (Some(chain), key) => tls = tls.client_certificate(chain, key.as_ref().unwrap_or(chain)),
            (None, Some(_)) => return Err(refused("ssl_keyfile needs ssl_certfile")),
            (None, None) => {}
        }
        tls.check = match (self.ssl_cert_reqs, self.ssl_check_hostname) {
            (Some(CertReqs::None), _) => Check::Nothing,
            (_, Some(false)) => Check::AnyName,
            _ => Check::All,
        };
        Ok(Some(tls))
    }
}

fn refused(why: &str) -> HostError {
    HostError(why.to_owned())
}
