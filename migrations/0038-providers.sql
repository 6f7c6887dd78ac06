-- What became of attempts at recipients' own servers, by day, provider and address of ours ('': the kernel's
-- choice); how many messages may still go to a provider in a span of time; and the sessions of a day,
-- for reports to the domains that ask for them (RFC 8460).
CREATE TABLE provider_day (
    day       TEXT NOT NULL,
    provider  TEXT NOT NULL,
    source    TEXT NOT NULL,
    attempts  INTEGER NOT NULL,
    sent      INTEGER NOT NULL,
    deferred  INTEGER NOT NULL,
    bounced   INTEGER NOT NULL,
    throttled INTEGER NOT NULL,
    PRIMARY KEY (day, provider, source)
) STRICT, WITHOUT ROWID;

CREATE TABLE allowance (
    name    TEXT PRIMARY KEY,
    ends_at INTEGER NOT NULL,
    taken   INTEGER NOT NULL
) STRICT;

CREATE TABLE tls_session (
    day      TEXT NOT NULL,
    domain   TEXT NOT NULL,
    kind     TEXT NOT NULL,
    policy   TEXT NOT NULL,
    result   TEXT NOT NULL,
    server   TEXT NOT NULL,
    address  TEXT NOT NULL,
    source   TEXT NOT NULL,
    detail   TEXT NOT NULL,
    sessions INTEGER NOT NULL,
    PRIMARY KEY (day, domain, kind, policy, result, server, address, source, detail)
) STRICT, WITHOUT ROWID;
