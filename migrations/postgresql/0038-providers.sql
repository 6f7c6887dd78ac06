-- What became of attempts at recipients' own servers, by day, provider and address of ours ('': the kernel's
-- choice); how many messages may still go to a provider in a span of time; and the sessions of a day,
-- for reports to the domains that ask for them (RFC 8460).
CREATE TABLE provider_day (
    day       TEXT COLLATE "C" NOT NULL,
    provider  TEXT COLLATE "C" NOT NULL,
    source    TEXT COLLATE "C" NOT NULL,
    attempts  BIGINT NOT NULL,
    sent      BIGINT NOT NULL,
    deferred  BIGINT NOT NULL,
    bounced   BIGINT NOT NULL,
    throttled BIGINT NOT NULL,
    PRIMARY KEY (day, provider, source)
);

CREATE TABLE allowance (
    name    TEXT COLLATE "C" PRIMARY KEY,
    ends_at BIGINT NOT NULL,
    taken   BIGINT NOT NULL
);

CREATE TABLE tls_session (
    day      TEXT COLLATE "C" NOT NULL,
    domain   TEXT COLLATE "C" NOT NULL,
    kind     TEXT COLLATE "C" NOT NULL,
    policy   TEXT COLLATE "C" NOT NULL,
    result   TEXT COLLATE "C" NOT NULL,
    server   TEXT COLLATE "C" NOT NULL,
    address  TEXT COLLATE "C" NOT NULL,
    source   TEXT COLLATE "C" NOT NULL,
    detail   TEXT COLLATE "C" NOT NULL,
    sessions BIGINT NOT NULL,
    PRIMARY KEY (day, domain, kind, policy, result, server, address, source, detail)
);
