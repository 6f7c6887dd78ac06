/* The canary on an issue's page: what went out first, what was found, and what to do about it. */
#include "newsletter/service/issue_canary.h"

#include "newsletter/base/catalog.h"
#include "newsletter/base/kept_error.h"
#include "newsletter/base/zone.h"
#include "newsletter/report/facts.h"
#include "newsletter/template/data.h"
#include "web/staff_issue.h"

#include <stdlib.h>
#include <string.h>

static const char *text_of(const struct nl_theme *theme, const char *text) {
    return nl_catalog_text(theme->catalog, NULL, text);
}

static bool is(const json_t *object, const char *name, const char *value) {
    return strcmp(nl_facts_word(object, name), value) == 0;
}

/* ---- the mailboxes ---- */

static const char *place_of(const json_t *seed) {
    static const struct {
        const char *place, *words;
    } places[] = {{"inbox", NL_TEXT("in the inbox")},
                  {"junk", NL_TEXT("in the junk folder")},
                  {"elsewhere", NL_TEXT("in another folder")}};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        if (is(seed, "place", places[i].place))
            return places[i].words;
    if (is(seed, "state", "failed"))
        return NL_TEXT("the copy could not be sent");
    if (nl_facts_word(seed, "problem")[0] != '\0')
        return NL_TEXT("the mailbox could not be read");
    return is(seed, "state", "sent") ? NL_TEXT("the copy was sent, and is not there yet")
                                     : NL_TEXT("the copy is not sent yet");
}

static json_t *seed_row(const struct nl_theme *theme, const json_t *seed) {
    static const char *const results[] = {"spf", "dkim", "dmarc"};
    json_t *row = json_object();
    bool elsewhere = is(seed, "place", "junk") || is(seed, "place", "elsewhere");
    nl_data_set(row, "address", nl_facts_word(seed, "address"));
    nl_data_set(row, "place", text_of(theme, place_of(seed)));
    nl_data_set(row, "folder", elsewhere ? nl_facts_word(seed, "folder") : "");
    for (size_t i = 0; i < sizeof results / sizeof results[0]; i++)
        nl_data_set(row, results[i], nl_facts_word(seed, results[i]));
    return row;
}

static json_t *seed_rows(const struct nl_theme *theme, const json_t *facts) {
    json_t *rows = json_array();
    json_t *seed = NULL;
    size_t at = 0;
    json_array_foreach(json_object_get(facts, "seeds"), at, seed) {
        json_array_append_new(rows, seed_row(theme, seed));
    }
    return rows;
}

/* ---- the findings ---- */

/* Findings of earlier versions have a text alone. */
static json_t *finding_rows(const struct nl_theme *theme, const json_t *facts) {
    const json_t *said = json_object_get(facts, "said");
    json_t *rows = json_array();
    json_t *finding = NULL;
    size_t at = 0;
    json_array_foreach(json_object_get(facts, "findings"), at, finding) {
        const char *text = json_string_value(finding);
        const json_t *parts = json_array_get(said, at);
        char *worded = nl_catalog_kept(theme->catalog, parts, text != NULL ? text : "");
        json_t *row = json_object();
        nl_data_set(row, "text", worded != NULL ? worded : "");
        json_object_set_new(row, "english", json_boolean(json_array_size(parts) == 0));
        json_array_append_new(rows, row);
        free(worded);
    }
    return rows;
}

/* ---- the whole ---- */

static const char *state_of(const json_t *facts, enum nl_issue_state issue) {
    if (is(facts, "state", "passed"))
        return NL_TEXT("All was well: the others get it.");
    if (is(facts, "state", "overruled"))
        return NL_TEXT("Somebody has decided that it goes on to the others.");
    if (is(facts, "state", "paused"))
        return NL_TEXT(
            "It is paused because of what was found: nobody else gets it before you decide.");
    if (issue == NL_ISSUE_CANCELLED)
        return NL_TEXT("It was cancelled: nobody else gets it.");
    if (issue == NL_ISSUE_SCHEDULED)
        return NL_TEXT("It will go first to these.");
    return nl_facts_number(facts, "until") == 0
               ? NL_TEXT("It goes to these now. The others wait.")
               : NL_TEXT("These have it. The others wait for what is found there.");
}

static void add_sample(const json_t *facts, json_t *canary) {
    json_t *sample = json_object_get(facts, "sample");
    if (json_is_object(sample))
        json_object_set(canary, "sample", sample);
}

/* The buttons are those of the issue, put where their reason stands. */
static void add_buttons(const json_t *facts, enum nl_issue_state issue, bool may_send, json_t *data,
                        json_t *canary) {
    bool under_way = issue == NL_ISSUE_SENDING || issue == NL_ISSUE_PAUSED;
    bool waits = is(facts, "state", "waiting") || is(facts, "state", "paused");
    bool offers = may_send && under_way && waits;
    bool stops = offers && issue == NL_ISSUE_SENDING;
    json_object_set_new(canary, "may_go_on", json_boolean(offers));
    json_object_set_new(canary, "may_stop", json_boolean(stops));
    if (stops)
        json_object_set_new(data, "can_pause", json_false());
    if (is(facts, "state", "paused")) {
        json_object_set_new(data, "can_resume", json_false());
        nl_data_set(data, "pause_reason", "");
    }
}

enum nl_status nl_canary_add_facts(const struct nl_theme *theme, const struct nl_office *office,
                                   const struct nl_issue_progress *progress, bool may_send,
                                   json_t *data, struct nl_error *err) {
    char when[NL_ZONE_TEXT_LEN] = "";
    json_t *facts = NULL;
    enum nl_status status = nl_office_canary_facts(office, progress->issue, &facts, err);
    json_object_set_new(data, "canary", json_false());
    if (status == NL_OK && json_is_object(facts)) {
        json_t *canary = json_object();
        int64_t until = nl_facts_number(facts, "until");
        if (is(facts, "state", "waiting") && until != 0)
            nl_zone_text(until, "UTC", when);
        nl_data_set(canary, "first", nl_facts_word(facts, "first"));
        nl_data_set(canary, "state", text_of(theme, state_of(facts, progress->state)));
        nl_data_set(canary, "until", when);
        add_sample(facts, canary);
        json_t *seeds = seed_rows(theme, facts);
        json_t *findings = finding_rows(theme, facts);
        json_object_set_new(canary, "any_seeds", json_boolean(json_array_size(seeds) > 0));
        json_object_set_new(canary, "any_findings", json_boolean(json_array_size(findings) > 0));
        json_object_set_new(canary, "seeds", seeds);
        json_object_set_new(canary, "findings", findings);
        add_buttons(facts, progress->state, may_send, data, canary);
        json_object_set_new(data, "canary", canary);
    }
    json_decref(facts);
    return status;
}
