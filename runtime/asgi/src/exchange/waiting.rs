//! The parts of a response's body that wait for the client.

use std::collections::VecDeque;

use super::state::Part;

/// A queue whose first part stands in place: most responses have one, and need no allocation.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    /// Where it is empty, so is the rest.
    first: Option<Part>,
    rest: VecDeque<Part>,
}

impl Waiting {
    pub(super) fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    pub(super) fn len(&self) -> usize {
        usize::from(self.first.is_some()) + self.rest.len()
    }

    pub(super) fn front(&self) -> Option<&Part> {
        self.first.as_ref()
    }

    pub(super) fn push_back(&mut self, part: Part) {
        match self.first {
            None => self.first = Some(part),
            Some(_) => self.rest.push_back(part),
        }
    }

    pub(super) fn push_front(&mut self, part: Part) {
        if let Some(second) = self.first.replace(part) {
            self.rest.push_front(second);
        }
    }

    pub(super) fn pop_front(&mut self) -> Option<Part> {
        std::mem::replace(&mut self.first, self.rest.pop_front())
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn parts_leave_in_order_from_either_end() {
        let part = |text: &'static str| Part::Bytes(Bytes::from_static(text.as_bytes()));
        let mut waiting = Waiting::default();
        waiting.push_front(part("b"));
        waiting.push_back(part("c"));
        waiting.push_front(part("a"));
        waiting.push_back(part("d"));
        assert_eq!(waiting.len(), 4);
        let order: Vec<_> = std::iter::from_fn(|| waiting.pop_front()).collect();
        let order: Vec<_> = order.iter().map(|part| format!("{part:?}")).collect();
        assert_eq!(
            order,
            ["a", "b", "c", "d"].map(|text| format!("{:?}", part(text)))
        );
        assert!(waiting.is_empty() && waiting.front().is_none());
        waiting.push_back(part("e"));
        waiting.push_back(part("f"));
        waiting.clear();
        assert_eq!((waiting.len(), waiting.is_empty()), (0, true));
    }
}
