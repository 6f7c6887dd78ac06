#include "cli/cli.h"

#include "newsletter/bulletin/bulletin.h"
#include "newsletter/report/facts.h"
#include "newsletter/service/issue_canary.h"
#include "newsletter/service/issue_progress.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

struct status_call {
    struct cli *cli;
    const char *wanted; /* slug, number, id or file; NULL for all */
    struct cli_issue_query query;
    json_t *issues; /* NULL for text */
    struct nl_table table;
    size_t shown;
};

static json_t *counts_object(const struct nl_counts *counts) {
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "queued",
                     (json_int_t)counts->queued, "leased", (json_int_t)counts->leased, "sent",
                     (json_int_t)counts->sent, "deferred", (json_int_t)counts->deferred, "bounced",
                     (json_int_t)counts->bounced, "failed", (json_int_t)counts->failed, "unknown",
                     (json_int_t)counts->unknown, "skipped", (json_int_t)counts->skipped);
}

/* null once all deliveries are made. */
static json_t *making_object(const struct nl_making *making) {
    return making->unfinished ? json_pack("{s:I, s:I}", "made", (json_int_t)making->made, "about",
                                          (json_int_t)making->about)
                              : json_null();
}

static enum nl_status show_delivery(const struct nl_delivery_row *row, void *ctx,
                                    struct nl_error *err) {
    (void)err;
    json_t *array = ctx; /* NULL for text */
    const struct nl_result *result = &row->result;
    char next[CLI_TIME_LEN] = "";
    const char *text = result->text != NULL ? result->text : "";
    if (result->next_attempt_at > 0)
        cli_format_time(result->next_attempt_at, next);
    if (array != NULL) {
        json_array_append_new(array,
                              json_pack("{s:s, s:s, s:I, s:i, s:s, s:s, s:o}", "address",
                                        row->address, "state", nl_delivery_state_text(row->state),
                                        "attempts", (json_int_t)row->attempts, "code", result->code,
                                        "status", result->status, "text", text, "next_attempt_at",
                                        cli_json_time(result->next_attempt_at)));
        return NL_OK;
    }
    printf("  %-8s %s", nl_delivery_state_text(row->state), row->address);
    if (result->code != 0)
        printf(": %d%s%s", result->code, result->status[0] ? " " : "", result->status);
    if (text[0] != '\0')
        printf("%s%s", result->code != 0 ? " " : ": ", text);
    if (next[0] != '\0')
        printf(" (next attempt %s)", next);
    putchar('\n');
    return NL_OK;
}

static enum nl_status show_removal(const struct status_call *call, const struct nl_issue *issue,
                                   struct nl_error *err) {
    const struct nl_office office = cli_office(call->cli);
    int64_t at = 0;
    char text[CLI_TIME_LEN];
    enum nl_status status = nl_office_issue_removal(&office, issue->id, &at, err);
    if (status == NL_OK && at != 0) {
        cli_format_time(at, text);
        printf("  Its deliveries were removed %s: it is no longer known who received it.\n", text);
    }
    return status;
}

/* Everything that was not simply sent, with the server's words. */
static enum nl_status show_deliveries(struct status_call *call, const struct nl_issue *issue,
                                      json_t *array, struct nl_error *err) {
    static const enum nl_delivery_state states[] = {NL_DELIVERY_DEFERRED, NL_DELIVERY_BOUNCED,
                                                    NL_DELIVERY_FAILED, NL_DELIVERY_UNKNOWN,
                                                    NL_DELIVERY_SKIPPED};
    enum nl_status status = NL_OK;
    for (size_t i = 0; status == NL_OK && i < sizeof states / sizeof states[0]; i++) {
        status = nl_delivery_each(call->cli->store, issue->id, states[i], 0, 0, show_delivery,
                                  array, err);
    }
    return status;
}

static enum nl_status show_json(struct status_call *call, const struct nl_issue *issue,
                                const struct nl_counts *counts, const struct nl_making *making,
                                struct nl_error *err) {
    json_t *object = json_pack(
        "{s:I, s:s, s:s?, s:s, s:s, s:s, s:s?, s:o, s:o, s:o, s:o}", "id", (json_int_t)issue->id,
        "slug", issue->slug, "number", issue->number, "title", issue->title, "subject",
        issue->subject, "state", nl_issue_state_text(issue->state), "pause_note", issue->pause_note,
        "created_at", cli_json_time(issue->created_at), "ended_at", cli_json_time(issue->ended_at),
        "deliveries", counts_object(counts), "being_made", making_object(making));
    json_t *canary = NULL;
    enum nl_status status = nl_facts_canary(call->cli->store, issue->id, &canary, err);
    json_object_set_new(object, "canary", canary);
    const struct nl_office office = cli_office(call->cli);
    int64_t removed_at = 0;
    if (status == NL_OK)
        status = nl_office_issue_removal(&office, issue->id, &removed_at, err);
    json_object_set_new(object, "deliveries_removed_at", cli_json_time(removed_at));
    if (status == NL_OK && call->wanted != NULL) {
        json_t *rows = json_array();
        status = show_deliveries(call, issue, rows, err);
        json_object_set_new(object, "not_sent", rows);
    }
    json_array_append_new(call->issues, object);
    return status;
}

static const struct nl_table_column columns[] = {
    {.heading = "ISSUE", .least = 16},
    {.heading = "STATE"},
    {.heading = "SINCE"},
    {.heading = "SENT", .number = true},
    {.heading = "QUEUED", .number = true},
    {.heading = "DEFERRED", .number = true},
    {.heading = "BOUNCED", .number = true},
    {.heading = "FAILED", .number = true},
    {.heading = "UNKNOWN", .number = true},
    {.heading = "SKIPPED", .number = true},
};

static void add_note(struct nl_table *table, const char *before, const char *text) {
    struct nl_buf note = {0};
    nl_buf_addf(&note, "%s: %s", before, text);
    nl_table_note(table, nl_buf_text(&note));
    nl_buf_free(&note);
}

static void add_row(struct nl_table *table, const struct nl_issue *issue,
                    const struct nl_counts *counts, const struct nl_making *making) {
    const int64_t numbers[] = {counts->sent,     counts->queued + counts->leased,
                               counts->deferred, counts->bounced,
                               counts->failed,   counts->unknown,
                               counts->skipped};
    char when[CLI_TIME_LEN];
    char part[64];
    cli_format_time(issue->created_at, when);
    nl_table_text(table, issue->slug);
    nl_table_text(table, nl_issue_state_text(issue->state));
    nl_table_text(table, when);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        nl_table_number(table, numbers[i]);
    if (making->unfinished) {
        snprintf(part, sizeof part, "%lld of about %lld", (long long)making->made,
                 (long long)making->about);
        add_note(table, "being made", part);
    }
    if (issue->pause_note != NULL)
        add_note(table, "paused", issue->pause_note);
    if (issue->scheduled_at != 0 && issue->state == NL_ISSUE_SCHEDULED) {
        cli_format_time(issue->scheduled_at, when);
        add_note(table, "goes out", when);
    }
}

static enum nl_status add_canary(struct status_call *call, const struct nl_issue *issue,
                                 struct nl_error *err) {
    const struct nl_office office = cli_office(call->cli);
    struct nl_buf note = {0};
    enum nl_status status = nl_office_canary_state(&office, issue->id, &note, err);
    if (status == NL_OK && note.len > 0)
        add_note(&call->table, "canary", nl_buf_text(&note));
    nl_buf_free(&note);
    return status;
}

/* Prints the rows so far, and forgets them. */
static void print_rows(struct status_call *call) {
    if (call->table.used > 0)
        cli_print_table(&call->table);
    nl_table_free(&call->table);
}

static enum nl_status show_issue(const struct nl_issue *issue, void *ctx, struct nl_error *err) {
    struct status_call *call = ctx;
    struct nl_counts counts = {0};
    struct nl_making making = {0};
    const struct nl_office office = cli_office(call->cli);
    if (!cli_is_issue(issue, &call->query))
        return NL_OK;
    enum nl_status status = nl_issue_count(call->cli->store, issue->id, &counts, err);
    if (status == NL_OK)
        status = nl_office_issue_making(&office, issue->id, &making, err);
    if (status == NL_OK && call->issues != NULL) {
        status = show_json(call, issue, &counts, &making, err);
    } else if (status == NL_OK) {
        add_row(&call->table, issue, &counts, &making);
        status = add_canary(call, issue, err);
        if (status == NL_OK && call->wanted != NULL) {
            print_rows(call);
            status = show_deliveries(call, issue, NULL, err);
            if (status == NL_OK)
                status = show_removal(call, issue, err);
        }
    }
    call->shown++;
    return status;
}

static void print_notices(const struct nl_counts *counts) {
    struct nl_buf text = {0};
    struct nl_buf lines = {0};
    nl_buf_addf(&text,
                "Notices (confirmation mails): %lld sent, %lld queued, %lld deferred, "
                "%lld bounced, %lld failed, %lld unknown",
                (long long)counts->sent, (long long)(counts->queued + counts->leased),
                (long long)counts->deferred, (long long)counts->bounced, (long long)counts->failed,
                (long long)counts->unknown);
    nl_text_fold_lines(&lines, nl_buf_text(&text), text.len, 0, (size_t)cli_columns());
    fputs(nl_buf_text(&lines), stdout);
    nl_buf_free(&lines);
    nl_buf_free(&text);
}

static enum nl_status show_notices(struct status_call *call, struct nl_error *err) {
    struct nl_counts counts = {0};
    enum nl_status status = nl_issue_count(call->cli->store, 0, &counts, err);
    if (status != NL_OK)
        return status;
    if (call->issues == NULL) {
        puts(call->shown > 0 ? "" : "No issue has been sent yet.");
        print_notices(&counts);
        status = cli_show_pace(call->cli, NULL, err);
        return status == NL_OK ? cli_show_sources(call->cli, NULL, err) : status;
    }
    json_t *all =
        json_pack("{s:O, s:o}", "issues", call->issues, "notices", counts_object(&counts));
    status = cli_show_pace(call->cli, all, err);
    if (status == NL_OK)
        status = cli_show_sources(call->cli, all, err);
    if (status == NL_OK)
        cli_print_json(call->cli, json_incref(all));
    json_decref(all);
    return status;
}

static enum nl_status show(struct status_call *call, struct nl_error *err) {
    enum nl_status status = nl_issue_each(call->cli->store, NL_ISSUE_ANY, show_issue, call, err);
    if (status == NL_OK)
        print_rows(call);
    if (status == NL_OK && call->wanted != NULL && call->shown == 0)
        status = nl_error_set(err, NL_NOTFOUND,
                              "no issue '%s' has been sent: 'newsletter status' lists them",
                              call->wanted);
    if (status == NL_OK && call->wanted == NULL)
        status = show_notices(call, err);
    else if (status == NL_OK && call->issues != NULL)
        cli_print_json(call->cli, json_incref(call->issues));
    return status;
}

static enum nl_status status_run(struct cli *cli, void *options, struct nl_error *err) {
    (void)options;
    struct status_call call = {
        .cli = cli,
        .wanted = cli->words[0],
        .table = {.columns = columns, .count = sizeof columns / sizeof columns[0]}};
    enum nl_status status = cli_open(cli, err);
    if (status == NL_OK)
        status = cli_issue_query(cli, call.wanted, &call.query, err);
    if (status == NL_OK) {
        call.issues = cli->json ? json_array() : NULL;
        status = show(&call, err);
    }
    nl_table_free(&call.table);
    json_decref(call.issues);
    cli_issue_query_free(&call.query);
    return status;
}

const struct cli_command cmd_status = {
    .name = "status",
    .run = status_run,
    .words = {0, 1, "one ISSUE at most"},
};
