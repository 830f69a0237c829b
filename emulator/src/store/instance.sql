-- The instance side. Ids count per instance, as on the real service; `key` is ours.

CREATE TABLE IF NOT EXISTS sequence (
    instance_id INTEGER NOT NULL REFERENCES instance (id) ON DELETE CASCADE,
    kind        TEXT NOT NULL,
    last        INTEGER NOT NULL,
    PRIMARY KEY (instance_id, kind)
);

CREATE TABLE IF NOT EXISTS workspace (
    key           INTEGER PRIMARY KEY,
    instance_id   INTEGER NOT NULL REFERENCES instance (id) ON DELETE CASCADE,
    id            INTEGER NOT NULL,
    name          TEXT NOT NULL,
    description   TEXT NOT NULL DEFAULT '',
    swagger       INTEGER NOT NULL DEFAULT 1,
    require_token INTEGER NOT NULL DEFAULT 0,
    allow_push    INTEGER NOT NULL DEFAULT 1,
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL,
    UNIQUE (instance_id, id)
);

CREATE TABLE IF NOT EXISTS branch (
    id            INTEGER PRIMARY KEY,
    workspace_key INTEGER NOT NULL REFERENCES workspace (key) ON DELETE CASCADE,
    label         TEXT NOT NULL,
    description   TEXT NOT NULL DEFAULT '',
    color         TEXT NOT NULL DEFAULT '',
    live          INTEGER NOT NULL DEFAULT 0,
    backup        INTEGER NOT NULL DEFAULT 0,
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL,
    UNIQUE (workspace_key, label)
);

CREATE TABLE IF NOT EXISTS datasource (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    workspace_key INTEGER NOT NULL REFERENCES workspace (key) ON DELETE CASCADE,
    label         TEXT NOT NULL,
    color         TEXT NOT NULL,
    UNIQUE (workspace_key, label)
);

CREATE TABLE IF NOT EXISTS audit (
    id            INTEGER PRIMARY KEY,
    instance_id   INTEGER NOT NULL REFERENCES instance (id) ON DELETE CASCADE,
    workspace_key INTEGER,
    type          TEXT NOT NULL,
    msg           TEXT NOT NULL,
    data          TEXT NOT NULL,
    object_type   TEXT NOT NULL,
    object_id     INTEGER NOT NULL,
    user_id       INTEGER NOT NULL,
    workspace_id  INTEGER NOT NULL,
    workspace     TEXT NOT NULL,
    created_at    INTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS object (
    key           INTEGER PRIMARY KEY AUTOINCREMENT,
    workspace_key INTEGER NOT NULL REFERENCES workspace (key) ON DELETE CASCADE,
    instance_id   INTEGER NOT NULL,
    kind          TEXT NOT NULL,
    id            INTEGER NOT NULL,
    branch_id     INTEGER REFERENCES branch (id) ON DELETE CASCADE,
    parent_key    INTEGER REFERENCES object (key) ON DELETE CASCADE,
    name          TEXT NOT NULL,
    guid          TEXT NOT NULL,
    script        TEXT,
    draft         TEXT,
    fields        TEXT NOT NULL,
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL,
    UNIQUE (instance_id, kind, id)
);

CREATE INDEX IF NOT EXISTS object_place ON object (workspace_key, kind, branch_id, parent_key);

-- Everything that is neither a table nor a stored object: files, hosts, releases, tenants, settings.
CREATE TABLE IF NOT EXISTS document (
    key         INTEGER PRIMARY KEY AUTOINCREMENT,
    instance_id INTEGER NOT NULL REFERENCES instance (id) ON DELETE CASCADE,
    place       TEXT NOT NULL,
    kind        TEXT NOT NULL,
    id          INTEGER NOT NULL,
    name        TEXT NOT NULL,
    body        TEXT NOT NULL,
    content     BLOB,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    UNIQUE (instance_id, kind, id)
);

CREATE INDEX IF NOT EXISTS document_place ON document (instance_id, place, kind);

CREATE TABLE IF NOT EXISTS history (
    id           INTEGER PRIMARY KEY,
    instance_id  INTEGER NOT NULL REFERENCES instance (id) ON DELETE CASCADE,
    workspace_id INTEGER NOT NULL,
    body         TEXT NOT NULL
);

CREATE INDEX IF NOT EXISTS history_place ON history (instance_id, workspace_id);
