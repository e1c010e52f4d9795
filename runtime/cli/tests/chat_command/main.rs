//! `laureola chat …`, the real command on real databases.

mod export;
mod place;
mod postgres;
mod rooms;
mod superuser;
mod teaching;
mod tryout;
