//! What a consumer may want to know besides its messages.

/// Something about a channel that is no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// The backend is away; messages sent meanwhile may never arrive (channels_redis'
    /// `on_disconnect`, which it never calls).
    Disconnected,
    /// It is back, and the channel is in its groups again: the moment to fetch what was missed
    /// (`on_reconnect`).
    Reconnected,
    /// The consumer was too slow, and its mailbox was given up: see
    /// [`Overflow::Close`](crate::mailbox::Overflow::Close).
    Overflowed,
}

/// Notices nobody has taken yet; in the order of [`Notice`] a gap comes before its end.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Notices(u8);

impl Notices {
    const ALL: [Notice; 3] = [Notice::Disconnected, Notice::Reconnected, Notice::Overflowed];

    pub(crate) fn add(&mut self, notice: Notice) {
        self.0 |= bit(notice);
        if notice == Notice::Disconnected {
            // An older return is void: the last word must not be that all is well.
            self.0 &= !bit(Notice::Reconnected);
        }
    }

    pub(crate) fn take(&mut self) -> Option<Notice> {
        let notice = Self::ALL.into_iter().find(|notice| self.0 & bit(*notice) != 0)?;
        self.0 &= !bit(notice);
        Some(notice)
    }
}

fn bit(notice: Notice) -> u8 {
    match notice {
        Notice::Disconnected => 1,
        Notice::Reconnected => 2,
        Notice::Overflowed => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(mut notices: Notices) -> Vec<Notice> {
        std::iter::from_fn(|| notices.take()).collect()
    }

    #[test]
    fn a_gap_comes_before_its_end_and_once() {
        let mut notices = Notices::default();
        for notice in [Notice::Disconnected, Notice::Disconnected, Notice::Reconnected] {
            notices.add(notice);
        }
        assert_eq!(all(notices), [Notice::Disconnected, Notice::Reconnected]);
        notices.add(Notice::Disconnected);
        assert_eq!(all(notices), [Notice::Disconnected], "it is away again");
    }
}
