-- Tables and where their records are. The records themselves are in tables named records_<data_store.id>.
-- A workspace is known here by a key of its own; table ids count as the caller counts them.

CREATE TABLE IF NOT EXISTS data_table (
    key           INTEGER PRIMARY KEY AUTOINCREMENT,
    workspace_key INTEGER NOT NULL,
    id            INTEGER NOT NULL,
    name          TEXT NOT NULL,
    name_key      TEXT NOT NULL,
    definition    TEXT NOT NULL,
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL,
    UNIQUE (workspace_key, id),
    UNIQUE (workspace_key, name_key)
);

CREATE TABLE IF NOT EXISTS data_store (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    table_key   INTEGER NOT NULL REFERENCES data_table (key) ON DELETE CASCADE,
    data_source TEXT NOT NULL,
    rows        INTEGER NOT NULL DEFAULT 0,
    UNIQUE (table_key, data_source)
);
