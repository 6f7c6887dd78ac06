/* Subscribers in and out, as CSV and JSON lines. */
#ifndef NEWSLETTER_TRANSFER_TRANSFER_H
#define NEWSLETTER_TRANSFER_TRANSFER_H

#include "newsletter/store/import_job.h"

#include <jansson.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum nl_transfer_format {
    NL_FORMAT_GUESS,
    NL_FORMAT_CSV,
    NL_FORMAT_JSONL,
    NL_FORMAT_MAILBOXES,
    NL_FORMAT_JSON, /* one array; for an export only */
};

/* How to read 03/04/2021. */
enum nl_date_order { NL_DATES_UNKNOWN, NL_DATES_DAY_FIRST, NL_DATES_MONTH_FIRST };

struct nl_import_report;

/* Zero-initialised is fine. All borrowed. */
struct nl_import_options {
    enum nl_transfer_format format;
    const char *encoding;    /* as iconv(3) calls it; NULL: UTF-8, or what the file's mark says */
    char delimiter;          /* 0: guessed from the header line */
    const char *const *maps; /* "FIELD=COLUMN" each */
    size_t map_count;
    const char *const *ignores; /* names of columns that are passed over */
    size_t ignore_count;
    const char *const *states; /* "WORD=STATE" each: what words in the file mean */
    size_t state_count;
    enum nl_date_order dates;
    bool keep_columns;   /* those that are not known become attributes */
    bool addresses_only; /* nothing else of a row counts */
    int64_t list; /* where everybody goes; 0: where the rows say, or the only list there is */
    struct nl_import_policy policy;
    const char *as; /* the state that the people of the file are in, unless a row says more;
                       "active": whatever its name says; NULL: as its name says */
    bool confined;  /* to that list: rows that would have an address never mailed are not good */
    bool partial;   /* good rows are kept even where others are not */
    bool dry_run;
    /* Told of each row that is not good; `row` is what it said, on one line. */
    void (*reject)(size_t line, const char *reason, const char *row, void *ctx);
    FILE *rejects; /* where those rows are written, to be corrected and imported again; or NULL */
    const struct nl_catalog *catalog; /* of the language of the reasons there; NULL: English */
    void (*progress)(size_t rows, void *ctx); /* rows that are read */
    void (*taken)(size_t rows, size_t of, void *ctx);
    /* Once it is not 0, no more rows are read, and NL_BUSY is returned; or NULL. */
    const volatile sig_atomic_t *stop;
    int64_t task; /* as nl_import_job_set_task; 0: of nobody */
    /* Told when all rows are read, before any of them counts; or NULL. */
    enum nl_status (*read)(const struct nl_import_report *report, void *ctx, struct nl_error *err);
    void *ctx;
};

/* The rows are the sum of the outcomes and of those rejected. Zero-initialise; free with
 * nl_import_report_free. */
struct nl_import_report {
    size_t rows;
    struct nl_import_tally tally;
    size_t rejected;
    bool kept;             /* it counts: all of it is written, and durable */
    struct nl_buf ignored; /* names of columns that were not used, with commas */
    struct nl_buf notes;   /* what else was noticed, a line each */
    json_t *note_parts; /* the same as an array of what nl_error_keep returns, or texts; or NULL */
};

void nl_import_report_free(struct nl_import_report *report);

/* NL_USAGE unless `text` is "WORD=STATE" with a known state. */
NL_CHECKED enum nl_status nl_import_check_state(const char *text,
                                                struct nl_error *err) NL_ALL_NONNULL;

/* NL_USAGE unless `text` is "FIELD=COLUMN" with a known field. */
NL_CHECKED enum nl_status nl_import_check_map(const char *text,
                                              struct nl_error *err) NL_ALL_NONNULL;

/* NL_USAGE unless `text`, for nl_import_options.as, is a known state. */
enum nl_status nl_import_check_as(const char *text, struct nl_error *err);

/* Reads `in`, called `name` in messages. Invalid rows are reported and counted; with any of them
 * nothing is kept, unless `partial`. Fails where the file as a whole cannot be read, or where a
 * column that speaks of consent or a state is not understood. */
NL_CHECKED enum nl_status nl_import_file(struct nl_store *store, FILE *in, const char *name,
                                         const struct nl_import_options *options,
                                         struct nl_import_report *report,
                                         struct nl_error *err) NL_ALL_NONNULL;

/* The columns of a file and its first rows, at most `most`, as {"columns": [{"name", "field"}],
 * "rows": [["..."]], "problem": null}: `field` is what a column is taken for (null: it is not
 * used), `problem` why the file cannot be read as it is, or not further, which *why (NULL: not
 * wanted) tells too. The caller frees *out and *why. */
NL_CHECKED enum nl_status nl_import_preview(FILE *in, const char *name,
                                            const struct nl_import_options *options, size_t most,
                                            json_t **out, struct nl_error *why,
                                            struct nl_error *err) NL_NONNULL(1, 2, 3, 5, 7);

/* Suppresses the addresses of a file: one or several on a line, what 'suppress export' writes, or
 * the addresses of any file that nl_import_file reads. All or nothing; *count tells how many were
 * not suppressed before. */
NL_CHECKED enum nl_status nl_suppression_file(struct nl_store *store, FILE *in, const char *name,
                                              const char *reason, int64_t *count,
                                              struct nl_error *err) NL_ALL_NONNULL;

/* NL_DATA for a reason that is not a line, or too long. */
NL_CHECKED enum nl_status nl_suppression_check_reason(const char *reason,
                                                      struct nl_error *err) NL_ALL_NONNULL;

struct nl_export_options {
    enum nl_transfer_format format; /* CSV, JSON lines or JSON */
    bool for_spreadsheet;           /* what a spreadsheet takes for a formula gets an apostrophe */
    /* Told of the rows that are written; anything but NL_OK ends it. Or NULL. */
    enum nl_status (*progress)(size_t rows, void *ctx, struct nl_error *err);
    void *ctx;
};

/* Writes subscriptions as CSV, JSON lines or JSON, row by row: memory does not grow with them.
 * Unless they are for a spreadsheet, nl_import_file reads them back. */
NL_CHECKED enum nl_status nl_export_file(struct nl_store *store,
                                         const struct nl_member_filter *filter,
                                         const struct nl_export_options *options, FILE *out,
                                         size_t *count, struct nl_error *err) NL_ALL_NONNULL;

#endif
