-- The load ledger. lib/ops/ledger/ledger.py executes this file where the table is missing, so it is
-- what exists, in SQLite and in Postgres alike; keep to what both of them read.
--
-- One row for each file that `staging` loaded (kind `load`) and one for each of its runs as a
-- whole (kind `run`, no file). Sum the rows of one kind only: a run repeats what its loads say.
-- The ledger is written and never read by stages; nothing in it changes a result.
CREATE TABLE IF NOT EXISTS etl_ledger (
    entry_id         TEXT NOT NULL PRIMARY KEY,  -- digest of what makes the row unique
    kind             TEXT NOT NULL CHECK (kind IN ('load', 'run')),
    run_id           TEXT NOT NULL,
    feed             TEXT NOT NULL,
    file             TEXT,                       -- path below data/raw/<feed>/
    file_sha256      TEXT,
    contract_sha256  TEXT NOT NULL,              -- of the feed's contract
    git_revision     TEXT,                       -- commit of the code; null outside git
    rows_in          BIGINT,                     -- counts are null for a run that failed
    rows_clean       BIGINT,
    rows_duplicate   BIGINT,
    rows_quarantined BIGINT,
    started_at       TIMESTAMP WITH TIME ZONE NOT NULL,  -- UTC
    ended_at         TIMESTAMP WITH TIME ZONE NOT NULL,
    status           TEXT NOT NULL CHECK (status IN ('loaded', 'failed')),
    -- the same file under the same contract is one load
    UNIQUE (feed, file_sha256, contract_sha256, status),
    CHECK ((kind = 'load') = (file IS NOT NULL AND file_sha256 IS NOT NULL)),
    CHECK (rows_in = rows_clean + rows_duplicate + rows_quarantined)
);
