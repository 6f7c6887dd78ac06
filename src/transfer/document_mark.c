#include "transfer/document_mark.h"

#include <stdlib.h>
#include <string.h>

enum { DIGITS_MOST = 8, NOTE_MOST = 100000 };

/* ---- conditions and comments ---- */

enum remark { NONE, COMMENT, CONDITION };

static enum remark remark_at(const char *at, const char *end) {
    size_t len = (size_t)(end - at);
    if (len >= 4 && memcmp(at, "<!--", 4) == 0)
        return COMMENT;
    return len >= 3 && memcmp(at, "<![", 3) == 0 ? CONDITION : NONE;
}

/* The end of a condition within a comment, "<![endif]-->", is one of the comment. NULL: it has
 * none. */
static const char *remark_end(enum remark kind, const char *at, const char *end) {
    const char *found = kind == COMMENT ? memmem(at + 2, (size_t)(end - at - 2), "-->", 3)
                                        : memchr(at, '>', (size_t)(end - at));
    return found != NULL ? found + (kind == COMMENT ? 3 : 1) : NULL;
}

/* One without an end hides nothing, and none of its kind after it has one. */
void nl_html_without_remarks(const char *data, size_t len, struct nl_buf *out) {
    const char *end = data + len;
    bool endless[] = {true, false, false};
    while (data < end) {
        const char *found = memchr(data, '<', (size_t)(end - data));
        const char *at = found != NULL ? found : end;
        enum remark kind = remark_at(at, end);
        const char *after = endless[kind] ? NULL : remark_end(kind, at, end);
        bool open = kind != NONE && after == NULL;
        endless[kind] = endless[kind] || open;
        nl_buf_add(out, data, (size_t)(at - data));
        if (after == NULL && at < end)
            nl_buf_adds(out, open ? "&lt;" : "<");
        data = after != NULL ? after : at + (at < end);
    }
}

/* ---- notes ---- */

static const struct program {
    const char *name, *kind;
    const char *back; /* before the number of a way back (Word), or after it (LibreOffice) */
    const char *mark; /* after the number of a mark */
} programs[] = {{"ftn", "", "ref", ""},
                {"edn", "e", "ref", ""},
                {"sdfootnote", "", "anc", "sym"},
                {"sdendnote", "e", "anc", "sym"}};

static bool read_number(const char *text, struct nl_note_mark *out, char **rest) {
    long number = strtol(text, rest, 10);
    out->number = (int)number;
    return *rest > text && number > 0 && number < NOTE_MOST;
}

bool nl_note_link(const char *address, struct nl_note_mark *out) {
    if (address[0] != '#')
        return false;
    address += 1 + (address[1] == '_');
    for (size_t i = 0; i < sizeof programs / sizeof programs[0]; i++) {
        const struct program *program = &programs[i];
        size_t len = strlen(program->name);
        size_t back = strlen(program->back);
        char *rest = NULL;
        if (strncmp(address, program->name, len) != 0)
            continue;
        out->kind = program->kind;
        out->back = strncmp(address + len, program->back, back) == 0;
        if (!read_number(address + len + (out->back ? back : 0), out, &rest))
            return false;
        if (strcmp(rest, program->mark) == 0)
            return true;
        out->back = strcmp(rest, program->back) == 0;
        return out->back;
    }
    return false;
}

bool nl_note_id(const char *id, struct nl_note_mark *out) {
    for (size_t i = 0; i < sizeof programs / sizeof programs[0]; i++) {
        size_t len = strlen(programs[i].name);
        char *rest = NULL;
        if (strncmp(id, programs[i].name, len) != 0)
            continue;
        *out = (struct nl_note_mark){.kind = programs[i].kind};
        return read_number(id + len, out, &rest) && *rest == '\0';
    }
    return false;
}

/* ---- small digits ---- */

bool nl_small_digits(const char *text, bool raised, struct nl_buf *out) {
    static const char signs[] = "0123456789+-()";
    static const char *const small[2][14] = {
        {"₀", "₁", "₂", "₃", "₄", "₅", "₆", "₇", "₈", "₉", "₊", "₋", "₍", "₎"},
        {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹", "⁺", "⁻", "⁽", "⁾"}};
    size_t len = strlen(text);
    if (len == 0 || len > DIGITS_MOST || strspn(text, signs) != len)
        return false;
    for (; *text != '\0'; text++)
        nl_buf_adds(out, small[raised][strchr(signs, *text) - signs]);
    return true;
}
