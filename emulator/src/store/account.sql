-- The account side. Times are epoch milliseconds, UTC.

CREATE TABLE IF NOT EXISTS setting (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE IF NOT EXISTS user (
    id         INTEGER PRIMARY KEY,
    name       TEXT NOT NULL,
    email      TEXT NOT NULL,
    extras     TEXT NOT NULL DEFAULT 'object' CHECK (extras IN ('object', 'text')),
    id_form    TEXT NOT NULL DEFAULT 'number' CHECK (id_form IN ('number', 'text')),
    created_at INTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS token (
    id         INTEGER PRIMARY KEY,
    user_id    INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    token      TEXT NOT NULL UNIQUE,
    name       TEXT NOT NULL,
    scopes     TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    revoked_at INTEGER
);

CREATE TABLE IF NOT EXISTS instance (
    id             INTEGER PRIMARY KEY,
    name           TEXT NOT NULL UNIQUE,
    display        TEXT NOT NULL,
    custom_domain  TEXT NOT NULL DEFAULT '',
    port           INTEGER NOT NULL DEFAULT 0,
    rate_limit     INTEGER NOT NULL DEFAULT 0,
    limit_requests INTEGER,
    limit_per      REAL,
    retry_after    TEXT NOT NULL DEFAULT 'none',
    plan           TEXT NOT NULL,
    status         TEXT NOT NULL,
    extra          TEXT NOT NULL DEFAULT '{}',
    created_at     INTEGER NOT NULL,
    updated_at     INTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS member (
    user_id     INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    instance_id INTEGER NOT NULL REFERENCES instance (id) ON DELETE CASCADE,
    role        TEXT NOT NULL DEFAULT 'owner',
    PRIMARY KEY (user_id, instance_id)
);

CREATE TABLE IF NOT EXISTS snippet (
    id                         INTEGER PRIMARY KEY,
    user_id                    INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    canonical                  TEXT NOT NULL UNIQUE,
    name                       TEXT NOT NULL,
    review                     TEXT NOT NULL DEFAULT '',
    review_exception           TEXT NOT NULL DEFAULT '',
    install_access             TEXT NOT NULL DEFAULT 'public',
    install_access_description TEXT NOT NULL DEFAULT '',
    featured                   INTEGER NOT NULL DEFAULT 0,
    verified                   INTEGER NOT NULL DEFAULT 0,
    installs                   INTEGER NOT NULL DEFAULT 0,
    created_at                 INTEGER NOT NULL,
    updated_at                 INTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS install_token (
    id               INTEGER PRIMARY KEY,
    snippet_id       INTEGER NOT NULL REFERENCES snippet (id) ON DELETE CASCADE,
    token            TEXT NOT NULL UNIQUE,
    max_installs     INTEGER NOT NULL,
    current_installs INTEGER NOT NULL DEFAULT 0,
    created_at       INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL
);
