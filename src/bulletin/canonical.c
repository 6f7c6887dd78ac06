#include "bulletin/canonical.h"

#include "bulletin/message_parts.h"
#include "newsletter/base/timestamp.h"
#include "newsletter/base/token.h"

#include <stdlib.h>
#include <string.h>

enum { SOURCE_DIGEST = 32 }; /* hexadecimal digits of a paragraph of the source */

/* ---- texts with marks ---- */

/* Writes a packed text with the marks of wording.h in the place of its slots. */
static enum nl_status unpack(const struct nl_buf *packed, struct nl_buf *out,
                             struct nl_error *err) {
    struct nl_message *message = NULL;
    struct nl_buf whole = {0};
    nl_buf_add(&whole, nl_buf_text(packed), packed->len);
    if (whole.len == 0 || whole.data[whole.len - 1] != '\n')
        nl_buf_addc(&whole, '\n');
    enum nl_status status = nl_message_parse(nl_buf_text(&whole), whole.len, &message, err);
    for (size_t i = 0; status == NL_OK && i < message->count; i++) {
        const struct piece *piece = &message->pieces[i];
        char kind = piece->kind == SLOT ? message->slots.items[piece->slot].kind : '\0';
        if (piece->kind == LITERAL)
            nl_buf_add(out, piece->text, piece->len);
        else if (kind == NL_SLOT_IF || kind == NL_SLOT_UNLESS)
            nl_buf_adds(out, NL_WORDING_BEGIN);
        else if (kind == NL_SLOT_END)
            nl_buf_adds(out, NL_WORDING_END);
        else if (kind != '\0')
            nl_buf_adds(out, NL_WORDING_SLOT);
    }
    nl_message_free(message);
    nl_buf_free(&whole);
    return status;
}

static enum nl_status read_packed(const struct nl_buf *packed, bool html, struct nl_wording *words,
                                  struct nl_error *err) {
    struct nl_buf text = {0};
    enum nl_status status = unpack(packed, &text, err);
    words->slots = true;
    if (status == NL_OK && html)
        nl_wording_add_html(words, nl_buf_text(&text), text.len);
    else if (status == NL_OK)
        nl_wording_add_text(words, nl_buf_text(&text), text.len);
    nl_buf_free(&text);
    return status == NL_OK && words->failed ? nl_error_nomem(err) : status;
}

/* ---- paragraphs ---- */

static size_t end_of_paragraph(const struct nl_wording *words, size_t at) {
    size_t end = at;
    while (end < words->count && words->items[end].paragraph == words->items[at].paragraph)
        end++;
    return end;
}

static uint64_t paragraph_hash(const struct nl_wording *words, size_t at, size_t end) {
    uint64_t hash = end - at;
    for (; at < end; at++)
        hash = nl_wording_hash((const char *)&words->items[at].hash, sizeof(uint64_t)) + hash * 31;
    return hash;
}

static bool has_paragraph(const struct nl_wording *words, uint64_t hash) {
    for (size_t at = 0, end = 0; at < words->count; at = end) {
        end = end_of_paragraph(words, at);
        if (paragraph_hash(words, at, end) == hash)
            return true;
    }
    return false;
}

void nl_canonical_digest(const struct nl_wording *words, size_t at, size_t count,
                         char out[NL_HEX_LEN]) {
    struct nl_buf text = {0};
    for (size_t i = at; i < at + count; i++)
        nl_buf_addf(&text, "%s%s", i > at ? " " : "", nl_wording_at(words, i));
    nl_digest_hex(nl_buf_text(&text), text.len, out);
    nl_buf_free(&text);
}

static bool has_slot(const struct nl_wording *words, size_t at) {
    return strstr(nl_wording_at(words, at), NL_WORD_SLOT) != NULL;
}

/* A passage that only some readers get: digests, so that others do not read it here. */
static void add_hidden(const struct nl_wording *words, size_t at, size_t end, struct nl_buf *out) {
    char digest[NL_HEX_LEN];
    nl_buf_adds(out, "c");
    while (at < end) {
        size_t count = 0;
        while (at + count < end && !words->items[at + count].link && !has_slot(words, at + count))
            count++;
        if (count > 0) {
            nl_canonical_digest(words, at, count, digest);
            nl_buf_addf(out, " %zu:%s", count, digest);
            at += count;
        } else if (words->items[at].link && !has_slot(words, at)) {
            nl_canonical_digest(words, at++, 1, digest);
            nl_buf_addf(out, " <:%s", digest);
        } else {
            nl_buf_adds(out, words->items[at].link ? "" : " " NL_WORD_SLOT);
            at++;
        }
    }
    nl_buf_addc(out, '\n');
}

/* Words for some readers within a paragraph for all are a value: up to a dozen of them. */
static void add_open(const struct nl_wording *words, size_t at, size_t end, char kind,
                     struct nl_buf *out) {
    enum { DOZEN = 12 };
    size_t some = 0;
    nl_buf_addc(out, kind);
    for (; at < end; at++) {
        if (!words->items[at].some) {
            nl_buf_addf(out, " %s", nl_wording_at(words, at));
            some = 0;
        } else if (!words->items[at].link && some++ % DOZEN == 0) {
            nl_buf_adds(out, " " NL_WORD_SLOT);
        }
    }
    nl_buf_addc(out, '\n');
}

/* "b" for a paragraph of the text, "f" for one around it, "c" for one that some readers get. */
static void add_section(const char *name, const struct nl_wording *words,
                        const struct nl_wording *body, struct nl_buf *out) {
    nl_buf_addf(out, "[%s]\n", name);
    for (size_t at = 0, end = 0; at < words->count; at = end) {
        bool all = false;
        end = end_of_paragraph(words, at);
        for (size_t i = at; i < end; i++)
            all = all || !words->items[i].some;
        if (!all)
            add_hidden(words, at, end, out);
        else
            add_open(words, at, end,
                     has_paragraph(body, paragraph_hash(words, at, end)) ? 'b' : 'f', out);
    }
}

static enum nl_status add_rendition(const char *name, const struct nl_buf *whole,
                                    const struct nl_buf *body, bool html, struct nl_buf *out,
                                    struct nl_error *err) {
    struct nl_wording words = {0};
    struct nl_wording inner = {0};
    enum nl_status status = read_packed(whole, html, &words, err);
    if (status == NL_OK)
        status = read_packed(body, html, &inner, err);
    if (status == NL_OK)
        add_section(name, &words, &inner, out);
    nl_wording_free(&words);
    nl_wording_free(&inner);
    return status;
}

/* The source is not published: a digest of each paragraph is enough to find what was changed. */
static void add_source(const char *source, struct nl_buf *out) {
    struct nl_wording words = {0};
    char digest[NL_HEX_LEN];
    nl_wording_add_text(&words, source, strlen(source));
    nl_buf_adds(out, "[source]\n");
    for (size_t at = 0, end = 0; at < words.count; at = end) {
        end = end_of_paragraph(&words, at);
        nl_canonical_digest(&words, at, end - at, digest);
        nl_buf_addf(out, "s %.*s\n", SOURCE_DIGEST, digest);
    }
    nl_wording_free(&words);
}

/* ---- the whole ---- */

static void add_line(const char *name, const char *value, struct nl_buf *out) {
    if (value == NULL || value[0] == '\0')
        return;
    nl_buf_addf(out, "%s: ", name);
    for (const char *p = value; *p != '\0'; p++)
        nl_buf_addc(out, (unsigned char)*p < ' ' ? ' ' : *p);
    nl_buf_addc(out, '\n');
}

enum nl_status nl_canonical_add(const struct nl_bulletin *bulletin, size_t index,
                                const struct nl_list *list, const char *office, int64_t now,
                                struct nl_buf *out, struct nl_error *err) {
    const struct nl_issue *issue = &bulletin->issue;
    const struct nl_edition edition = nl_bulletin_edition(bulletin, index);
    const struct nl_view *view = &bulletin->views[index];
    const struct nl_buf body = {.data = edition.body, .len = edition.body_len};
    char digest[NL_HEX_LEN];
    char signed_at[NL_TIMESTAMP_LEN];
    nl_digest_hex(edition.source, strlen(edition.source), digest);
    nl_timestamp_text(now, signed_at);
    nl_buf_adds(out, NL_CANONICAL_HEAD "\n");
    add_line("office", office, out);
    add_line("reference", issue->reference, out);
    add_line("list", list->list_id, out);
    add_line("issue", issue->slug, out);
    add_line("language", edition.language, out);
    add_line("title", edition.title, out);
    add_line("subject", edition.subject, out);
    add_line("subject", edition.alternative_subject, out);
    add_line("date", issue->date, out);
    add_line("signed", signed_at, out);
    add_line("source", digest, out);
    nl_buf_adds(out, nl_buf_text(&view->files));
    enum nl_status status = add_rendition("text", &view->text, &view->plain, false, out, err);
    if (status == NL_OK)
        status = add_rendition("html", &view->html, &body, true, out, err);
    if (status == NL_OK)
        add_source(edition.source, out);
    return status;
}
