#include "bulletin/genuine_asked.h"

#include "bulletin/genuine_note.h"
#include "newsletter/base/memory.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { ASKED_BYTES = 24 << 20, RUN = 5, RUNS_MOST = 20000, REFERENCES_MOST = 50 };

void nl_asked_free(struct nl_asked *asked) {
    if (asked == NULL)
        return;
    for (size_t i = 0; i < asked->count; i++)
        nl_wording_free(&asked->texts[i].words);
    free(asked->texts);
    nl_mail_texts_free(&asked->mail);
    free(asked);
}

static enum nl_status read_mail(struct nl_asked *asked, const char *data, size_t len,
                                struct nl_error *err) {
    enum nl_status status = NL_OK;
    nl_mail_texts_read(data, len, ASKED_BYTES, &asked->mail);
    asked->texts = nl_calloc(asked->mail.count + 1, sizeof *asked->texts);
    for (size_t i = 0; status == NL_OK && i < asked->mail.count; i++) {
        const struct nl_mail_item *item = &asked->mail.items[i];
        if (item->kind == NL_MAIL_FILE)
            continue;
        struct nl_asked_text *text = &asked->texts[asked->count++];
        *text = (struct nl_asked_text){
            .html = item->kind == NL_MAIL_HTML, .message = item->message, .choice = item->choice};
        if (text->html)
            nl_wording_add_html(&text->words, nl_buf_text(&item->text), item->text.len);
        else
            nl_wording_add_text(&text->words, nl_buf_text(&item->text), item->text.len);
        status = text->words.failed ? nl_error_nomem(err) : NL_OK;
    }
    return status;
}

static bool looks_like_html(const char *data, size_t len) {
    const char *at = data;
    while (len > 0 && isspace((unsigned char)*at))
        at++, len--;
    return len > 6 && (strncasecmp(at, "<!doct", 6) == 0 || strncasecmp(at, "<html", 5) == 0);
}

static enum nl_status read_text(struct nl_asked *asked, const char *data, size_t len,
                                struct nl_error *err) {
    struct nl_buf lines = {0};
    size_t at = len >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    for (; at < len; at++)
        if (data[at] != '\r' || at + 1 == len || data[at + 1] != '\n')
            nl_buf_addc(&lines, data[at]);
    nl_digest_hex(nl_buf_text(&lines), lines.len, asked->digest);
    asked->front_matter = strncmp(nl_buf_text(&lines), "---\n", 4) == 0;
    asked->texts = nl_calloc(1, sizeof *asked->texts);
    asked->count = 1;
    asked->texts->html = looks_like_html(data, len);
    if (asked->texts->html)
        nl_wording_add_html(&asked->texts->words, nl_buf_text(&lines), lines.len);
    else
        nl_wording_add_text(&asked->texts->words, nl_buf_text(&lines), lines.len);
    nl_buf_free(&lines);
    return asked->texts->words.failed ? nl_error_nomem(err) : NL_OK;
}

enum nl_status nl_asked_read(const char *data, size_t len, struct nl_asked **out,
                             struct nl_error *err) {
    struct nl_asked *asked = nl_calloc(1, sizeof *asked);
    *out = NULL;
    enum nl_status status = nl_mail_is_one(data, len) ? read_mail(asked, data, len, err)
                                                      : read_text(asked, data, len, err);
    if (status != NL_OK) {
        nl_asked_free(asked);
        return status;
    }
    *out = asked;
    return NL_OK;
}

enum nl_status nl_asked_references(const struct nl_asked *asked,
                                   enum nl_status (*each)(const char *reference, void *ctx,
                                                          struct nl_error *err),
                                   void *ctx, struct nl_error *err) {
    size_t found = 0;
    enum nl_status status = NL_OK;
    for (size_t i = 0; i < asked->count; i++) {
        const struct nl_wording *words = &asked->texts[i].words;
        for (size_t j = 0; status == NL_OK && found < REFERENCES_MOST && j < words->count; j++) {
            char reference[NL_REFERENCE_LEN + 1];
            const char *word = nl_wording_at(words, j);
            if (words->items[j].len != NL_REFERENCE_LEN || word[4] != '-' ||
                !nl_reference_parse(word, reference))
                continue;
            found++;
            status = each(reference, ctx, err);
        }
    }
    return status;
}

/* ---- runs of words ---- */

/* 63 bits, since databases count with signs. */
static int64_t hash_of_run(const uint64_t hashes[RUN]) {
    return (int64_t)(nl_wording_hash((const char *)hashes, RUN * sizeof *hashes) >> 1);
}

static int64_t hash_of_source(const char *digest, size_t len) {
    return (int64_t)(nl_wording_hash(digest, len) >> 1);
}

struct runs {
    int64_t *items;
    size_t count, cap;
};

static void add_run(struct runs *runs, int64_t hash) {
    if (runs->count == RUNS_MOST)
        return;
    if (runs->count == runs->cap) {
        size_t cap = runs->cap > 0 ? runs->cap * 2 : 256;
        runs->items = nl_realloc(runs->items, cap * sizeof *runs->items);
        runs->cap = cap;
    }
    runs->items[runs->count++] = hash;
}

void nl_asked_passages(const struct nl_asked *asked, int64_t **out, size_t *count) {
    struct runs runs = {0};
    if (asked->digest[0] != '\0')
        add_run(&runs, hash_of_source(asked->digest, strlen(asked->digest)));
    for (size_t i = 0; i < asked->count; i++) {
        const struct nl_wording *words = &asked->texts[i].words;
        for (size_t at = 0; at + RUN <= words->count; at++) {
            uint64_t hashes[RUN];
            for (size_t j = 0; j < RUN; j++)
                hashes[j] = words->items[at + j].hash;
            add_run(&runs, hash_of_run(hashes));
        }
    }
    *out = runs.items;
    *count = runs.count;
}

/* The first run of words without a value in each paragraph of the text. */
static void add_passage(struct runs *runs, const struct nl_passage *passage) {
    for (size_t at = 0; passage->kind == 'b' && at + RUN <= passage->count; at++) {
        uint64_t hashes[RUN];
        size_t same = 0;
        while (same < RUN && passage->tokens[at + same].kind == NL_TOKEN_WORD) {
            hashes[same] = passage->tokens[at + same].hash;
            same++;
        }
        if (same == RUN) {
            add_run(runs, hash_of_run(hashes));
            return;
        }
    }
}

enum nl_status nl_note_passages(const char *note, int64_t **out, size_t *count,
                                struct nl_error *err) {
    struct nl_note_of_issue read = {0};
    struct runs runs = {0};
    *out = NULL;
    *count = 0;
    enum nl_status status = nl_note_of_issue_read(note, strlen(note), &read, err);
    size_t len = 0;
    const char *source = status == NL_OK ? nl_note_value(&read, "source", 0, &len) : NULL;
    if (source != NULL)
        add_run(&runs, hash_of_source(source, len));
    for (size_t i = NL_SECTION_TEXT; status == NL_OK && i <= NL_SECTION_HTML; i++)
        for (size_t j = 0; j < read.sections[i].count; j++)
            add_passage(&runs, &read.sections[i].passages[j]);
    nl_note_of_issue_free(&read);
    if (status != NL_OK)
        return status;
    *out = runs.items;
    *count = runs.count;
    return NL_OK;
}
