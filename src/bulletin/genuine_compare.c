#include "newsletter/base/memory.h"
#include "newsletter/bulletin/genuine.h"

#include "bulletin/canonical.h"
#include "bulletin/genuine_asked.h"
#include "bulletin/genuine_describe.h"
#include "bulletin/genuine_difference.h"
#include "bulletin/genuine_match.h"

#include <stdlib.h>
#include <string.h>

const char *const nl_verdict_names[] = {"unknown", "changed", "unchanged"};

/* A text is ours if it has this many words of an issue, or half of a short one. */
enum { ENOUGH_WORDS = 40, LEAST_WORDS = 6 };

static void add_text(json_t *array, const struct nl_buf *text) {
    if (text->len > 0 && json_array_size(array) < NL_DIFFERENCES_MOST)
        json_array_append_new(array, nl_difference_text(text));
}

/* ---- the order of paragraphs ---- */

/* The words between two paragraphs that were found. */
struct gap {
    struct nl_buf ours, here;
    size_t paragraph; /* of ours, counted from 1 */
};

static void end_gap(struct nl_comparison *comparison, struct gap *gap) {
    const char *kind = gap->ours.len == 0 ? "added" : gap->here.len == 0 ? "missing" : "changed";
    if (gap->ours.len > 0 || gap->here.len > 0)
        nl_difference_add(comparison, kind, gap->paragraph, &gap->ours, &gap->here);
    nl_buf_clear(&gap->ours);
    nl_buf_clear(&gap->here);
}

static void find_span(const struct nl_matching *matching, size_t *first, size_t *last) {
    *first = matching->words->count;
    *last = 0;
    for (size_t i = 0; i < matching->section->count; i++) {
        const struct nl_place *place = &matching->places[i];
        if (place->found && place->start < *first)
            *first = place->start;
        if (place->found && place->end > *last)
            *last = place->end;
    }
}

/* How many words of a paragraph stand between words [from, to) that belong to none. */
static size_t count_shared(const struct nl_matching *matching, const struct nl_passage *passage,
                           size_t from, size_t to) {
    size_t shared = 0;
    for (size_t i = 0; i < passage->count; i++) {
        size_t at = from;
        while (at < to &&
               (matching->taken[at] || matching->words->items[at].hash != passage->tokens[i].hash))
            at++;
        shared += passage->tokens[i].kind == NL_TOKEN_WORD && at < to;
    }
    return shared;
}

/* The frame above and below the text may be missing. If most of its words are there, somebody has
 * changed the others, such as the address at which readers unsubscribe. */
static void compare_frame(struct nl_comparison *comparison, struct nl_matching *matching) {
    enum { LEAST = 4, NEAR = 200 };
    for (size_t i = 0; i < matching->section->count; i++) {
        const struct nl_passage *passage = &matching->section->passages[i];
        size_t from = 0;
        size_t to = 0;
        if (passage->kind != 'f' || matching->places[i].found || passage->known < LEAST)
            continue;
        nl_matching_gap(matching, i, &from, &to);
        if (from > 0 && to > from + NEAR)
            to = from + NEAR;
        if (count_shared(matching, passage, from, to) * 3 < passage->known * 2)
            continue;
        struct nl_buf ours = {0};
        struct nl_buf here = {0};
        nl_difference_ours(passage, &ours);
        nl_difference_foreign(matching, from, to, &here);
        nl_difference_add(comparison, "changed", 0, &ours, &here);
        for (size_t at = from; at < to; at++)
            matching->taken[at] = true;
        nl_buf_free(&ours);
        nl_buf_free(&here);
    }
}

static void compare_order(struct nl_comparison *comparison, const struct nl_matching *matching) {
    struct gap gap = {0};
    struct nl_buf none = {0};
    size_t reached = 0;
    size_t last = 0;
    size_t body = 0;
    find_span(matching, &reached, &last);
    for (size_t i = 0; i < matching->section->count; i++) {
        const struct nl_passage *passage = &matching->section->passages[i];
        const struct nl_place *place = &matching->places[i];
        body += passage->kind == 'b';
        if (!place->found && passage->kind == 'b' && passage->known > 0) {
            gap.paragraph = gap.ours.len == 0 ? body : gap.paragraph;
            nl_difference_ours(passage, &gap.ours);
        }
        if (!place->found)
            continue;
        if (place->start < reached) {
            struct nl_buf ours = {0};
            nl_difference_ours(passage, &ours);
            nl_difference_add(comparison, "moved", body, &ours, &none);
            nl_buf_free(&ours);
            continue;
        }
        nl_difference_foreign(matching, reached, place->start, &gap.here);
        gap.paragraph = gap.ours.len == 0 ? body : gap.paragraph;
        end_gap(comparison, &gap);
        reached = place->end;
    }
    nl_difference_foreign(matching, reached, last, &gap.here);
    end_gap(comparison, &gap);
    nl_buf_free(&gap.ours);
    nl_buf_free(&gap.here);
}

static void tell_around(struct nl_comparison *comparison, const struct nl_matching *matching) {
    struct nl_buf text = {0};
    size_t first = 0;
    size_t last = 0;
    find_span(matching, &first, &last);
    nl_difference_foreign(matching, 0, first, &text);
    add_text(comparison->around, &text);
    nl_buf_clear(&text);
    nl_difference_foreign(matching, last, matching->words->count, &text);
    add_text(comparison->around, &text);
    nl_buf_free(&text);
}

static void tell_personal(struct nl_comparison *comparison, const struct nl_matching *matching) {
    for (size_t at = 0; at < matching->personal.len;
         at += strlen(matching->personal.data + at) + 1) {
        const char *value = matching->personal.data + at;
        bool told = false;
        for (size_t i = 0; i < json_array_size(comparison->personal); i++)
            told = told ||
                   strcmp(json_string_value(json_array_get(comparison->personal, i)), value) == 0;
        if (!told && json_array_size(comparison->personal) < NL_DIFFERENCES_MOST)
            json_array_append_new(comparison->personal, json_string(value));
    }
}

/* ---- one text ---- */

static bool is_enough(const struct nl_matching *matching) {
    return matching->matched >= ENOUGH_WORDS ||
           (matching->matched >= LEAST_WORDS && matching->matched * 2 >= matching->known);
}

/* Compares with the rendition that fits the text better: a browser copies plain text from HTML. */
static void match_text(const struct nl_asked_text *text, const struct nl_note_of_issue *note,
                       struct nl_matching *best) {
    for (size_t i = NL_SECTION_TEXT; i <= NL_SECTION_HTML; i++) {
        struct nl_matching matching = {
            .words = &text->words, .section = &note->sections[i], .links = text->html};
        if (text->html && i == NL_SECTION_TEXT)
            continue;
        nl_matching_run(&matching);
        if (best->places == NULL ||
            matching.matched * (best->known + 1) > best->matched * (matching.known + 1)) {
            nl_matching_free(best);
            *best = matching;
        } else {
            nl_matching_free(&matching);
        }
    }
}

/* ---- the whole ---- */

static bool is_file_of(const struct nl_note_of_issue *note, const char *digest) {
    size_t len = 0;
    const char *value = NULL;
    for (size_t i = 0; (value = nl_note_value(note, "file", i, &len)) != NULL; i++)
        if (len > NL_HEX_LEN - 1 && memcmp(value, digest, NL_HEX_LEN - 1) == 0)
            return true;
    return false;
}

/* A file in the mail that our text stands in, which we have not sent. */
static void compare_files(struct nl_comparison *comparison, const struct nl_asked *asked,
                          size_t message) {
    for (size_t i = 0; i < asked->mail.count; i++) {
        const struct nl_mail_item *item = &asked->mail.items[i];
        if (item->kind != NL_MAIL_FILE || item->message != message ||
            is_file_of(comparison->note, item->digest))
            continue;
        struct nl_buf none = {0};
        struct nl_buf name = {0};
        nl_buf_adds(&name, item->name != NULL ? item->name : "");
        nl_difference_add(comparison, "file", 0, &none, &name);
        nl_buf_free(&name);
    }
}

static void compare_matched(struct nl_comparison *comparison, struct nl_matching *matching,
                            bool html) {
    json_array_append_new(comparison->checked, json_string(html ? "html" : "text"));
    compare_frame(comparison, matching);
    compare_order(comparison, matching);
    tell_around(comparison, matching);
    tell_personal(comparison, matching);
}

/* A text that is an alternative to one of ours, and is not ours itself: programs show either. */
static void compare_alternatives(struct nl_comparison *comparison, const struct nl_asked *asked,
                                 const bool *ours) {
    for (size_t i = 0; i < asked->count; i++)
        for (size_t j = 0; !ours[i] && asked->texts[i].choice != 0 && j < asked->count; j++)
            if (ours[j] && asked->texts[j].choice == asked->texts[i].choice) {
                struct nl_buf here = {0};
                struct nl_buf none = {0};
                const struct nl_wording *words = &asked->texts[i].words;
                for (size_t at = 0; at < words->count && here.len <= NL_DIFFERENCE_SHOWN; at++)
                    nl_buf_addf(&here, "%s%s", at > 0 ? " " : "", nl_wording_at(words, at));
                nl_difference_add(comparison, "added", 0, &none, &here);
                nl_buf_free(&here);
                break;
            }
}

static void compare_texts(struct nl_comparison *comparison, const struct nl_asked *asked,
                          size_t *matched) {
    bool *ours = nl_calloc(asked->count + 1, sizeof *ours);
    for (size_t i = 0; i < asked->count; i++) {
        struct nl_matching best = {0};
        match_text(&asked->texts[i], comparison->note, &best);
        ours[i] = is_enough(&best);
        if (ours[i]) {
            *matched += best.matched;
            compare_matched(comparison, &best, asked->texts[i].html);
            compare_files(comparison, asked, asked->texts[i].message);
        }
        nl_matching_free(&best);
    }
    if (*matched > 0)
        compare_alternatives(comparison, asked, ours);
    free(ours);
}

static void compare(struct nl_comparison *comparison, const struct nl_asked *asked,
                    struct nl_genuine *out) {
    size_t len = 0;
    const char *source = nl_note_value(comparison->note, "source", 0, &len);
    bool text = asked->mail.count == 0 && asked->count == 1;
    if (text && source != NULL && len == NL_HEX_LEN - 1 &&
        memcmp(source, asked->digest, len) == 0) {
        json_array_append_new(comparison->checked, json_string("source"));
        out->matched = asked->texts[0].words.count;
    } else if (text && asked->front_matter &&
               (out->matched = nl_difference_source(comparison, &asked->texts[0])) > 0) {
        json_array_append_new(comparison->checked, json_string("source"));
    } else {
        compare_texts(comparison, asked, &out->matched);
    }
    out->verdict = out->matched == 0                              ? NL_VERDICT_UNKNOWN
                   : json_array_size(comparison->differences) > 0 ? NL_VERDICT_CHANGED
                                                                  : NL_VERDICT_OURS;
}

enum nl_status nl_genuine_compare(const struct nl_asked *asked, const char *note,
                                  const struct nl_key_ring *ring, struct nl_genuine *out,
                                  struct nl_error *err) {
    struct nl_note_of_issue read = {0};
    *out = (struct nl_genuine){.verdict = NL_VERDICT_UNKNOWN};
    enum nl_status status = nl_genuine_open(note, ring, &read, err);
    struct nl_comparison comparison = {.note = &read,
                                       .differences = json_array(),
                                       .personal = json_array(),
                                       .around = json_array(),
                                       .checked = json_array()};
    if (status == NL_OK) {
        compare(&comparison, asked, out);
        out->facts = nl_genuine_facts(&read);
        json_object_set_new(out->facts, "verdict", json_string(nl_verdict_names[out->verdict]));
        json_object_set(out->facts, "checked", comparison.checked);
        json_object_set(out->facts, "differences", comparison.differences);
        json_object_set(out->facts, "personal", comparison.personal);
        json_object_set(out->facts, "around", comparison.around);
    }
    json_decref(comparison.differences);
    json_decref(comparison.personal);
    json_decref(comparison.around);
    json_decref(comparison.checked);
    nl_note_of_issue_free(&read);
    return status;
}

void nl_genuine_free(struct nl_genuine *genuine) {
    json_decref(genuine->facts);
    *genuine = (struct nl_genuine){0};
}
