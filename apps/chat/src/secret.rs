//! The secret key of a chat that was given none: made once, and kept beside the SQLite file.

use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

/// Characters of a key; Django's have 50.
const LENGTH: usize = 64;

/// Where the key of the database at `database_url` is kept; `None` unless that is a file.
pub(crate) fn place(database_url: &str) -> Option<PathBuf> {
    let path = database_url.strip_prefix("sqlite:")?;
    let path = path.strip_prefix("//").unwrap_or(path);
    let path = path.split('?').next().filter(|path| !path.is_empty())?;
    (!path.starts_with(':')).then(|| Path::new(path).with_extension("secret"))
}

/// The key in `file`, which is made if it is not there, for its owner's eyes only.
pub(crate) fn read_or_make(file: &Path) -> io::Result<String> {
    match fs::read_to_string(file) {
        Err(error) if error.kind() == ErrorKind::NotFound => make(file)?,
        other => return checked(&other?),
    }
    checked(&fs::read_to_string(file)?)
}

/// An emptied file must not make an empty key: everybody could sign with it.
fn checked(text: &str) -> io::Result<String> {
    let key = text.trim();
    if key.len() < 32 {
        return Err(io::Error::new(
            ErrorKind::InvalidData,
            "it holds no secret key; delete it for a new one, which ends all logins",
        ));
    }
    Ok(key.to_owned())
}

/// Several processes may start at once: each writes a file of its own, and the first to link it has made the key.
fn make(file: &Path) -> io::Result<()> {
    let draft = file.with_extension(format!("secret.{}", std::process::id()));
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options
        .open(&draft)
        .and_then(|mut draft| draft.write_all(random().as_bytes()));
    let linked = written.and_then(|()| fs::hard_link(&draft, file));
    let _ = fs::remove_file(&draft);
    match linked {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// Hexadecimal digits from the system's generator.
pub(crate) fn random() -> String {
    let mut bytes = [0; LENGTH / 2];
    getrandom::fill(&mut bytes).expect("the system has a random generator");
    bytes
        .iter()
        .fold(String::with_capacity(LENGTH), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_stands_beside_the_database() {
        let name = |url| place(url).map(|path| path.display().to_string());
        assert_eq!(name("sqlite://chat.sqlite3").as_deref(), Some("chat.secret"));
        assert_eq!(
            name("sqlite:///var/a.db?mode=rwc").as_deref(),
            Some("/var/a.secret")
        );
        assert_eq!(name("sqlite::memory:"), None);
        assert_eq!(name("postgres://db/chat"), None);
    }

    #[test]
    fn a_key_is_made_once_for_its_owner_alone() {
        let dir = tempfile::tempdir().expect("a directory");
        let file = dir.path().join("chat.secret");
        let key = read_or_make(&file).expect("made");
        assert_eq!(key.len(), LENGTH);
        assert_eq!(read_or_make(&file).expect("read"), key);
        assert_eq!(fs::read_dir(dir.path()).expect("read").count(), 1);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = fs::metadata(&file).expect("there").permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn an_emptied_file_is_no_key() {
        let dir = tempfile::tempdir().expect("a directory");
        let file = dir.path().join("chat.secret");
        fs::write(&file, "\n").expect("written");
        let error = read_or_make(&file).expect_err("no key").to_string();
        assert!(error.contains("delete it"), "{error}");
    }
}
