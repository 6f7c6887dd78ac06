#include "template/mustache_tag.h"

#include <string.h>

bool nl_tag_is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

void nl_tag_trim(const char **text, size_t *len) {
    while (*len > 0 && nl_tag_is_blank(**text)) {
        ++*text;
        --*len;
    }
    while (*len > 0 && nl_tag_is_blank((*text)[*len - 1]))
        --*len;
}

/* A tag other than a value that stands alone on a line removes the whole line. */
static void widen_standalone(const char *start, struct nl_tag *tag) {
    const char *left = tag->begin;
    const char *right = tag->end;
    while (left > start && (left[-1] == ' ' || left[-1] == '\t'))
        left--;
    while (*right == ' ' || *right == '\t')
        right++;
    if ((left > start && left[-1] != '\n') ||
        (*right != '\n' && *right != '\0' && strncmp(right, "\r\n", 2) != 0))
        return;
    tag->indent = left;
    tag->indent_len = (size_t)(tag->begin - left);
    tag->begin = left;
    tag->end = right + (*right == '\r') + (*right != '\0');
}

bool nl_tag_next(const char *text, const char *start, const struct nl_delimiters *marks,
                 struct nl_tag *tag, bool *found) {
    const char *open = strstr(text, marks->open);
    *found = open != NULL;
    *tag = (struct nl_tag){.kind = 'v', .begin = open};
    if (open == NULL)
        return true;
    const char *name = open + strlen(marks->open);
    bool triple = *name == '{' && strcmp(marks->open, "{{") == 0;
    if (triple || (*name != '\0' && strchr("#^/!&>=", *name) != NULL))
        tag->kind = triple ? '&' : *name;
    if (tag->kind != 'v')
        name++;
    const char *end = triple ? "}}}" : marks->close;
    const char *close = strstr(name, end);
    if (close == NULL)
        return false;
    tag->end = close + strlen(end);
    tag->name = name;
    tag->name_len = (size_t)(close - name);
    if (tag->kind == '=' && tag->name_len > 0)
        tag->name_len--; /* the second '=' */
    nl_tag_trim(&tag->name, &tag->name_len);
    if (tag->kind != 'v' && tag->kind != '&')
        widen_standalone(start, tag);
    return true;
}

bool nl_delimiters_set(struct nl_delimiters *delimiters, const struct nl_tag *tag) {
    const char *gap = tag->name;
    const char *end = tag->name + tag->name_len;
    while (gap < end && !nl_tag_is_blank(*gap))
        gap++;
    const char *second = gap;
    while (second < end && nl_tag_is_blank(*second))
        second++;
    size_t open = (size_t)(gap - tag->name);
    size_t close = (size_t)(end - second);
    if (open == 0 || close == 0 || open >= NL_DELIMITER_LIMIT || close >= NL_DELIMITER_LIMIT)
        return false;
    *delimiters = (struct nl_delimiters){0};
    memcpy(delimiters->open, tag->name, open);
    memcpy(delimiters->close, second, close);
    return true;
}
