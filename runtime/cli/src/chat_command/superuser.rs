//! `createsuperuser`, as Django's own asks for what it needs.

use std::io::{self, BufRead as _, IsTerminal as _, Read as _};

use anyhow::{Context, Result, bail};
use clap::Args;
use laureola_chat::manage::people::{email_error, password_errors};
use laureola_chat::manage::{ManageError, Management, Person};
use zeroize::Zeroizing;

use super::terminal::{ask, ask_secretly, until_cancelled};

const AFTER_HELP: &str = "\
Examples:
  $ laureola chat createsuperuser
  Username: root
  Email address:
  Password:
  Password (again):
  Superuser created successfully.

  $ laureola chat createsuperuser --username root --password-stdin < /run/secrets/root

What Django asks of names, addresses and passwords is asked here. On a terminal a weak password can
be insisted on, as Django's command lets you; from stdin it is refused.";

/// The longest line that is taken for a password.
const MAX_PASSWORD: u64 = 4096;

/// Create a user with every permission, for the pages below /admin/
#[derive(Clone, Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct CreateSuperuser {
    /// The name to log in with [default: asks]
    #[arg(long)]
    username: Option<String>,

    /// An e-mail address; may be empty [default: asks, or none with --password-stdin]
    #[arg(long)]
    email: Option<String>,

    /// Read the password from stdin, one line, instead of asking for it
    #[arg(long, requires = "username")]
    password_stdin: bool,
}

impl CreateSuperuser {
    pub(super) async fn run(&self, database_url: &str) -> Result<()> {
        if !self.password_stdin && !io::stdin().is_terminal() {
            bail!(
                "createsuperuser asks for a password, and stdin is no terminal: give --username NAME and \
                 --password-stdin"
            );
        }
        let management = super::open(database_url).await?;
        let done = until_cancelled(self.create(&management)).await;
        management.close().await;
        done?;
        eprintln!("Superuser created successfully.");
        Ok(())
    }

    async fn create(&self, management: &Management) -> Result<()> {
        let username = match &self.username {
            Some(username) => {
                management.check_username(username).await?;
                username.clone()
            }
            None => username(management).await?,
        };
        let email = match &self.email {
            Some(email) => email.clone(),
            None if self.password_stdin => String::new(),
            None => email().await?,
        };
        if let Some(error) = email_error(&email) {
            bail!("{error}");
        }
        let (password, any_password) = if self.password_stdin {
            (from_stdin()?, false)
        } else {
            password(&username, &email).await?
        };
        let person = Person {
            username: &username,
            email: &email,
            password: &password,
            is_superuser: true,
            any_password,
        };
        Ok(management.create_user(person).await?)
    }
}

async fn username(management: &Management) -> Result<String> {
    loop {
        let username = ask("Username: ").await?;
        match management.check_username(&username).await {
            Ok(()) => return Ok(username),
            Err(error @ (ManageError::Invalid(_) | ManageError::Taken)) => eprintln!("Error: {error}"),
            Err(error) => return Err(error.into()),
        }
    }
}

async fn email() -> Result<String> {
    loop {
        let email = ask("Email address: ").await?;
        match email_error(&email) {
            None => return Ok(email),
            Some(error) => eprintln!("Error: {error}"),
        }
    }
}

/// The password, and whether it is to be taken though something speaks against it.
async fn password(username: &str, email: &str) -> Result<(Zeroizing<String>, bool)> {
    loop {
        let password = ask_secretly("Password: ").await?;
        let again = ask_secretly("Password (again): ").await?;
        if password != again {
            eprintln!("Error: Your passwords didn't match.");
            continue;
        }
        if password.trim().is_empty() {
            eprintln!("Error: Blank passwords aren't allowed.");
            continue;
        }
        let errors = password_errors(&password, username, email);
        if errors.is_empty() {
            return Ok((password, false));
        }
        for error in errors {
            eprintln!("{error}");
        }
        let answer = ask("Bypass password validation and create user anyway? [y/N]: ").await?;
        if answer.eq_ignore_ascii_case("y") {
            return Ok((password, true));
        }
    }
}

fn from_stdin() -> Result<Zeroizing<String>> {
    let mut line = Zeroizing::new(String::new());
    let stdin = io::stdin().lock();
    let read = stdin.take(MAX_PASSWORD).read_line(&mut line);
    read.context("cannot read the password from stdin")?;
    let end = line.trim_end_matches(['\r', '\n']).len();
    line.truncate(end);
    Ok(line)
}
