//! Opening the layer that was chosen, and the others of its file.

use anyhow::{Context, Result};
use laureola::consumers::Layers;
use laureola::layers::ChannelLayers;
use laureola::layers::registry::DEFAULT_ALIAS;

use super::backend::{Backend, Choice};

/// Another entry of the same file: its alias, and what it means, if that is known.
pub(crate) type Other = (String, Result<Backend, String>);

/// A site's layers, all open.
#[derive(Debug)]
pub(crate) struct Opened {
    /// The chosen one, in which consumers have their channels, and the others by alias.
    pub(crate) layers: Layers,
    all: ChannelLayers,
}

impl Choice {
    /// Opens it, and the others that a consumer may ask for by alias. One whose backend we do not know (a class of the
    /// site's own, in Python) is left out, and the log says so.
    ///
    /// # Errors
    /// A Redis cannot be reached, or refuses us.
    pub(crate) async fn open_all(self) -> Result<Opened> {
        let own = self.alias.as_deref().unwrap_or(DEFAULT_ALIAS);
        let mut all = ChannelLayers::new().with(own, self.backend.open().await?);
        for (alias, backend) in self.others {
            match backend {
                Ok(backend) => match backend.open().await {
                    Ok(layer) => all = all.with(alias, layer),
                    Err(error) => {
                        all.close().await;
                        return Err(error).with_context(|| format!("channel layer {alias}"));
                    }
                },
                Err(why) => tracing::warn!("channel layer {alias} is left out: {why}"),
            }
        }
        let layers = Layers::new(all.clone(), own).expect("it was put in first");
        Ok(Opened { layers, all })
    }
}

impl Opened {
    /// Closes them all.
    pub(crate) async fn close(&self) {
        self.all.close().await;
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::file;

    #[tokio::test]
    async fn a_files_layers_are_all_there_by_alias_but_those_nobody_knows() {
        let place = tempfile::tempdir().expect("a directory");
        let path = place.path().join("layers.json");
        let memory = "channels.layers.InMemoryChannelLayer";
        let text = format!(
            r#"{{"default": {{"BACKEND": "{memory}"}}, "metrics": {{"BACKEND": "{memory}"}},
                "own": {{"BACKEND": "mysite.layers.Ours"}}}}"#
        );
        fs::write(&path, text).expect("written");
        let opened = file::read(&path, "metrics")
            .expect("valid")
            .open_all()
            .await
            .expect("in memory");
        assert!(opened.layers.get("default").is_ok());
        assert!(opened.layers.get("metrics").is_ok());
        let error = opened.layers.get("own").expect_err("left out").to_string();
        assert!(error.ends_with("there are: default, metrics"), "{error}");
        opened.close().await;
    }

    #[tokio::test]
    async fn one_that_cannot_be_opened_is_named() {
        let place = tempfile::tempdir().expect("a directory");
        let path = place.path().join("layers.toml");
        let text = "[default]\nBACKEND = \"channels.layers.InMemoryChannelLayer\"\n\
            [far]\nBACKEND = \"channels_redis.core.RedisChannelLayer\"\n\
            [far.CONFIG]\nhosts = [\"redis://127.0.0.1:1\"]\n";
        fs::write(&path, text).expect("written");
        let choice = file::read(&path, "default").expect("valid");
        let error = choice.open_all().await.expect_err("nobody is there");
        assert!(
            format!("{error:#}").starts_with("channel layer far: "),
            "{error:#}"
        );
    }
}
