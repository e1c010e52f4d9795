-- The tables of a Django app `room` with the models Room (name, slug) and Message (room, user, content, date_added),
-- as `manage.py migrate` makes them.

CREATE TABLE "room_room" (
    "id" integer NOT NULL PRIMARY KEY AUTOINCREMENT,
    "name" varchar(255) NOT NULL,
    "slug" varchar(50) NOT NULL UNIQUE
);
CREATE TABLE "room_message" (
    "id" integer NOT NULL PRIMARY KEY AUTOINCREMENT,
    "content" text NOT NULL,
    "date_added" datetime NOT NULL,
    "user_id" integer NOT NULL REFERENCES "auth_user" ("id") DEFERRABLE INITIALLY DEFERRED,
    "room_id" bigint NOT NULL REFERENCES "room_room" ("id") DEFERRABLE INITIALLY DEFERRED
);
CREATE INDEX "room_message_user_id_2b86fb66" ON "room_message" ("user_id");
CREATE INDEX "room_message_room_id_6602c833" ON "room_message" ("room_id");
