#include "newsletter/base/finding.h"

#include "newsletter/base/buf.h"
#include "newsletter/base/memory.h"

#include <stdarg.h>
#include <stdlib.h>

static void free_item(struct nl_finding *item) {
    free(item->path);
    free(item->text);
    nl_error_free(&item->said);
}

/* The text may quote servers and files: it stays one line whatever they said. */
static char *text_of(const struct nl_error *said, size_t line) {
    struct nl_buf text = {0};
    if (line > 0)
        nl_buf_addf(&text, "line %zu: ", line);
    nl_buf_adds(&text, nl_error_text(said));
    return nl_buf_take(&text);
}

/* Adds `item`, whose `said` and `path` it takes. */
static void add(struct nl_findings *findings, struct nl_finding *item, size_t line) {
    item->text = text_of(&item->said, line);
    findings->items = nl_realloc(findings->items, (findings->count + 1) * sizeof *findings->items);
    findings->items[findings->count++] = *item;
}

void nl_findings_add_args(struct nl_findings *findings, enum nl_level level, const char *rule,
                          const char *path, size_t line, const char *format, va_list args) {
    struct nl_finding item = {.level = level, .rule = rule};
    nl_error_set_args(&item.said, NL_DATA, format, args);
    item.path = path != NULL ? nl_strdup(path) : NULL;
    add(findings, &item, line);
}

void nl_findings_add_error(struct nl_findings *findings, enum nl_level level, const char *rule,
                           struct nl_error *err) {
    struct nl_finding item = {.level = level, .rule = rule, .said = *err};
    *err = (struct nl_error){0};
    add(findings, &item, 0);
}

void nl_findings_add_at(struct nl_findings *findings, enum nl_level level, const char *rule,
                        const char *path, size_t line, const char *format, ...) {
    va_list args;
    va_start(args, format);
    nl_findings_add_args(findings, level, rule, path, line, format, args);
    va_end(args);
}

void nl_findings_add(struct nl_findings *findings, enum nl_level level, const char *rule,
                     const char *path, const char *format, ...) {
    va_list args;
    va_start(args, format);
    nl_findings_add_args(findings, level, rule, path, 0, format, args);
    va_end(args);
}

size_t nl_findings_count(const struct nl_findings *findings, enum nl_level level) {
    size_t count = 0;
    for (size_t i = 0; i < findings->count; i++)
        count += findings->items[i].level == level;
    return count;
}

void nl_findings_free(struct nl_findings *findings) {
    for (size_t i = 0; i < findings->count; i++)
        free_item(&findings->items[i]);
    free(findings->items);
    *findings = (struct nl_findings){0};
}
