#include "newsletter/base/kept_error.h"
#include "newsletter/service/draft_fix.h"
#include "newsletter/template/data.h"
#include "web/desk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int64_t lines_before_text(const struct nl_desk *desk) {
    const json_t *text = nl_desk_text(desk);
    const char *at = text != NULL ? json_string_value(json_object_get(text, "source")) : "";
    int64_t line = 0;
    int markers = 0;
    while (*at != '\0' && markers < 2) {
        size_t len = strcspn(at, "\n");
        markers += len == 3 && strncmp(at, "---", 3) == 0;
        at += len + (at[len] == '\n');
        line++;
    }
    return markers == 2 ? line : 0;
}

/* The field of the form that a finding is about. */
static const char *field_of(const json_t *finding) {
    static const char *const fields[][2] = {
        {"preheader", "f-preheader"},      {"subject-length", "f-subject"},
        {"subject-capitals", "f-subject"}, {"subject-marks", "f-subject"},
        {"subject-reply", "f-subject"},    {"number", "f-number"}};
    static const char *const words[][2] = {
        {"no date '", "f-date"}, {"no title:", "f-title"}, {": embargo '", "f-embargo"}};
    const char *rule = json_string_value(json_object_get(finding, "rule"));
    const char *text = json_string_value(json_object_get(finding, "text"));
    for (size_t i = 0; strcmp(rule, "text") == 0 && i < sizeof words / sizeof words[0]; i++)
        if (strstr(text, words[i][0]) != NULL)
            return words[i][1];
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        if (strcmp(fields[i][0], rule) == 0)
            return fields[i][1];
    return "";
}

/* The words that a writer has to give for a fix. */
static const char *words_for(const struct nl_desk *desk, enum nl_fix_kind kind) {
    static const char *const labels[] = {
        [NL_FIX_NONE] = NULL,
        [NL_FIX_CLICK] = NULL,
        [NL_FIX_PICTURE] = NL_TEXT("What it shows, for people who cannot see it"),
        [NL_FIX_LINK] = NL_TEXT("Where the link leads, in words"),
        [NL_FIX_COLUMNS] = NL_TEXT("Names of the columns, with commas between them"),
    };
    return labels[kind] != NULL ? nl_staff_text(desk->call, labels[kind]) : "";
}

/* The button that fixes a finding has the rule, the line, the place of the finding, which is also
 * that of the field for its words, and what it is about: "language-mark 3 0 kk". */
static void add_fix(const struct nl_desk *desk, const char *line, const char *body, size_t place,
                    json_t *item) {
    const char *rule = json_string_value(json_object_get(item, "rule"));
    const char *text = json_string_value(json_object_get(item, "text"));
    struct nl_buf about = {0};
    struct nl_buf value = {0};
    char number[24];
    nl_draft_fix_about(rule, text, &about);
    const struct nl_draft_fix fix = {rule, strtoul(line, NULL, 10), nl_buf_text(&about), ""};
    enum nl_fix_kind kind = nl_draft_fix_kind(&fix, body);
    if (kind != NL_FIX_NONE)
        nl_buf_addf(&value, "%s %zu %zu %s", rule, fix.line, place, fix.about);
    snprintf(number, sizeof number, "%zu", place);
    nl_data_set(item, "place", number);
    nl_data_set(item, "fix", nl_buf_text(&value));
    nl_data_set(item, "fix_words", words_for(desk, kind));
    nl_buf_free(&about);
    nl_buf_free(&value);
}

/* The Markdown of the text that is looked at. */
static const char *body_of(const struct nl_desk *desk, int64_t lines) {
    const json_t *text = nl_desk_text(desk);
    const char *at = text != NULL ? json_string_value(json_object_get(text, "source")) : "";
    for (; lines > 0; lines--)
        at += strcspn(at, "\n") + (at[strcspn(at, "\n")] == '\n');
    return at;
}

/* The words of a finding in the language of the page. */
static void add_words(const struct nl_desk *desk, const json_t *finding, json_t *item) {
    const char *text = json_string_value(json_object_get(finding, "text"));
    const struct nl_catalog *catalog = desk->call->theme->catalog;
    char *worded = nl_catalog_kept(catalog, json_object_get(finding, NL_FINDING_PARTS), text);
    char language[NL_FINDING_LANGUAGE];
    int64_t line = 0;
    const char *said = worded != NULL ? nl_draft_finding_place(worded, language, &line) : text;
    nl_data_set(item, "said", said);
    json_object_set_new(item, "english", json_boolean(strcmp(said, text) == 0));
    json_object_del(item, NL_FINDING_PARTS);
    free(worded);
}

void nl_desk_findings(const struct nl_desk *desk, const json_t *findings, json_t *data) {
    static const char *const of_a_fix[] = {"place", "fix", "fix_words"};
    json_t *out = json_array();
    int64_t before = lines_before_text(desk);
    const char *body = body_of(desk, before);
    size_t at = 0;
    const json_t *finding = NULL;
    json_array_foreach(findings, at, finding) {
        json_t *item = json_deep_copy(finding);
        const char *language = json_string_value(json_object_get(finding, "language"));
        int64_t line = json_integer_value(json_object_get(finding, "line"));
        bool own = language[0] == '\0' || strcmp(language, desk->text) == 0;
        bool error = strcmp(json_string_value(json_object_get(finding, "level")), "error") == 0;
        char number[24] = "";
        if (own && line > before)
            snprintf(number, sizeof number, "%lld", (long long)(line - before));
        nl_data_set(item, "field", number[0] == '\0' && own ? field_of(finding) : "");
        nl_data_set(item, "line", number);
        for (size_t i = 0; i < sizeof of_a_fix / sizeof of_a_fix[0]; i++)
            nl_data_set(item, of_a_fix[i], "");
        if (own)
            add_fix(desk, number, body, at, item);
        add_words(desk, finding, item);
        nl_data_set(item, "other", own ? "" : language);
        nl_data_set(item, "label",
                    nl_staff_text(desk->call, error ? NL_TEXT("Error") : NL_TEXT("Warning")));
        json_array_append_new(out, item);
    }
    json_object_set_new(data, "findings", out);
}
