//! `django.contrib.sessions.backends.file`: one file per session.
//!
//! Files are read and written on blocking threads, and replaced whole, so that a reader never sees half of one.

use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::codec;
use super::expiry::Expiry;
use super::store::{Save, Saved, SessionError, SessionStore};
use super::{Data, SessionKey};
use crate::secrets::Secrets;

/// No session of Django's is longer; a file that is, is none.
const MAX_LENGTH: u64 = 16 * 1024 * 1024;

/// See the module's documentation.
#[derive(Clone, Debug)]
pub struct FileStore {
    secrets: Secrets,
    directory: PathBuf,
    /// `SESSION_COOKIE_NAME`, with which file names begin.
    prefix: String,
    expiry: Expiry,
}

impl FileStore {
    /// Sessions in `directory` (`SESSION_FILE_PATH`; Django's default is the system's temporary directory), in files whose
    /// names begin with `cookie_name`.
    ///
    /// # Errors
    /// It is no directory.
    pub fn new(
        secrets: Secrets,
        directory: impl Into<PathBuf>,
        cookie_name: &str,
        expiry: Expiry,
    ) -> Result<Self, SessionError> {
        let directory = directory.into();
        if !directory.is_dir() {
            let text = format!(
                "{} is no directory: create it, or name another",
                directory.display()
            );
            return Err(SessionError::store(text));
        }
        Ok(Self {
            secrets,
            directory,
            prefix: cookie_name.to_owned(),
            expiry,
        })
    }

    /// Keys hold letters and digits only, so that this stays in the directory.
    fn path(&self, key: &SessionKey) -> PathBuf {
        self.directory.join(format!("{}{}", self.prefix, key.as_str()))
    }
}

async fn blocking<R: Send + 'static>(
    work: impl FnOnce() -> io::Result<R> + Send + 'static,
) -> Result<R, SessionError> {
    let done = tokio::task::spawn_blocking(work)
        .await
        .map_err(SessionError::store)?;
    done.map_err(SessionError::store)
}

impl SessionStore for FileStore {
    async fn load(&self, key: &SessionKey) -> Result<Option<Data>, SessionError> {
        let path = self.path(key);
        let read = blocking(move || read(&path)).await?;
        let Some((text, modified)) = read else {
            return Ok(None);
        };
        let data = codec::decode(&self.secrets, &text).unwrap_or_default();
        let expires = modified.checked_add(self.expiry.age(&data, modified));
        if expires.is_some_and(|expires| expires <= SystemTime::now()) {
            self.delete(key).await?;
            return Ok(None);
        }
        Ok(Some(data))
    }

    async fn save(
        &self,
        key: &SessionKey,
        data: &Data,
        _: Duration,
        how: Save,
    ) -> Result<Saved, SessionError> {
        let path = self.path(key);
        let directory = self.directory.clone();
        let text = codec::encode(&self.secrets, data);
        blocking(move || write(&directory, &path, &text, how)).await
    }

    async fn delete(&self, key: &SessionKey) -> Result<(), SessionError> {
        let path = self.path(key);
        blocking(move || match std::fs::remove_file(path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        })
        .await
    }
}

fn read(path: &Path) -> io::Result<Option<(String, SystemTime)>> {
    let metadata = match std::fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    if metadata.len() > MAX_LENGTH {
        return Ok(None);
    }
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some((text, metadata.modified()?))),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::InvalidData) => Ok(None),
        Err(error) => Err(error),
    }
}

fn write(directory: &Path, path: &Path, text: &str, how: Save) -> io::Result<Saved> {
    match how {
        Save::Create => match std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(path)
        {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(Saved::No),
            Err(error) => return Err(error),
        },
        Save::Update if !path.exists() => return Ok(Saved::No),
        Save::Update => {}
    }
    let mut file = tempfile::NamedTempFile::new_in(directory)?;
    file.write_all(text.as_bytes())?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(Saved::Yes)
}
