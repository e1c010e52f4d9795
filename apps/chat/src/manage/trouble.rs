//! What is wrong with a database that does not work, and what to do about it.

use std::path::PathBuf;
use std::str::FromStr as _;

use laureola_django::database::DatabaseError;
use sqlx::sqlite::SqliteConnectOptions;

use crate::store::StoreError;

/// The file of an SQLite database, as the driver reads its URL.
pub(super) fn sqlite(database_url: &str) -> Option<PathBuf> {
    if !database_url.starts_with("sqlite:") || database_url.contains(":memory:") {
        return None;
    }
    let options = SqliteConnectOptions::from_str(database_url).ok()?;
    Some(options.get_filename().to_owned())
}

/// What people are told which database it is: nobody's name or password.
pub(super) fn place(database_url: &str) -> String {
    if let Some(file) = sqlite(database_url) {
        return file.display().to_string();
    }
    let bare = database_url.split('?').next().unwrap_or_default();
    match (bare.split_once("://"), bare.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, place))) => format!("{scheme}://{place}"),
        _ => bare.to_owned(),
    }
}

/// Why it cannot be opened.
pub(super) fn why_not_opened(error: &StoreError) -> String {
    match error {
        StoreError::Database(error) => why(error),
        other => other.to_string(),
    }
}

/// Why it does not do what it was asked.
pub(super) fn why(error: &DatabaseError) -> String {
    let DatabaseError::Sqlx(error) = error else {
        return error.to_string();
    };
    match error {
        sqlx::Error::PoolTimedOut => {
            "it does not answer: see whether its server runs and can be reached".to_owned()
        }
        sqlx::Error::Io(error) => format!("{error}: see whether its server runs and can be reached"),
        sqlx::Error::Database(said) => {
            let text = said.message();
            match said.code().as_deref().and_then(advice) {
                Some(advice) => format!("{text}: {advice}"),
                None => text.to_owned(),
            }
        }
        other => other.to_string(),
    }
}

/// What to do, by SQLSTATE or by SQLite's result code.
fn advice(code: &str) -> Option<&'static str> {
    if code.len() == 5 {
        return Some(match code {
            "28000" | "28P01" => {
                "give a user and password that may connect, as in postgres://user:password@host/name"
            }
            "3D000" => "make it with `createdb`, or name another one with --database-url",
            "42501" => "its user may not do this; grant it the rights, or connect as another",
            "53300" => "too many others are connected; try again later, or raise max_connections",
            "55P03" | "57014" => "something else has locked it; try again when that is done",
            "57P01" | "57P03" => "its server is starting or stopping; try again in a few seconds",
            _ => return None,
        });
    }
    // The low byte is the kind, the rest tells more.
    Some(match code.parse::<u32>().ok()? & 0xff {
        5 | 6 => "something else has locked it for longer than five seconds; try again when that is done",
        8 => "its file, or the directory it is in, cannot be written to",
        13 => "there is no room on the disk",
        14 => "see whether its directory is there and may be written to",
        26 => "the file is something else; name another one with --database-url",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_tell_no_password() {
        assert_eq!(place("sqlite://chat.sqlite3"), "chat.sqlite3");
        assert_eq!(place("sqlite:///var/a%20b.db?mode=rwc"), "/var/a b.db");
        assert_eq!(
            place("postgres://ada:s3@cret@db:5433/chat?sslmode=require"),
            "postgres://db:5433/chat"
        );
        assert_eq!(place("postgres://db/chat"), "postgres://db/chat");
    }

    #[test]
    fn extended_codes_of_sqlite_are_their_kind() {
        assert_eq!(advice("5"), advice("517"));
        assert!(advice("1").is_none() && advice("42P01").is_none());
    }
}
