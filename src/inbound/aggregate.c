#include "inbound/aggregate.h"

#include "newsletter/base/clean.h"
#include "newsletter/base/memory.h"
#include "newsletter/base/text.h"

#include <ctype.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Rows are found by a hash table: a stranger chooses how many there are, and which. The hash
 * begins with a secret and its upper bits choose the bucket, so that nobody can choose rows that
 * all lie in one. */
enum { BUCKET_BITS = 12, BUCKETS = 1 << BUCKET_BITS, NAME_LIMIT = NL_REPUTATION_DOMAIN - 1 };

enum { MOST_ROWS = NL_AGGREGATE_ROWS + NL_AGGREGATE_RESTS };
_Static_assert((int)BUCKETS > (int)MOST_ROWS, "there is always a free bucket");

struct aggregate {
    struct nl_reputation_report report; /* the first member: what others hold */
    unsigned short buckets[BUCKETS];    /* 1 + the number of a row; 0 for none */
    uint64_t secret;
};

enum nl_status nl_aggregate_new(enum nl_reputation_kind kind, struct nl_reputation_report **out,
                                struct nl_error *err) {
    struct aggregate *aggregate = nl_calloc(1, sizeof *aggregate);
    struct nl_reputation_row *rows = nl_calloc(MOST_ROWS, sizeof *rows);
    *out = NULL;
    if (RAND_bytes((unsigned char *)&aggregate->secret, sizeof aggregate->secret) != 1) {
        free(aggregate);
        free(rows);
        return nl_error_set(err, NL_OS, "the system gives no random numbers");
    }
    aggregate->report.kind = kind;
    aggregate->report.rows = rows;
    *out = &aggregate->report;
    return NL_OK;
}

void nl_aggregate_free(struct nl_reputation_report *report) {
    if (report == NULL)
        return;
    free(report->rows);
    free(report);
}

/* One line of valid UTF-8; any other text becomes ASCII. Without characters that nobody sees:
 * they turn the rest of a line round, or give one reporter many names that look the same. */
static void clean_reporter(char out[NL_REPUTATION_REPORTER], const char *name) {
    struct nl_buf seen = {0};
    nl_clean_remove(name, false, &seen);
    const char *text = nl_buf_text(&seen);
    size_t len = nl_text_fit(text, NL_REPUTATION_REPORTER - 1);
    memcpy(out, text, len);
    out[len] = '\0';
    nl_buf_free(&seen);
    if (nl_text_check_line(out, "reporter", NULL) != NL_OK)
        for (char *p = out; *p != '\0'; p++)
            if (!isprint((unsigned char)*p))
                *p = '?';
    if (out[0] == '\0')
        snprintf(out, NL_REPUTATION_REPORTER, "unnamed");
}

void nl_aggregate_name(struct nl_reputation_report *report, const char *reporter,
                       const char *identifier) {
    struct nl_buf key = {0};
    clean_reporter(report->reporter, reporter);
    nl_buf_addf(&key, "%s\n%s\n%s", nl_reputation_kind_name(report->kind), report->reporter,
                identifier);
    nl_digest(nl_buf_text(&key), key.len, report->digest);
    nl_buf_free(&key);
}

static bool clean_domain(char *domain) {
    size_t len = strlen(domain);
    if (len > 0 && domain[len - 1] == '.')
        domain[len - 1] = '\0';
    for (char *p = domain; *p != '\0'; p++)
        *p = (char)tolower((unsigned char)*p);
    return nl_text_is_name(domain, "-._", NAME_LIMIT);
}

static bool is_same(const struct nl_reputation_row *a, const struct nl_reputation_row *b) {
    return strcmp(a->domain, b->domain) == 0 && strcmp(a->source, b->source) == 0 &&
           strcmp(a->reason, b->reason) == 0;
}

static uint64_t mix(uint64_t hash, const char *text) {
    for (; *text != '\0'; text++)
        hash = (hash ^ (unsigned char)*text) * 1099511628211U; /* FNV-1a */
    return (hash ^ 0xFF) * 1099511628211U;
}

/* The bucket of a row like this one, or the free one that it belongs in. */
static unsigned short *find_bucket(struct aggregate *aggregate,
                                   const struct nl_reputation_row *row) {
    uint64_t hash = mix(mix(mix(aggregate->secret, row->domain), row->source), row->reason);
    for (size_t at = hash >> (64 - BUCKET_BITS);; at = (at + 1) % BUCKETS) {
        unsigned short *bucket = &aggregate->buckets[at];
        if (*bucket == 0 || is_same(&aggregate->report.rows[*bucket - 1], row))
            return bucket;
    }
}

bool nl_aggregate_add(struct nl_reputation_report *report, const struct nl_reputation_row *row) {
    struct aggregate *aggregate = (struct aggregate *)report;
    struct nl_reputation_row clean = *row;
    if (!clean_domain(clean.domain))
        return false;
    unsigned short *bucket = find_bucket(aggregate, &clean);
    if (*bucket == 0 && report->count >= NL_AGGREGATE_ROWS) {
        clean.source[0] = '\0';
        bucket = find_bucket(aggregate, &clean);
        if (*bucket == 0 && report->count == MOST_ROWS)
            return false;
    }
    if (*bucket == 0) {
        clean.total = clean.passed = clean.spf = clean.dkim = 0;
        report->rows[report->count] = clean;
        *bucket = (unsigned short)++report->count;
    }
    struct nl_reputation_row *to = &report->rows[*bucket - 1];
    to->total += row->total;
    to->passed += row->passed;
    to->spf += row->spf;
    to->dkim += row->dkim;
    return true;
}

static int by_size(const void *a, const void *b) {
    const struct nl_reputation_row *left = a;
    const struct nl_reputation_row *right = b;
    if (left->total != right->total)
        return left->total < right->total ? 1 : -1;
    int order = strcmp(left->domain, right->domain);
    return order != 0 ? order : strcmp(left->source, right->source);
}

void nl_aggregate_sort(struct nl_reputation_report *report) {
    struct aggregate *aggregate = (struct aggregate *)report;
    memset(aggregate->buckets, 0, sizeof aggregate->buckets);
    if (report->count > 0)
        qsort(report->rows, report->count, sizeof *report->rows, by_size);
}
