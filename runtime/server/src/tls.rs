//! TLS 1.2 and 1.3 by rustls: certificates from files, which may change while the server runs.
//!
//! - `config`: what is asked for; `load`: the files become a configuration of rustls
//! - `acceptor`: a listener's TLS; handshakes, and new certificates
//! - `name`: the subject of a client's certificate
//! - `reload`: asks for new certificates, and looks for them

mod acceptor;
mod config;
mod load;
mod name;
mod reload;

pub(crate) use acceptor::{Acceptor, Secured};
pub use config::{ClientCertificates, TlsConfig, TlsVersion};
pub use load::TlsError;
pub use reload::Reloader;
