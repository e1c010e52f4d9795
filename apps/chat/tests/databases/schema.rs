//! The tables of our migrations, beside those of Django's own.

use laureola_testkit::DjangoVersion;
use serde_json::json;

use crate::project::{Judge, Place, Project};

/// Django sees in our tables what it sees in those that it makes itself: columns, types, keys and indexes.
pub(crate) fn is_what_django_makes(version: DjangoVersion, place: &Place, ours: &mut Judge) {
    let other = match place {
        Place::Sqlite(_) => Place::sqlite(),
        Place::Postgres(_) => Place::postgres(),
    };
    let project = Project::new(version, &other);
    let mut theirs = project.judge();
    theirs.manage(&["makemigrations", "room"]);
    theirs.manage(&["migrate"]);
    let theirs = theirs.ask(json!(["tables"]));
    let ours = ours.ask(json!(["tables"]));
    for table in ["room_room", "room_message", "auth_user", "django_session"] {
        assert_eq!(ours[table], theirs[table], "{table}");
    }
}
