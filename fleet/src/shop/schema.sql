-- The ledger of a snippet shop. Times are UTC text, 2026-01-31T12:00:00.000Z. `token.key`, `sale.token` and `errand.token`
-- are install tokens: whoever has one can install.

CREATE TABLE tier (
    name           TEXT PRIMARY KEY,
    snippet        TEXT NOT NULL,
    installs       INTEGER NOT NULL,
    price          TEXT,
    price_minor    INTEGER,
    instructions   TEXT,
    title          TEXT NOT NULL,
    install_access TEXT NOT NULL,
    version        INTEGER NOT NULL
);

CREATE TABLE token (
    key      TEXT PRIMARY KEY,
    snippet  TEXT NOT NULL,
    installs INTEGER NOT NULL,
    state    TEXT NOT NULL CHECK (state IN ('ready', 'reserved', 'sold', 'set_aside', 'gone', 'foreign')),
    sale     TEXT,
    note     TEXT,
    known_at TEXT NOT NULL,
    version  INTEGER NOT NULL
);
CREATE INDEX token_stock ON token (snippet, installs, state);

CREATE TABLE sale (
    id          TEXT PRIMARY KEY,
    "order"     TEXT UNIQUE,
    tier        TEXT NOT NULL,
    snippet     TEXT NOT NULL,
    buyer       TEXT NOT NULL,
    installs    INTEGER NOT NULL,
    used        INTEGER NOT NULL,
    price       TEXT,
    price_minor INTEGER,
    state       TEXT NOT NULL CHECK (state IN ('pending', 'sold', 'revoked', 'refunded', 'abandoned')),
    token       TEXT UNIQUE REFERENCES token (key) DEFERRABLE INITIALLY DEFERRED,
    begun_at    TEXT NOT NULL,
    held_by     TEXT NOT NULL,
    held_until  TEXT NOT NULL,
    checked_at  TEXT,
    sold_at     TEXT,
    ended_at    TEXT,
    note        TEXT,
    errand      TEXT,
    version     INTEGER NOT NULL,
    CHECK (state NOT IN ('sold', 'revoked', 'refunded') OR (token IS NOT NULL AND sold_at IS NOT NULL))
);
CREATE INDEX sale_state ON sale (state);

CREATE TABLE errand (
    id       TEXT PRIMARY KEY,
    kind     TEXT NOT NULL CHECK (kind IN ('issue', 'revoke', 'refund', 'top_up')),
    state    TEXT NOT NULL CHECK (state IN ('asked', 'lost', 'done', 'void')),
    snippet  TEXT NOT NULL,
    installs INTEGER NOT NULL,
    before   INTEGER,
    sale     TEXT,
    "order"  TEXT UNIQUE,
    token    TEXT,
    asked_at TEXT NOT NULL,
    version  INTEGER NOT NULL
);
CREATE INDEX errand_open ON errand (snippet) WHERE state IN ('asked', 'lost');
CREATE INDEX errand_token ON errand (token);

CREATE TABLE journal (
    number INTEGER PRIMARY KEY,
    at     TEXT NOT NULL,
    about  TEXT NOT NULL,
    id     TEXT NOT NULL,
    state  TEXT NOT NULL,
    sale   TEXT,
    note   TEXT
);
CREATE INDEX journal_sale ON journal (sale);
