//! The example as it is installed: the site's package with its module, and the package `laureola` without one.

mod install;
mod room;
mod wrong;
