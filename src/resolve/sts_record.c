#include "newsletter/base/text.h"
#include "resolve/lookup.h"

#include <ctype.h>
#include <string.h>

static const char VERSION[] = "v=STSv1";

/* The text of a TXT record, whose parts belong together (RFC 1035 section 3.3.14). */
static void text_of(const struct ub_result *result, size_t at, struct nl_buf *out) {
    const unsigned char *data = (const unsigned char *)result->data[at];
    size_t len = (size_t)result->len[at];
    nl_buf_clear(out);
    for (size_t i = 0; i < len && len - i > data[i]; i += 1 + (size_t)data[i])
        nl_buf_add(out, result->data[at] + i + 1, data[i]);
}

/* "v=STSv1; id=20261127;": other fields may stand between. An id that is not valid leaves `id`. */
static void read_id(const char *text, char id[NL_STS_ID]) {
    const char *at = text + strlen(VERSION);
    while ((at = strchr(at, ';')) != NULL) {
        at += 1 + strspn(at + 1, " \t");
        if (strncmp(at, "id=", 3) != 0)
            continue;
        size_t len = 0;
        at += 3;
        while (isalnum((unsigned char)at[len]))
            len++;
        size_t end = len + strspn(at + len, " \t");
        if (len == 0 || len >= NL_STS_ID || (at[end] != ';' && at[end] != '\0'))
            return;
        memcpy(id, at, len);
        id[len] = '\0';
        return;
    }
}

void nl_answer_text(const struct ub_result *result, size_t at, struct nl_buf *out) {
    struct nl_buf text = {0};
    text_of(result, at, &text);
    for (const char *c = nl_buf_text(&text); *c != '\0'; c++)
        nl_buf_addc(out, *c >= ' ' && *c < 0x7f ? *c : '?');
    nl_buf_addc(out, '\n');
    nl_buf_free(&text);
}

void nl_answer_sts(const struct ub_result *result, char id[NL_STS_ID]) {
    struct nl_buf text = {0};
    size_t records = 0;
    id[0] = '\0';
    for (size_t i = 0; result->havedata && result->data[i] != NULL; i++) {
        text_of(result, i, &text);
        if (!nl_text_is_record(nl_buf_text(&text), VERSION))
            continue;
        records++;
        read_id(nl_buf_text(&text), id);
    }
    if (records != 1)
        id[0] = '\0';
    nl_buf_free(&text);
}
