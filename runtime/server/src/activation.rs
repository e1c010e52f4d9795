//! Descriptors that a service manager opened for us: systemd's socket activation.

use crate::endpoint::Passed;

/// The first of them, as sd_listen_fds(3) has it.
const FIRST: i32 = 3;

/// What `LISTEN_FDS` and `LISTEN_FDNAMES` say. [`Endpoint::Systemd`](crate::Endpoint::Systemd)
/// takes from it; [`Builder::activation`](crate::Builder::activation) hands it over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Activation {
    count: usize,
    names: Vec<String>,
}

impl Activation {
    /// From the values of the environment's `LISTEN_PID`, `LISTEN_FDS` and `LISTEN_FDNAMES`. There
    /// are no descriptors where the first is not `own_pid`: then they are another process's.
    #[must_use]
    pub fn from_values(
        own_pid: u32,
        listen_pid: Option<&str>,
        listen_fds: Option<&str>,
        listen_fdnames: Option<&str>,
    ) -> Self {
        let number = |text: Option<&str>| text.and_then(|text| text.parse::<u32>().ok());
        if number(listen_pid) != Some(own_pid) {
            return Self::default();
        }
        let count = number(listen_fds).map_or(0, |count| count.min(i32::MAX as u32 - 3) as usize);
        let names = listen_fdnames.unwrap_or_default();
        Self {
            count,
            names: names.split(':').take(count).map(str::to_owned).collect(),
        }
    }

    /// How many descriptors there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The number of a descriptor.
    pub(crate) fn descriptor(&self, passed: &Passed) -> Option<i32> {
        let index = match passed {
            Passed::Index(index) => *index,
            Passed::Name(name) => self.names.iter().position(|known| known == name)?,
        };
        let index = (index < self.count).then_some(index)?;
        Some(FIRST + i32::try_from(index).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptors_are_found_by_place_and_name() {
        let activation = Activation::from_values(7, Some("7"), Some("2"), Some("web:admin:more"));
        assert_eq!(activation.len(), 2);
        assert_eq!(activation.descriptor(&Passed::Index(1)), Some(4));
        assert_eq!(activation.descriptor(&Passed::Index(2)), None);
        assert_eq!(activation.descriptor(&Passed::Name("admin".into())), Some(4));
        assert_eq!(activation.descriptor(&Passed::Name("more".into())), None);
    }

    #[test]
    fn those_of_another_process_are_not_ours() {
        for pid in [Some("8"), None, Some("x")] {
            assert!(Activation::from_values(7, pid, Some("2"), None).is_empty());
        }
        assert!(Activation::from_values(7, Some("7"), Some("-1"), None).is_empty());
    }
}
