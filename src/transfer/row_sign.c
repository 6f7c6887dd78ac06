#include "newsletter/base/catalog.h"
#include "transfer/moment.h"
#include "transfer/row.h"

#include <string.h>

enum nl_sign nl_row_word(const struct nl_columns *columns, const char *text) {
    const struct nl_import_options *options = columns->options;
    char folded[NL_WORD_SIZE];
    if (options->state_count == 0)
        return NL_SIGN_UNKNOWN;
    if (!nl_word_fold(text, folded))
        return NL_SIGN_UNKNOWN;
    for (size_t i = 0; i < options->state_count; i++) {
        const char *equals = strrchr(options->states[i], '=');
        char word[NL_WORD_SIZE];
        char given[NL_WORD_SIZE * 2] = "";
        if (equals == NULL || (size_t)(equals - options->states[i]) >= sizeof given)
            continue;
        memcpy(given, options->states[i], (size_t)(equals - options->states[i]));
        nl_word_fold(given, word);
        if (strcmp(word, folded) != 0)
            continue;
        for (int sign = NL_SIGN_ACTIVE; sign < NL_SIGNS; sign++)
            if (strcmp(nl_sign_names[sign], equals + 1) == 0)
                return (enum nl_sign)sign;
    }
    return NL_SIGN_UNKNOWN;
}

/* Signs of an end that are kept together: the stronger one wins. */
static void add_sign(struct nl_row *row, enum nl_sign sign) {
    if (sign != NL_SIGN_UNKNOWN && sign > row->sign)
        row->sign = sign;
}

/* A day stands for a yes: "unsubscribed: 2021-01-31". */
static enum nl_moment take_moment(struct nl_row *row, const struct nl_columns *columns,
                                  enum nl_column kind, const char *text, enum nl_sign *sign) {
    int64_t at = 0;
    enum nl_moment result = nl_moment_read(columns->lexicon, text, columns->options->dates, &at);
    *sign = nl_lexicon_sign(columns->lexicon, kind, result == NL_MOMENT_READ ? "yes" : "");
    if (result != NL_MOMENT_READ)
        return result;
    if (*sign == NL_SIGN_ACTIVE && kind == NL_COLUMN_SUBSCRIBED)
        row->consent_at = at;
    else if (*sign == NL_SIGN_ACTIVE)
        row->confirmed_at = at;
    else if (row->ended_at == 0 || kind == NL_COLUMN_ENDED_AT)
        row->ended_at = at;
    return result;
}

static enum nl_status refuse_value(const struct nl_file_column *column, enum nl_moment moment,
                                   const char *text, struct nl_error *err) {
    if (moment == NL_MOMENT_AMBIGUOUS)
        return nl_error_set(
            err, NL_DATA,
            NL_TEXT(
                "%s '%s' could be one of two days: give --dates day-first or --dates month-first"),
            column->name, text);
    if (column->kind == NL_COLUMN_STATE)
        return nl_error_set(err, NL_DATA,
                            NL_TEXT("the state '%s' is not known: say what it means with --state "
                                    "'%s=STATE', or leave the column out with --ignore '%s'"),
                            text, text, column->name);
    if (column->kind == NL_COLUMN_ENDED_AT)
        return nl_error_set(err, NL_DATA,
                            NL_TEXT("%s '%s' is not a time like 2026-08-25T09:30:00Z"),
                            column->name, text);
    return nl_error_set(err, NL_DATA,
                        NL_TEXT("%s '%s' is neither yes nor no: say what it means with --state "
                                "'%s=STATE', or leave the column out with --ignore '%s'"),
                        column->name, text, text, column->name);
}

static enum nl_status refuse_remark(const struct nl_file_column *column, const char *text,
                                    struct nl_error *err) {
    char folded[NL_WORD_SIZE];
    if (!nl_word_fold(text, folded))
        return nl_error_set(err, NL_DATA,
                            NL_TEXT("%s, a long text, may say that this person does not want mail: "
                                    "correct the row, or leave the column out with --ignore '%s'"),
                            column->name, column->name);
    return nl_error_set(
        err, NL_DATA,
        NL_TEXT(
            "%s '%s' may say that this person does not want mail: say what it means with --state "
            "'%s=unsubscribed' or '%s=active', or leave the column out with --ignore '%s'"),
        column->name, text, text, text, column->name);
}

static bool is_remembered(const struct nl_file_column *column, const char *text) {
    return column->memo[0] != '\0' && strcmp(column->memo, text) == 0;
}

static void remember(struct nl_file_column *column, const char *text, enum nl_sign sign) {
    size_t len = strlen(text);
    if (len < sizeof column->memo) {
        memcpy(column->memo, text, len + 1);
        column->memo_sign = sign;
    }
}

/* Any text in a column of reasons is an end; some words say which ("SPAM_COMPLAINT"). */
static enum nl_sign reason_sign(const struct nl_lexicon *lexicon, enum nl_column kind,
                                const char *text) {
    enum nl_sign least = kind == NL_COLUMN_BOUNCE_REASON ? NL_SIGN_BOUNCED : NL_SIGN_UNSUBSCRIBED;
    enum nl_sign said = nl_lexicon_sign(lexicon, NL_COLUMN_STATE, text);
    if (nl_lexicon_is_none(lexicon, text))
        return NL_SIGN_NONE;
    return said != NL_SIGN_UNKNOWN && said > least ? said : least;
}

enum nl_status nl_row_take_sign(struct nl_row *row, struct nl_columns *columns, size_t index,
                                const char *text, struct nl_error *err) {
    struct nl_file_column *column = &columns->list[index];
    if (is_remembered(column, text)) {
        add_sign(row, column->memo_sign);
        return NL_OK;
    }
    enum nl_sign sign = nl_row_word(columns, text);
    if (column->kind == NL_COLUMN_LEAVING_REASON || column->kind == NL_COLUMN_BOUNCE_REASON) {
        add_sign(row, reason_sign(columns->lexicon, column->kind, text));
        return NL_OK;
    }
    if (sign == NL_SIGN_UNKNOWN)
        sign = nl_lexicon_sign(columns->lexicon, column->kind, text);
    if (sign != NL_SIGN_UNKNOWN) {
        remember(column, text, sign);
        add_sign(row, sign);
        return NL_OK;
    }
    enum nl_moment moment = NL_MOMENT_WRONG;
    if (column->kind > NL_COLUMN_TYPE)
        moment = take_moment(row, columns, column->kind, text, &sign);
    if (moment == NL_MOMENT_WRONG || moment == NL_MOMENT_AMBIGUOUS)
        return refuse_value(column, moment, text, err);
    add_sign(row, sign);
    return NL_OK;
}

enum nl_status nl_row_look_for_sign(struct nl_row *row, struct nl_columns *columns, size_t index,
                                    const char *text, struct nl_error *err) {
    struct nl_file_column *column = &columns->list[index];
    if (column->apart)
        return NL_OK;
    if (is_remembered(column, text)) {
        add_sign(row, column->memo_sign);
        return NL_OK;
    }
    enum nl_sign sign = nl_row_word(columns, text);
    /* "SMS_BLOCKED: no" and "newsletter wanted: no" say "no" to opposite questions. */
    bool open = column->suspect && nl_lexicon_is_flag(columns->lexicon, text);
    if (sign == NL_SIGN_UNKNOWN && !open)
        sign = nl_lexicon_sign(columns->lexicon, column->suspect ? NL_COLUMN_STATE : NL_COLUMN_NONE,
                               text);
    if (sign == NL_SIGN_UNKNOWN && column->suspect) {
        row->fatal = true;
        return nl_columns_refuse(columns, err);
    }
    if (sign == NL_SIGN_UNKNOWN && nl_lexicon_is_remark(columns->lexicon, text))
        return refuse_remark(column, text, err);
    if (sign == NL_SIGN_UNKNOWN)
        sign = NL_SIGN_NONE;
    remember(column, text, sign);
    if (sign != NL_SIGN_NONE && !column->told) {
        column->told = true;
        nl_columns_note(columns, NL_TEXT("column '%s' is read as a state: it says '%s'"),
                        column->name, text);
    }
    add_sign(row, sign);
    return NL_OK;
}
