#include "newsletter/base/finding.h"

#include "newsletter/base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void nl_findings_add(struct nl_findings *findings, enum nl_level level, const char *rule,
                     const char *path, const char *format, ...) {
    struct nl_finding item = {.level = level, .rule = rule};
    va_list arguments;
    va_start(arguments, format);
    int len = vasprintf(&item.text, format, arguments);
    va_end(arguments);
    if (len < 0)
        item.text = NULL;
    item.path = path != NULL ? strdup(path) : NULL;
    struct nl_finding *grown =
        realloc(findings->items, (findings->count + 1) * sizeof *findings->items);
    if (grown != NULL)
        findings->items = grown;
    if (grown == NULL || item.text == NULL || (path != NULL && item.path == NULL)) {
        free(item.text);
        free(item.path);
        findings->failed = true;
        return;
    }
    /* The text may quote servers and files: it stays one line whatever they said. */
    for (char *p = item.text; *p != '\0'; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            *p = ' ';
    grown[findings->count++] = item;
}

size_t nl_findings_count(const struct nl_findings *findings, enum nl_level level) {
    size_t count = 0;
    for (size_t i = 0; i < findings->count; i++)
        count += findings->items[i].level == level;
    return count;
}

void nl_findings_free(struct nl_findings *findings) {
    for (size_t i = 0; i < findings->count; i++) {
        free(findings->items[i].text);
        free(findings->items[i].path);
    }
    free(findings->items);
    *findings = (struct nl_findings){0};
}
