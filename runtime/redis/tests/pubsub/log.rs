//! What the layer says when connections go and come.

use std::io;
use std::sync::Arc;

use laureola_layers::Notice;
use laureola_testkit::RedisServer;
use parking_lot::Mutex;
use tracing_subscriber::fmt::MakeWriter;

use crate::support::{config, connect, notice, open, servers, until};

/// The lines, of warnings and more harmless ones, of the thread that made it.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Lines {
    fn capture() -> (Self, tracing::subscriber::DefaultGuard) {
        let lines = Self::default();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::INFO)
            .with_ansi(false)
            .without_time()
            .with_writer(lines.clone())
            .finish();
        (lines, tracing::subscriber::set_default(subscriber))
    }

    fn take(&self) -> Vec<String> {
        let text = std::mem::take(&mut *self.0.lock());
        let text = String::from_utf8(text).expect("UTF-8");
        text.lines().map(str::to_owned).collect()
    }
}

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// One outage has passed; what was said.
async fn outage(lines: &Lines, mut end: impl FnMut()) -> Vec<String> {
    end();
    let said = Mutex::new(Vec::new());
    until("a line for coming back", async || {
        let mut said = said.lock();
        said.extend(lines.take());
        said.iter().any(|line: &String| line.contains("INFO"))
    })
    .await;
    said.into_inner()
}

// One thread, so that every task's lines are captured.
#[tokio::test]
async fn a_restart_and_a_killed_subscriber_are_one_line_each_way() {
    let (lines, _guard) = Lines::capture();
    let mut redis: Vec<RedisServer> = servers(1);
    let layer = connect(config(&redis)).await;
    let (_channel, mut mailbox) = open(&layer).await;
    assert!(lines.take().is_empty(), "nothing to say");

    redis[0].stop();
    assert_eq!(notice(&mut mailbox).await, Notice::Disconnected);
    let said = outage(&lines, || redis[0].restart()).await;
    assert_eq!(notice(&mut mailbox).await, Notice::Reconnected);
    let said = [said, lines.take()].concat();
    assert_eq!(said.len(), 2, "{said:#?}");
    assert!(
        said[0].contains("WARN") && said[0].contains("redis is away"),
        "{said:#?}"
    );
    assert!(
        said[1].contains("INFO") && said[1].contains("redis is back"),
        "{said:#?}"
    );

    let said = outage(&lines, || {
        redis[0].command(&["CLIENT", "KILL", "TYPE", "pubsub"]);
    })
    .await;
    assert_eq!(notice(&mut mailbox).await, Notice::Disconnected);
    assert_eq!(notice(&mut mailbox).await, Notice::Reconnected);
    assert_eq!(said.len(), 2, "{said:#?}");
    assert!(said[0].contains("WARN") && said[0].contains("the subscribing connection was lost"));
    assert!(said[1].contains("INFO") && said[1].contains("subscribed again"));
    layer.close().await;
    assert!(lines.take().is_empty(), "nothing to complain of");
}
