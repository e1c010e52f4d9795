//! What the layer logs.

use std::io;
use std::sync::Arc;

use parking_lot::Mutex;
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::fmt::MakeWriter;

/// The lines of this test, from information upwards.
pub(crate) struct Log {
    written: Written,
    _guard: DefaultGuard,
}

#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Listens from now on. The runtime must be of one thread: listening is the thread's matter.
    pub(crate) fn start() -> Self {
        let written = Written::default();
        let subscriber = tracing_subscriber::fmt()
            .with_writer(written.clone())
            .with_ansi(false)
            .with_max_level(tracing::Level::INFO)
            .finish();
        Self {
            written,
            _guard: tracing::subscriber::set_default(subscriber),
        }
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        let text = String::from_utf8_lossy(&self.written.0.lock()).into_owned();
        text.lines().map(str::to_owned).collect()
    }

    /// One line for going, one for coming back, and `others` besides; all name the place.
    #[track_caller]
    pub(crate) fn is_one_outage(&self, place: &str, others: &[&str]) {
        let lines = self.lines();
        let count = |text: &str| lines.iter().filter(|line| line.contains(text)).count();
        let expected = ["redis is away; reconnecting", "redis is back"];
        for text in expected.iter().chain(others) {
            assert_eq!(count(text), 1, "{text}: {lines:#?}");
        }
        assert_eq!(lines.len(), 2 + others.len(), "{lines:#?}");
        assert_eq!(count(place), lines.len(), "{place}: {lines:#?}");
    }
}

impl<'a> MakeWriter<'a> for Written {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl io::Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
