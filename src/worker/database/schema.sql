-- Times are milliseconds since 1970. An empty text or a 0 says that there is nothing.

-- Deliveries of hooks, by the id that Nexus gives each: a repeated one is told by it.
CREATE TABLE delivery (
    id TEXT PRIMARY KEY,
    received BIGINT NOT NULL
);
CREATE INDEX delivery_received ON delivery (received);

-- Components of repositories, and the work on them: one row each, however many hooks there were.
CREATE TABLE push (
    id :serial,
    repository TEXT NOT NULL,
    component TEXT NOT NULL,
    format TEXT NOT NULL,
    path TEXT NOT NULL,
    name TEXT NOT NULL,
    version TEXT NOT NULL,
    initiator TEXT NOT NULL,
    first_seen BIGINT NOT NULL,
    last_seen BIGINT NOT NULL,
    -- How often it was asked for, and what that was when the holder took it: if it was asked for
    -- again meanwhile, it is looked at again.
    wanted BIGINT NOT NULL,
    claimed BIGINT NOT NULL,
    -- waiting, done, dead (a person has to look at it)
    state TEXT NOT NULL,
    run_at BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    -- The fencing token: it grows with each claim, so whoever has an older one is too late.
    fence BIGINT NOT NULL,
    holder TEXT NOT NULL,
    lease_until BIGINT NOT NULL,
    problem TEXT NOT NULL,
    -- What was judged last, and under what.
    digest TEXT NOT NULL,
    judged_under TEXT NOT NULL,
    UNIQUE (repository, component)
);
CREATE INDEX push_due ON push (run_at) WHERE state = 'waiting';
CREATE INDEX push_dead ON push (last_seen) WHERE state = 'dead';

CREATE TABLE verdict (
    id :serial,
    repository TEXT NOT NULL,
    format TEXT NOT NULL,
    path TEXT NOT NULL,
    name TEXT NOT NULL,
    version TEXT NOT NULL,
    digest TEXT NOT NULL,
    policy_set TEXT NOT NULL,
    judged_at BIGINT NOT NULL,
    -- pass, warn, fail
    outcome TEXT NOT NULL,
    initiator TEXT NOT NULL,
    -- All of it, as JSON.
    report TEXT NOT NULL,
    UNIQUE (repository, path, version, digest, policy_set)
);
CREATE INDEX verdict_judged_at ON verdict (judged_at);
CREATE INDEX verdict_name ON verdict (name, version);
CREATE INDEX verdict_digest ON verdict (digest);

-- What is wrong, to be found by rule.
CREATE TABLE fault (
    verdict BIGINT NOT NULL REFERENCES verdict (id),
    position BIGINT NOT NULL,
    policy TEXT NOT NULL,
    rule TEXT NOT NULL,
    severity TEXT NOT NULL,
    enforcement TEXT NOT NULL,
    PRIMARY KEY (verdict, position)
);
CREATE INDEX fault_rule ON fault (rule);

-- What is to be done about a verdict, stored before it is done.
CREATE TABLE action (
    id :serial,
    push BIGINT NOT NULL REFERENCES push (id),
    verdict BIGINT NOT NULL REFERENCES verdict (id),
    -- quarantine, author, chat
    kind TEXT NOT NULL,
    -- The artefact, whatever judged it: nobody is told twice. Of a quarantine the component too.
    subject TEXT NOT NULL,
    -- open, done, dry (only recorded), moot (there was nothing left to do)
    state TEXT NOT NULL,
    detail TEXT NOT NULL,
    changed_at BIGINT NOT NULL,
    UNIQUE (kind, subject)
);
CREATE INDEX action_open ON action (push) WHERE state = 'open';
CREATE INDEX action_verdict ON action (verdict);

-- Who does what only one may do.
CREATE TABLE leader (
    name TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    fence BIGINT NOT NULL,
    lease_until BIGINT NOT NULL
);

-- How far the sweep of a repository has come.
CREATE TABLE sweep (
    repository TEXT PRIMARY KEY,
    due BIGINT NOT NULL,
    ended BIGINT NOT NULL,
    looked BIGINT NOT NULL,
    found BIGINT NOT NULL,
    problem TEXT NOT NULL
);
