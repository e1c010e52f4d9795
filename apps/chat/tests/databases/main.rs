//! Databases that others own, stop, lock, or are cut off from.
//!
//! `both_ways`: a Django site with the models `Room` and `Message` and the chat have one database, whoever made it; Django
//! 4.2 and 5.2 judge. That either side takes the other's sessions, passwords and CSRF tokens, in every backend and of every
//! hasher, is judged in `runtime/django/tests/judge`; here the chat's pages and sockets use them.
//! `outage`: what people see of a PostgreSQL that does not answer, and what becomes of what they say.

mod both_ways;
mod emails;
mod outage;
mod project;
mod proxy;
mod schema;
mod site;
