#include "cli/cli.h"

#include "newsletter/report/facts.h"
#include "newsletter/service/approvals.h"
#include "newsletter/service/drafts.h"

#include <string.h>

struct draft_options {
    const char *digest, *words, *passage, *language;
};

static enum nl_status find_draft(struct cli *cli, int64_t *id, struct nl_error *err) {
    if (!nl_text_integer(cli->words[0], id) || *id <= 0)
        return cli_usage_error(cli, err,
                               "'%s' is not the number of a draft: 'newsletter draft' lists them",
                               cli->words[0]);
    return cli_open(cli, err);
}

/* ---- looking ---- */

static enum nl_status draft_list(struct cli *cli, void *options, struct nl_error *err) {
    static const struct nl_table_column columns[] = {{.heading = "DRAFT"},
                                                     {.heading = "LIST"},
                                                     {.heading = "STATE"},
                                                     {.heading = "BY"},
                                                     {.heading = "TITLE", .least = 24}};
    struct nl_table table = {.columns = columns, .count = sizeof columns / sizeof columns[0]};
    json_t *array = NULL;
    char number[24];
    (void)options;
    enum nl_status status = cli_open(cli, err);
    const struct nl_office office = cli_office(cli);
    if (status == NL_OK)
        status = nl_office_drafts(&office, &array, err);
    if (status == NL_OK && cli->json) {
        cli_print_json(cli, array);
        return NL_OK;
    }
    for (size_t i = 0; i < json_array_size(array); i++) {
        const json_t *facts = json_array_get(array, i);
        const char *state = nl_facts_word(facts, "state");
        snprintf(number, sizeof number, "%lld",
                 (long long)json_integer_value(json_object_get(facts, "id")));
        nl_table_text(&table, number);
        nl_table_text(&table, nl_facts_word(facts, "list"));
        nl_table_text(&table, state[0] != '\0' ? state : "draft");
        nl_table_text(&table, nl_facts_word(facts, "updated_by"));
        nl_table_text(&table, nl_facts_word(facts, "title"));
    }
    if (status == NL_OK && json_array_size(array) == 0)
        puts("no drafts: they are written in the press room of 'newsletter serve'");
    else if (status == NL_OK)
        cli_print_table(&table);
    nl_table_free(&table);
    json_decref(array);
    return status;
}

static void print_line(const char *name, const char *text) {
    if (text[0] == '\0')
        return;
    printf("%-10s ", name);
    cli_print_safely(text, strlen(text));
    putchar('\n');
}

static void print_state(const json_t *draft, const json_t *approval) {
    size_t at = 0;
    const json_t *word = NULL;
    char when[CLI_TIME_LEN];
    print_line("list", nl_facts_word(draft, "list"));
    print_line("title", nl_facts_word(draft, "title"));
    print_line("approval", nl_facts_word(approval, "state"));
    printf("%-10s %lld of %lld\n", "given",
           (long long)json_integer_value(json_object_get(approval, "given")),
           (long long)json_integer_value(json_object_get(approval, "needed")));
    print_line("digest", nl_facts_word(approval, "digest"));
    print_line("asked by", nl_facts_word(approval, "asked_by"));
    print_line("words", nl_facts_word(approval, "words"));
    json_array_foreach(json_object_get(approval, "said"), at, word) {
        cli_format_time(json_integer_value(json_object_get(word, "at")), when);
        printf("\n%s, ", when);
        cli_print_safely(nl_facts_word(word, "author"), strlen(nl_facts_word(word, "author")));
        printf(": %s\n", nl_facts_word(word, "kind"));
        print_line("on", nl_facts_word(word, "passage"));
        print_line("words", nl_facts_word(word, "words"));
    }
}

/* Says how it stands, after what was done. */
static enum nl_status tell(struct cli *cli, int64_t id, struct nl_error *err) {
    const struct nl_office office = cli_office(cli);
    json_t *draft = NULL;
    json_t *approval = NULL;
    enum nl_status status = nl_office_draft_read(&office, id, &draft, err);
    if (status == NL_OK)
        status = nl_office_approval_read(&office, id, &approval, err);
    if (status == NL_OK && cli->json) {
        json_object_set_new(approval, "draft", json_integer((json_int_t)id));
        json_object_set(approval, "list", json_object_get(draft, "list"));
        json_object_set(approval, "title", json_object_get(draft, "title"));
        cli_print_json(cli, json_incref(approval));
    } else if (status == NL_OK) {
        print_state(draft, approval);
    }
    json_decref(draft);
    json_decref(approval);
    return status;
}

static enum nl_status draft_show(struct cli *cli, void *options, struct nl_error *err) {
    int64_t id = 0;
    (void)options;
    enum nl_status status = find_draft(cli, &id, err);
    return status == NL_OK ? tell(cli, id, err) : status;
}

/* The text of a language as the author wrote it, for another program or a pager. */
static enum nl_status draft_text(struct cli *cli, void *options, struct nl_error *err) {
    const struct draft_options *chosen = options;
    int64_t id = 0;
    json_t *draft = NULL;
    json_t *found = NULL;
    json_t *text = NULL;
    size_t at = 0;
    enum nl_status status = find_draft(cli, &id, err);
    const struct nl_office office = cli_office(cli);
    if (status == NL_OK)
        status = nl_office_draft_read(&office, id, &draft, err);
    json_array_foreach(json_object_get(draft, "texts"), at, text) {
        if (found == NULL && (chosen->language == NULL ||
                              strcmp(nl_facts_word(text, "language"), chosen->language) == 0))
            found = text;
    }
    if (status == NL_OK && found == NULL)
        status = nl_error_set(err, NL_NOTFOUND, "draft %lld has no text%s%s", (long long)id,
                              chosen->language != NULL ? " in " : "",
                              chosen->language != NULL ? chosen->language : "");
    if (status == NL_OK && cli->json)
        cli_print_json(cli, json_incref(found));
    else if (status == NL_OK && cli_is_terminal())
        cli_print_safely(nl_facts_word(found, "source"), strlen(nl_facts_word(found, "source")));
    else if (status == NL_OK)
        fputs(nl_facts_word(found, "source"), stdout);
    json_decref(draft);
    return status;
}

/* ---- asking and answering ---- */

static enum nl_status draft_ask(struct cli *cli, void *options, struct nl_error *err) {
    const struct draft_options *chosen = options;
    int64_t id = 0;
    enum nl_status status = find_draft(cli, &id, err);
    const struct nl_office office = cli_office(cli);
    if (status == NL_OK)
        status =
            nl_office_approval_ask(&office, id, chosen->words != NULL ? chosen->words : "", err);
    return status == NL_OK ? tell(cli, id, err) : status;
}

static enum nl_status answer(struct cli *cli, const struct draft_options *chosen,
                             enum nl_approval_kind kind, struct nl_error *err) {
    int64_t id = 0;
    if (chosen->digest == NULL)
        return cli_usage_error(cli, err,
                               "say which version you have looked at: --digest, as "
                               "'newsletter draft show %s' prints it",
                               cli->words[0]);
    enum nl_status status = find_draft(cli, &id, err);
    const struct nl_office office = cli_office(cli);
    const struct nl_office_answer full = {.draft = id,
                                          .kind = kind,
                                          .seal = chosen->digest,
                                          .passage = chosen->passage,
                                          .words = chosen->words != NULL ? chosen->words : ""};
    if (status == NL_OK)
        status = nl_office_approval_answer(&office, &full, err);
    return status == NL_OK ? tell(cli, id, err) : status;
}

static enum nl_status draft_approve(struct cli *cli, void *options, struct nl_error *err) {
    return answer(cli, options, NL_APPROVAL_APPROVE, err);
}

static enum nl_status draft_return(struct cli *cli, void *options, struct nl_error *err) {
    return answer(cli, options, NL_APPROVAL_RETURN, err);
}

static enum nl_status draft_comment(struct cli *cli, void *options, struct nl_error *err) {
    return answer(cli, options, NL_APPROVAL_COMMENT, err);
}

static const struct cli_option draft_table[] = {
    CLI_TEXT("digest", struct draft_options, digest),
    CLI_TEXT("words", struct draft_options, words),
    CLI_TEXT("passage", struct draft_options, passage),
    CLI_TEXT("language", struct draft_options, language),
    {0},
};

static const struct cli_action draft_actions[] = {
    {"list", draft_list, {0, 0, NULL}},
    {"show", draft_show, {1, 1, "the number of one draft"}},
    {"text", draft_text, {1, 1, "the number of one draft"}},
    {"ask", draft_ask, {1, 1, "the number of one draft"}},
    {"approve", draft_approve, {1, 1, "the number of one draft"}},
    {"return", draft_return, {1, 1, "the number of one draft"}},
    {"comment", draft_comment, {1, 1, "the number of one draft"}},
    {0},
};

const struct cli_command cmd_draft = {
    .name = "draft",
    .options = draft_table,
    .size = sizeof(struct draft_options),
    .actions = draft_actions,
    .run = draft_list,
    .heedless_of_imports = true,
};
