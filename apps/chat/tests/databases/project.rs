//! A Django project in a directory of its own, its `manage.py`, and a process of it that answers questions.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use laureola_testkit::{DjangoVersion, Postgres, postgres_bin};
use serde_json::{Value, json};
use tempfile::TempDir;

/// The secret both sides have.
pub(crate) const SECRET: &str = "a secret of both sides, äöü";

const FILES: [(&str, &str); 6] = [
    ("manage.py", include_str!("django/manage.py")),
    ("settings.py", include_str!("django/settings.py")),
    ("judge.py", include_str!("django/judge.py")),
    ("room/__init__.py", include_str!("django/room/__init__.py")),
    ("room/models.py", include_str!("django/room/models.py")),
    (
        "room/migrations/__init__.py",
        include_str!("django/room/migrations/__init__.py"),
    ),
];

/// A database both sides open.
pub(crate) enum Place {
    Sqlite(TempDir),
    Postgres(Postgres),
}

impl Place {
    pub(crate) fn sqlite() -> Self {
        Self::Sqlite(tempfile::tempdir().expect("a directory"))
    }

    pub(crate) fn postgres() -> Self {
        Self::Postgres(Postgres::start())
    }

    pub(crate) fn url(&self) -> String {
        match self {
            Self::Sqlite(dir) => format!("sqlite://{}", dir.path().join("site.sqlite3").display()),
            Self::Postgres(server) => server.url(),
        }
    }

    fn settings(&self) -> Value {
        match self {
            Self::Sqlite(dir) => {
                json!({"ENGINE": "django.db.backends.sqlite3", "NAME": dir.path().join("site.sqlite3")})
            }
            Self::Postgres(server) => json!({
                "ENGINE": "django.db.backends.postgresql",
                "NAME": server.database(),
                "USER": server.user(),
                "HOST": "127.0.0.1",
                "PORT": server.port(),
            }),
        }
    }

    /// Every definition in the database, as text.
    pub(crate) async fn schema(&self) -> String {
        match self {
            Self::Sqlite(_) => {
                let store = laureola_chat::store::Store::open_existing(&self.url()).await;
                let store = store.expect("the database");
                let laureola_django::Database::Sqlite(pools) = store.database() else {
                    panic!("it is SQLite");
                };
                let select = "SELECT group_concat(rootpage || ' ' || type || ' ' || name || ' ' || coalesce(sql, ''), char(10)) \
                     FROM (SELECT * FROM sqlite_master ORDER BY rowid)";
                let schema = sqlx::query_scalar(select)
                    .fetch_one(&pools.read)
                    .await
                    .expect("read");
                store.close().await;
                schema
            }
            Self::Postgres(server) => {
                let dump = Command::new(postgres_bin().join("pg_dump"))
                    .args(["--schema-only", "--dbname", &server.url()])
                    .output()
                    .expect("pg_dump starts");
                assert!(dump.status.success(), "{}", String::from_utf8_lossy(&dump.stderr));
                // Newer ones write a random word around what psql reads.
                let text = String::from_utf8(dump.stdout).expect("a text");
                let ours = |line: &&str| !line.starts_with("\\restrict") && !line.starts_with("\\unrestrict");
                text.lines().filter(ours).collect::<Vec<_>>().join("\n")
            }
        }
    }
}

/// The project.
pub(crate) struct Project {
    version: DjangoVersion,
    dir: TempDir,
}

impl Project {
    /// Its files; there is no migration yet.
    pub(crate) fn new(version: DjangoVersion, place: &Place) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        for (name, text) in FILES {
            let file = dir.path().join(name);
            fs::create_dir_all(file.parent().expect("a directory")).expect("made");
            fs::write(file, text).expect("written");
        }
        let options = json!({ "secret": SECRET, "database": place.settings() });
        fs::write(dir.path().join("options.json"), options.to_string()).expect("written");
        Self { version, dir }
    }

    fn python(&self, file: &str) -> Command {
        let mut command = Command::new(laureola_testkit::python());
        command.arg(file).current_dir(&self.dir);
        command
            .env_remove("DJANGO_SETTINGS_MODULE")
            .env("PYTHONDONTWRITEBYTECODE", "1");
        if let Some(path) = self.version.python_path() {
            command.env("PYTHONPATH", path);
        }
        command
    }

    /// `manage.py …`, which has to succeed; what it printed.
    #[track_caller]
    pub(crate) fn manage(&self, args: &[&str]) -> String {
        let output = self
            .python("manage.py")
            .args(args)
            .output()
            .expect("python starts");
        let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(output.status.success(), "manage.py {args:?}: {text}");
        text
    }

    /// A process that answers questions.
    pub(crate) fn judge(&self) -> Judge {
        let mut child = self
            .python("judge.py")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python starts");
        let stdin = child.stdin.take().expect("piped");
        let stdout = BufReader::new(child.stdout.take().expect("piped"));
        let mut judge = Judge { child, stdin, stdout };
        assert_eq!(judge.ask(json!(["version"])), json!(self.version.number()));
        judge
    }
}

/// The process; killed on drop. Its methods block.
pub(crate) struct Judge {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Judge {
    #[track_caller]
    pub(crate) fn ask(&mut self, question: impl Into<Value>) -> Value {
        let question = question.into();
        writeln!(self.stdin, "{question}").expect("Django reads");
        let mut line = String::new();
        self.stdout.read_line(&mut line).expect("Django answers");
        let mut answer: Value =
            serde_json::from_str(&line).unwrap_or_else(|_| panic!("Django ended at {question}"));
        assert!(answer["error"].is_null(), "{question}: {answer}");
        answer["ok"].take()
    }
}

impl Judge {
    /// `manage.py …` in this process, which has to succeed; what it printed. Python need not start again for it.
    #[track_caller]
    pub(crate) fn manage(&mut self, args: &[&str]) -> String {
        let said = self.ask(json!(["manage", args]));
        said.as_str().expect("a text").to_owned()
    }
}

impl Drop for Judge {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
