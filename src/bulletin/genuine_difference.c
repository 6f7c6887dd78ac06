#include "bulletin/genuine_difference.h"

#include "bulletin/canonical.h"

#include <string.h>

json_t *nl_difference_text(const struct nl_buf *text) {
    size_t len = text->len;
    if (len <= NL_DIFFERENCE_SHOWN)
        return json_stringn(nl_buf_text(text), len);
    len = NL_DIFFERENCE_SHOWN;
    while (len > 0 && ((unsigned char)text->data[len] & 0xC0) == 0x80)
        len--;
    struct nl_buf cut = {0};
    nl_buf_add(&cut, text->data, len);
    nl_buf_adds(&cut, "\xe2\x80\xa6");
    json_t *json = json_string(nl_buf_text(&cut));
    nl_buf_free(&cut);
    return json;
}

void nl_difference_foreign(const struct nl_matching *matching, size_t from, size_t to,
                           struct nl_buf *out) {
    for (size_t i = from; i < to && out->len <= NL_DIFFERENCE_SHOWN; i++)
        if (!matching->taken[i])
            nl_buf_addf(out, "%s%s", out->len > 0 ? " " : "", nl_wording_at(matching->words, i));
}

void nl_difference_ours(const struct nl_passage *passage, struct nl_buf *out) {
    if (out->len > NL_DIFFERENCE_SHOWN)
        return;
    for (size_t i = 0; i < passage->count; i++) {
        const struct nl_token_of_note *token = &passage->tokens[i];
        if (token->kind != NL_TOKEN_WORD && token->kind != NL_TOKEN_SLOT &&
            token->kind != NL_TOKEN_LINK)
            continue;
        nl_buf_adds(out, out->len > 0 ? " " : "");
        for (size_t at = 0; at < token->len; at++) {
            bool slot = token->len - at >= 3 && memcmp(token->text + at, NL_WORD_SLOT, 3) == 0;
            nl_buf_add(out, slot ? "\xe2\x80\xa6" : token->text + at, slot ? 3 : 1);
            at += slot ? 2 : 0;
        }
    }
}

static bool is_same(const json_t *one, const json_t *other) {
    static const char *const names[] = {"kind", "ours", "here"};
    bool same = true;
    for (size_t i = 0; same && i < sizeof names / sizeof names[0]; i++)
        same = json_equal(json_object_get(one, names[i]), json_object_get(other, names[i]));
    return same;
}

/* The text and the HTML of a mail say the same, so most changes are in both. */
static bool is_told(const json_t *told, const json_t *difference) {
    for (size_t i = 0; i < json_array_size(told); i++)
        if (is_same(json_array_get(told, i), difference))
            return true;
    return false;
}

void nl_difference_add(struct nl_comparison *comparison, const char *kind, size_t paragraph,
                       const struct nl_buf *ours, const struct nl_buf *here) {
    json_t *difference =
        json_pack("{s:s, s:I, s:o, s:o}", "kind", kind, "paragraph", (json_int_t)paragraph, "ours",
                  nl_difference_text(ours), "here", nl_difference_text(here));
    bool words = ours->len + here->len > 0;
    if (json_array_size(comparison->differences) < NL_DIFFERENCES_MOST &&
        !(words && is_told(comparison->differences, difference)))
        json_array_append(comparison->differences, difference);
    json_decref(difference);
}

/* ---- the Markdown file ---- */

static size_t end_of_paragraph(const struct nl_wording *words, size_t at) {
    size_t end = at;
    while (end < words->count && words->items[end].paragraph == words->items[at].paragraph)
        end++;
    return end;
}

/* Its place among the paragraphs of the source, from 1; 0 for none. */
static size_t find_paragraph(const struct nl_section *section, const struct nl_wording *words,
                             size_t at, size_t end) {
    char digest[NL_HEX_LEN];
    nl_canonical_digest(words, at, end - at, digest);
    for (size_t i = 0; i < section->count; i++)
        if (section->passages[i].count == 1 && memcmp(section->passages[i].tokens[0].text, digest,
                                                      section->passages[i].tokens[0].len) == 0)
            return i + 1;
    return 0;
}

static void tell_paragraph(struct nl_comparison *comparison, const char *kind,
                           const struct nl_wording *words, size_t at, size_t end) {
    struct nl_buf here = {0};
    struct nl_buf none = {0};
    for (size_t i = at; i < end && here.len <= NL_DIFFERENCE_SHOWN; i++)
        nl_buf_addf(&here, "%s%s", i > at ? " " : "", nl_wording_at(words, i));
    nl_difference_add(comparison, kind, words->items[at].paragraph + 1, &none, &here);
    nl_buf_free(&here);
}

static void tell_paragraphs(struct nl_comparison *comparison, const struct nl_section *section,
                            const struct nl_wording *words) {
    size_t reached = 0;
    for (size_t at = 0, end = 0; at < words->count; at = end) {
        end = end_of_paragraph(words, at);
        size_t place = find_paragraph(section, words, at, end);
        if (place <= reached)
            tell_paragraph(comparison, place == 0 ? "changed" : "moved", words, at, end);
        reached = place > reached ? place : reached;
    }
}

size_t nl_difference_source(struct nl_comparison *comparison, const struct nl_asked_text *text) {
    const struct nl_section *section = &comparison->note->sections[NL_SECTION_SOURCE];
    const struct nl_wording *words = &text->words;
    size_t same = 0;
    size_t wrong = 0;
    for (size_t at = 0, end = 0; at < words->count; at = end) {
        end = end_of_paragraph(words, at);
        bool known = find_paragraph(section, words, at, end) > 0;
        same += known;
        wrong += !known;
    }
    if (same < 2 * wrong)
        return 0; /* no file of this issue */
    tell_paragraphs(comparison, section, words);
    struct nl_buf none = {0};
    if (same < section->count && wrong == 0)
        nl_difference_add(comparison, "missing", same, &none, &none);
    return same;
}
