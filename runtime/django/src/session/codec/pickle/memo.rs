//! Values a pickle refers to again.

use std::collections::HashMap;

use serde_json::Value;

use super::PickleError;

/// Texts only: lists and dictionaries are still growing when they are remembered, and data like JSON
/// refers to one again only where the same one stands in two places.
#[derive(Debug, Default)]
pub(super) struct Memo {
    texts: HashMap<u32, Box<str>>,
    count: u32,
}

impl Memo {
    /// The place that MEMOIZE means.
    pub(super) fn next(&self) -> u32 {
        self.count
    }

    pub(super) fn put(&mut self, at: u32, value: &Value) {
        self.count = self.count.saturating_add(1);
        match value {
            Value::String(text) => drop(self.texts.insert(at, text.as_str().into())),
            _ => drop(self.texts.remove(&at)),
        }
    }

    pub(super) fn get(&self, at: u32) -> Result<Value, PickleError> {
        match self.texts.get(&at) {
            Some(text) => Ok(Value::String(text.as_ref().into())),
            None if at < self.count => Err(PickleError::NotPlain),
            None => Err(PickleError::Damaged),
        }
    }
}
