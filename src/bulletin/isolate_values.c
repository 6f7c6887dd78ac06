/* Values of readers within a text that runs from right to left. */
#include "bulletin/isolate_values.h"

#include "newsletter/base/buf.h"

#include <stdlib.h>
#include <string.h>

/* A variable, and no tag of a condition. Addresses of pages stand in links alone. There is at least
 * "}}" after its "{{". */
static bool is_value(const char *open) {
    return strchr("#^/", open[2]) == NULL;
}

static void isolate_text(char **text) {
    struct nl_buf out = {0};
    const char *at = *text;
    for (const char *open = NULL; (open = strstr(at, "{{")) != NULL;) {
        const char *close = strstr(open, "}}");
        if (close == NULL)
            break;
        bool value = is_value(open);
        nl_buf_add(&out, at, (size_t)(open - at));
        nl_buf_adds(&out, value ? "\u2068" : "");
        nl_buf_add(&out, open, (size_t)(close + 2 - open));
        nl_buf_adds(&out, value ? "\u2069" : "");
        at = close + 2;
    }
    if (at == *text)
        return;
    nl_buf_adds(&out, at);
    free(*text);
    *text = nl_buf_take(&out);
}

void nl_values_isolate(struct nl_md_node *node) {
    if (node->type == NL_MD_TEXT && node->text != NULL)
        isolate_text(&node->text);
    for (struct nl_md_node *child = node->first; child != NULL; child = child->next)
        nl_values_isolate(child);
}
