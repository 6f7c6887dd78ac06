#include "newsletter/base/catalog.h"
#include "newsletter/base/timestamp.h"
#include "newsletter/transfer/transfer.h"
#include "transfer/lexicon.h"

#include <csv.h>
#include <jansson.h>
#include <string.h>

/* In this order, in both formats. */
static const enum nl_column written[] = {
    NL_COLUMN_EMAIL,          NL_COLUMN_NAME,       NL_COLUMN_LANGUAGE,
    NL_COLUMN_LIST,           NL_COLUMN_STATE,      NL_COLUMN_CONSENT_AT,
    NL_COLUMN_CONSENT_SOURCE, NL_COLUMN_CONSENT_IP, NL_COLUMN_CONSENT_VERSION,
    NL_COLUMN_CONFIRMED_AT,   NL_COLUMN_ENDED_AT,   NL_COLUMN_CREATED_AT,
    NL_COLUMN_ATTRIBUTES};

enum { WRITTEN = sizeof written / sizeof written[0] };

struct writing {
    FILE *out;
    const struct nl_export_options *options;
    bool array; /* JSON: the rows are the items of an array */
    size_t count;
};

/* The text of a column; `time` is room for one. NULL for none. */
static const char *text_of(const struct nl_member *member, enum nl_column column,
                           char time[NL_TIMESTAMP_LEN]) {
    int64_t at = 0;
    switch (column) {
    case NL_COLUMN_EMAIL:
        return member->address;
    case NL_COLUMN_NAME:
        return member->name;
    case NL_COLUMN_LANGUAGE:
        return member->language;
    case NL_COLUMN_LIST:
        return member->list;
    case NL_COLUMN_STATE:
        return nl_subscription_state_text(member->state);
    case NL_COLUMN_CONSENT_SOURCE:
        return member->consent_source;
    case NL_COLUMN_CONSENT_IP:
        return member->consent_ip;
    case NL_COLUMN_CONSENT_VERSION:
        return member->consent_version;
    case NL_COLUMN_ATTRIBUTES:
        return strcmp(member->attributes, "{}") != 0 ? member->attributes : NULL;
    case NL_COLUMN_CONSENT_AT:
        at = member->consent_at;
        break;
    case NL_COLUMN_CONFIRMED_AT:
        at = member->confirmed_at;
        break;
    case NL_COLUMN_ENDED_AT:
        at = member->ended_at;
        break;
    default:
        at = member->created_at;
        break;
    }
    nl_timestamp_text(at, time);
    return time[0] != '\0' ? time : NULL;
}

static enum nl_status end_row(struct writing *writing, struct nl_error *err) {
    const struct nl_export_options *options = writing->options;
    writing->count++;
    if (ferror(writing->out))
        return nl_error_set(err, NL_IO, NL_TEXT("writing failed: is the disk full?"));
    return options->progress != NULL ? options->progress(writing->count, options->ctx, err) : NL_OK;
}

/* Characters that make a spreadsheet calculate a cell instead of showing it, also in the wide forms
 * of East Asia. */
static bool is_formula(const char *text) {
    static const char *const wide[] = {"\uff1d", "\uff0b", "\uff0d", "\uff20"};
    for (size_t i = 0; i < sizeof wide / sizeof wide[0]; i++)
        if (strncmp(text, wide[i], strlen(wide[i])) == 0)
            return true;
    return strchr("=+-@\t\r\n", text[0]) != NULL && text[0] != '\0';
}

/* An apostrophe before it makes it a text. */
static void write_defused(FILE *out, const char *text) {
    fputs("\"'", out);
    for (; *text != '\0'; text++) {
        if (*text == '"')
            putc('"', out);
        putc(*text, out);
    }
    putc('"', out);
}

/* RFC 4180: every field in quotation marks, lines ended by CRLF. */
static enum nl_status write_csv(const struct nl_member *member, void *ctx, struct nl_error *err) {
    struct writing *writing = ctx;
    char time[NL_TIMESTAMP_LEN];
    for (size_t i = 0; i < WRITTEN; i++) {
        const char *text = text_of(member, written[i], time);
        if (i > 0)
            putc(',', writing->out);
        if (text != NULL && writing->options->for_spreadsheet && is_formula(text))
            write_defused(writing->out, text);
        else if (text != NULL)
            csv_fwrite(writing->out, text, strlen(text));
    }
    fputs("\r\n", writing->out);
    return end_row(writing, err);
}

static enum nl_status write_json(const struct nl_member *member, void *ctx, struct nl_error *err) {
    struct writing *writing = ctx;
    char time[NL_TIMESTAMP_LEN];
    json_t *object = json_object();
    for (size_t i = 0; i < WRITTEN; i++) {
        const char *text = text_of(member, written[i], time);
        if (text != NULL)
            json_object_set_new(object, nl_column_names[written[i]],
                                written[i] == NL_COLUMN_ATTRIBUTES ? json_loads(text, 0, NULL)
                                                                   : json_string(text));
    }
    if (writing->array)
        fputs(writing->count > 0 ? ",\n" : "\n", writing->out);
    json_dumpf(object, writing->out, JSON_COMPACT);
    if (!writing->array)
        putc('\n', writing->out);
    json_decref(object);
    return end_row(writing, err);
}

static void write_header(FILE *out) {
    for (size_t i = 0; i < WRITTEN; i++)
        fprintf(out, "%s%s", i > 0 ? "," : "", nl_column_names[written[i]]);
    fputs("\r\n", out);
}

enum nl_status nl_export_file(struct nl_store *store, const struct nl_member_filter *filter,
                              const struct nl_export_options *options, FILE *out, size_t *count,
                              struct nl_error *err) {
    struct writing writing = {
        .out = out, .options = options, .array = options->format == NL_FORMAT_JSON};
    bool json = options->format == NL_FORMAT_JSONL || writing.array;
    if (!json)
        write_header(out);
    if (writing.array)
        putc('[', out);
    enum nl_status status =
        nl_members_each(store, filter, json ? write_json : write_csv, &writing, err);
    if (status == NL_OK && writing.array)
        fputs("\n]\n", out);
    if (status == NL_OK && fflush(out) != 0)
        status = nl_error_set(err, NL_IO, NL_TEXT("writing failed: is the disk full?"));
    *count = writing.count;
    return status;
}
