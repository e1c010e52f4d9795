//! What is wrong with an endpoint string.

/// Why a string is no endpoint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EndpointError {
    /// The string begins with no kind of endpoint.
    #[error("unknown kind of endpoint {0:?}; there are tcp, tcp6, ssl, unix, fd, systemd and haproxy")]
    Kind(String),
    /// An argument that must be given is not.
    #[error("a {kind} endpoint needs {argument}, as in {example:?}")]
    Missing {
        /// The kind of endpoint.
        kind: &'static str,
        /// What it needs.
        argument: &'static str,
        /// A string that has it.
        example: &'static str,
    },
    /// An argument that the kind does not have.
    #[error("a {kind} endpoint has no argument {name:?}; it takes {known}")]
    Unknown {
        /// The kind of endpoint.
        kind: &'static str,
        /// The name that was given.
        name: String,
        /// The names there are.
        known: String,
    },
    /// More values than the kind has arguments.
    #[error(r"a {kind} endpoint has no place for {value:?}; a colon within a value is written `\:`")]
    TooMany {
        /// The kind of endpoint.
        kind: &'static str,
        /// The first value too many.
        value: String,
    },
    /// An argument that is given more than once.
    #[error(r"{0} is given twice; a colon within a value is written `\:`")]
    Twice(&'static str),
    /// A value that its argument does not take.
    #[error("{name}={value:?} is not {expected}")]
    Value {
        /// The argument.
        name: &'static str,
        /// What it was given.
        value: String,
        /// What it takes.
        expected: &'static str,
    },
    /// The string ends within an escape.
    #[error(r"the string ends with a backslash; write `\\` for one")]
    Escape,
}
