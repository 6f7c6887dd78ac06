#include "bulletin/genuine_note.h"

#include "bulletin/canonical.h"
#include "newsletter/base/memory.h"

#include <stdlib.h>
#include <string.h>

enum { DIGEST_HEX = 64 };

static const char *const headings[NL_SECTIONS] = {"[text]", "[html]", "[source]"};

static bool begins(const char *line, size_t len, const char *with) {
    size_t with_len = strlen(with);
    return len >= with_len && memcmp(line, with, with_len) == 0;
}

static struct nl_token_of_note read_token(const char *text, size_t len, char kind) {
    struct nl_token_of_note token = {.kind = NL_TOKEN_WORD, .text = text, .len = len};
    bool slot = memmem(text, len, NL_WORD_SLOT, 3) != NULL;
    if (kind == 'c' && len > DIGEST_HEX + 1 && text[len - DIGEST_HEX - 1] == ':') {
        token.kind = text[0] == '<' ? NL_TOKEN_LINKED : NL_TOKEN_RUN;
        token.count = token.kind == NL_TOKEN_RUN ? strtoul(text, NULL, 10) : 0;
        token.text = text + len - DIGEST_HEX;
        token.len = DIGEST_HEX;
        if (token.count > NL_WORDING_MOST)
            token.count = NL_WORDING_MOST;
    } else if (text[0] == '<') {
        token.kind = NL_TOKEN_LINK;
    } else if (slot) {
        token.kind = NL_TOKEN_SLOT;
    }
    token.hash = nl_wording_hash(text, len);
    return token;
}

static void read_passage(const char *line, size_t len, struct nl_section *section) {
    size_t most = 1;
    for (size_t i = 0; i < len; i++)
        most += line[i] == ' ';
    struct nl_passage *grown =
        nl_realloc(section->passages, (section->count + 1) * sizeof *section->passages);
    section->passages = grown;
    struct nl_passage *passage = &grown[section->count++];
    *passage = (struct nl_passage){.kind = line[0],
                                   .tokens = nl_calloc(most, sizeof(struct nl_token_of_note)),
                                   .line = line + 1,
                                   .line_len = len - 1};
    for (size_t at = 1; at < len;) {
        size_t end = at + 1;
        while (end < len && line[end] != ' ')
            end++;
        if (line[at] == ' ' && end > at + 1) {
            struct nl_token_of_note token = read_token(line + at + 1, end - at - 1, line[0]);
            passage->known += token.kind == NL_TOKEN_WORD ? 1 : token.count;
            passage->tokens[passage->count++] = token;
        }
        at = end;
    }
}

enum nl_status nl_note_of_issue_read(const char *note, size_t len, struct nl_note_of_issue *out,
                                     struct nl_error *err) {
    int section = -1;
    *out = (struct nl_note_of_issue){.note = note, .len = len};
    if (!begins(note, len, NL_CANONICAL_HEAD "\n"))
        return nl_error_set(err, NL_DATA, "this is not a signed issue: it does not begin with '%s'",
                            NL_CANONICAL_HEAD);
    for (size_t at = 0; at < len;) {
        const char *line = note + at;
        const char *end = memchr(line, '\n', len - at);
        size_t line_len = end != NULL ? (size_t)(end - line) : len - at;
        at += line_len + 1;
        if (line_len > 0 && line[0] == '[') {
            section = -1;
            for (int i = 0; i < NL_SECTIONS; i++)
                if (line_len == strlen(headings[i]) && begins(line, line_len, headings[i]))
                    section = i;
        } else if (section >= 0 && line_len > 1 && strchr("bfcs", line[0]) != NULL) {
            read_passage(line, line_len, &out->sections[section]);
        }
    }
    return NL_OK;
}

void nl_note_of_issue_free(struct nl_note_of_issue *note) {
    for (size_t i = 0; i < NL_SECTIONS; i++) {
        for (size_t j = 0; j < note->sections[i].count; j++)
            free(note->sections[i].passages[j].tokens);
        free(note->sections[i].passages);
    }
    *note = (struct nl_note_of_issue){0};
}

const char *nl_note_value(const struct nl_note_of_issue *note, const char *name, size_t at,
                          size_t *len) {
    size_t name_len = strlen(name);
    for (size_t place = 0; place < note->len && note->note[place] != '[';) {
        const char *line = note->note + place;
        const char *end = memchr(line, '\n', note->len - place);
        size_t line_len = end != NULL ? (size_t)(end - line) : note->len - place;
        place += line_len + 1;
        if (line_len > name_len + 1 && begins(line, line_len, name) && line[name_len] == ':' &&
            at-- == 0) {
            *len = line_len - name_len - 2;
            return line + name_len + 2;
        }
    }
    *len = 0;
    return NULL;
}
