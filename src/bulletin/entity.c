#include "bulletin/entity.h"

#include <md4c-html.h>
#include <string.h>

static void collect_html(const MD_CHAR *text, MD_SIZE size, void *userdata) {
    nl_buf_add(userdata, text, size);
}

/* Undoes the HTML writer's escaping in place, so that an entity which it does not know comes out as
 * it was written. A numeric entity could name a control character: it becomes a space. */
static void unescape(char *text) {
    static const struct {
        const char *escaped;
        char plain;
    } escapes[] = {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}};
    char *out = text;
    while (*text != '\0') {
        size_t i = 0;
        while (i < sizeof escapes / sizeof escapes[0] &&
               strncmp(text, escapes[i].escaped, strlen(escapes[i].escaped)) != 0)
            i++;
        bool escaped = i < sizeof escapes / sizeof escapes[0];
        char c = escaped ? escapes[i].plain : *text;
        text += escaped ? strlen(escapes[i].escaped) : 1;
        *out++ = (char)((unsigned char)c < 0x20 || c == 0x7f ? ' ' : c);
    }
    *out = '\0';
}

/* md4c knows the two thousand entities of HTML, but only its HTML writer resolves them. So the
 * entity is written as a paragraph of HTML, and the paragraph's tags are removed. */
void nl_entity_add(struct nl_buf *out, const char *text, size_t len) {
    struct nl_buf html = {0};
    md_html(text, (MD_SIZE)len, collect_html, &html, 0, 0);
    char *start = html.data != NULL ? strstr(html.data, "<p>") : NULL;
    char *end = start != NULL ? strstr(start, "</p>") : NULL;
    if (end == NULL) {
        nl_buf_add(out, text, len);
    } else {
        *end = '\0';
        unescape(start + 3);
        nl_buf_adds(out, start + 3);
    }
    nl_buf_free(&html);
}
