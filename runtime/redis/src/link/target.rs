//! What a connection is made to: the host itself, or the master that its Sentinels name now.

use std::fs;
use std::io;

use redis::{
    Client, ClientTlsConfig, ConnectionAddr, ConnectionInfo, IntoConnectionInfo, RedisConnectionInfo,
    RedisError, TlsCertificates,
};

use super::sentinel;
use crate::config::Host;
use crate::config::host::{Login, Place};
use crate::config::tls::{Check, Roots, Tls};
use crate::error::RedisFault;

/// The client for a new connection. Asks Sentinels, and reads certificates, every time: both change.
///
/// # Errors
/// A host that cannot be used, a file that cannot be read, or what the Sentinels said.
pub(crate) async fn client(host: &Host) -> Result<Client, RedisFault> {
    let address = match &host.place {
        Place::Tcp(name, port) => (name.clone(), *port),
        Place::Sentinel(sentinels) => sentinel::master(sentinels).await?,
        Place::Unix(path) => return open(info(ConnectionAddr::Unix(path.clone()), &host.login)?),
        Place::Nowhere(why) => return Err(RedisFault::Host(why.to_string())),
    };
    tcp(address, &host.login, host.tls.as_ref()).await
}

/// The client for a server at this address.
pub(super) async fn tcp(
    (host, port): (String, u16),
    login: &Login,
    tls: Option<&Tls>,
) -> Result<Client, RedisFault> {
    let Some(tls) = tls else {
        return open(info(ConnectionAddr::Tcp(host, port), login)?);
    };
    // The client library takes the process's provider. Whoever installed one meant it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut address = ConnectionAddr::TcpTls {
        host,
        port,
        insecure: tls.check == Check::Nothing,
        tls_params: None,
    };
    address.set_danger_accept_invalid_hostnames(tls.check == Check::AnyName);
    let info = info(address, login)?;
    if tls.roots.is_empty() && tls.client.is_none() {
        return open(info);
    }
    let files = tls.clone();
    let read = tokio::task::spawn_blocking(move || certificates(&files)).await;
    let certificates = read.map_err(|error| RedisFault::Other(error.to_string()))??;
    let client = Client::build_with_tls(info, certificates).map_err(|error| tls_refused(&error))?;
    if tls.check != Check::AnyName {
        return Ok(client);
    }
    // Building dropped it.
    let mut info = client.get_connection_info().clone();
    let mut address = info.addr().clone();
    address.set_danger_accept_invalid_hostnames(true);
    info = info.set_addr(address);
    open(info)
}

fn info(address: ConnectionAddr, login: &Login) -> Result<ConnectionInfo, RedisFault> {
    let mut settings = RedisConnectionInfo::default().set_db(login.db);
    if let Some(username) = &login.username {
        settings = settings.set_username(username);
    }
    if let Some(password) = &login.password {
        settings = settings.set_password(password);
    }
    let info = address.into_connection_info().map_err(|error| refused(&error))?;
    // Commands are small and wait for each other's answers: none may wait for a full packet.
    let tcp = info.tcp_settings().clone().set_nodelay(true);
    Ok(info.set_tcp_settings(tcp).set_redis_settings(settings))
}

fn open(info: ConnectionInfo) -> Result<Client, RedisFault> {
    Client::open(info).map_err(|error| refused(&error))
}

fn refused(error: &RedisError) -> RedisFault {
    RedisFault::Host(error.to_string())
}

fn tls_refused(error: &RedisError) -> RedisFault {
    RedisFault::Tls(error.to_string())
}

/// Reads the files.
fn certificates(tls: &Tls) -> Result<TlsCertificates, RedisFault> {
    let read = |path: &std::path::Path| {
        fs::read(path).map_err(|error| RedisFault::Tls(format!("cannot read {}: {error}", path.display())))
    };
    let mut roots = Vec::new();
    for source in &tls.roots {
        match source {
            Roots::File(path) => roots.extend(read(path)?),
            Roots::Pem(pem) => roots.extend_from_slice(pem.as_bytes()),
            Roots::Directory(path) => {
                let listed = files(path)
                    .map_err(|error| RedisFault::Tls(format!("cannot read {}: {error}", path.display())))?;
                for file in listed {
                    roots.extend(read(&file)?);
                }
            }
        }
        // A file may end without a line's end.
        roots.push(b'\n');
    }
    let given = !tls.roots.is_empty();
    if given && !String::from_utf8_lossy(&roots).contains("-----BEGIN CERTIFICATE-----") {
        return Err(RedisFault::Tls(
            "there is no PEM certificate in ssl_ca_certs".to_owned(),
        ));
    }
    let client_tls = match &tls.client {
        None => None,
        Some((chain, key)) => Some(ClientTlsConfig {
            client_cert: read(chain)?,
            client_key: read(key)?,
        }),
    };
    Ok(TlsCertificates {
        client_tls,
        root_cert: given.then_some(roots),
    })
}

fn files(directory: &std::path::Path) -> io::Result<Vec<std::path::PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_file() {
            files.push(path);
        }
    }
    Ok(files)
}
