-- Tables and where their records are. The records themselves are in tables named records_<data_store.id>.

CREATE TABLE IF NOT EXISTS data_table (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    workspace_id INTEGER NOT NULL,
    name         TEXT NOT NULL,
    name_key     TEXT NOT NULL,
    definition   TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    UNIQUE (workspace_id, name_key)
);

CREATE TABLE IF NOT EXISTS data_store (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    table_id    INTEGER NOT NULL REFERENCES data_table (id) ON DELETE CASCADE,
    data_source TEXT NOT NULL,
    rows        INTEGER NOT NULL DEFAULT 0,
    UNIQUE (table_id, data_source)
);
