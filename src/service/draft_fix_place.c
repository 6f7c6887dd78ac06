#include "service/draft_fixer.h"

#include "newsletter/base/catalog.h"

#include <string.h>

enum { WORDS_MOST = 300 };

enum nl_status nl_fix_moved(struct nl_error *err) {
    return nl_error_set(err, NL_DATA,
                        NL_TEXT("the text has changed at this place: look at it again"));
}

/* ---- lines ---- */

bool nl_fix_find_line(const char *body, size_t line, struct nl_fix_place *out) {
    for (size_t i = 1; i < line && *body != '\0'; i++)
        body += strcspn(body, "\n") + (body[strcspn(body, "\n")] == '\n');
    out->at = body;
    out->len = strcspn(body, "\n");
    out->next = body + out->len;
    return line > 0 && *body != '\0';
}

const char *nl_fix_paragraph_end(const char *at) {
    const char *end = strstr(at, "\n\n");
    return end != NULL ? end : at + strlen(at);
}

void nl_fix_write(const char *body, const struct nl_fix_place *place, const char *text, size_t len,
                  struct nl_buf *out) {
    nl_buf_add(out, body, (size_t)(place->at - body));
    nl_buf_add(out, text, len);
    nl_buf_adds(out, place->next);
}

/* ---- words ---- */

void nl_fix_add_words(struct nl_buf *out, const char *words) {
    for (const char *p = words; *p != '\0'; p++) {
        if (strchr("[]\\*_`<|", *p) != NULL)
            nl_buf_addc(out, '\\');
        nl_buf_addc(out, *p == '\n' || *p == '\r' || *p == '\t' ? ' ' : *p);
    }
}

enum nl_status nl_fix_check_words(const struct nl_draft_fix *fix, const char *problem,
                                  struct nl_error *err) {
    if (fix->words[strspn(fix->words, " ")] != '\0' && strlen(fix->words) <= WORDS_MOST)
        return NL_OK;
    return nl_error_set(err, NL_DATA, NL_TEXT("%s, in at most %d bytes"), problem, (int)WORDS_MOST);
}
