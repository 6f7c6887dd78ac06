#include "newsletter/bulletin/frontmatter.h"
#include "newsletter/base/memory.h"

#include "bulletin/media.h"
#include "bulletin/slug.h"
#include "newsletter/base/catalog.h"
#include "newsletter/base/suggest.h"
#include "newsletter/base/text.h"
#include "newsletter/base/timestamp.h"
#include "newsletter/base/yaml.h"

#include <stdlib.h>
#include <string.h>

enum { TITLE_LIMIT = 500 };

static const struct key {
    const char *name;
    size_t offset;
} keys[] = {
#define AT(member) offsetof(struct nl_frontmatter, member)
    {"series", AT(series)},
    {"number", AT(number)},
    {"title", AT(title)},
    {"date", AT(date)},
    {"category", AT(category)},
    {"posted_by", AT(posted_by)},
    {"subject", AT(subject)},
    {"alternative_subject", AT(alternative_subject)},
    {"slug", AT(slug)},
    {"language", AT(language)},
    {"preheader", AT(preheader)},
    {"timezone", AT(timezone)},
    {"embargo", AT(embargo)},
    {"images", AT(images)},
    {"archive", AT(archive)},
    {"design", AT(design)},
    {"contact.person", AT(contact.person)},
    {"contact.phone", AT(contact.phone)},
    {"contact.fax", AT(contact.fax)},
    {"contact.email", AT(contact.email)},
    {"contact.web", AT(contact.web)},
#undef AT
};

enum { KEYS = sizeof keys / sizeof keys[0] };

static char **text_field(struct nl_frontmatter *front, size_t key) {
    return (char **)((char *)front + keys[key].offset);
}

void nl_frontmatter_free(struct nl_frontmatter *front) {
    for (size_t i = 0; i < KEYS; i++)
        free(*text_field(front, i));
    for (size_t i = 0; i < front->attachment_count; i++)
        free(front->attachments[i]);
    free(front->attachments);
    free(front->former_slug);
    nl_events_free(&front->events);
    nl_media_free(&front->media);
    *front = (struct nl_frontmatter){0};
}

static bool is_marker_line(const char *line, size_t len) {
    while (len > 0 && (line[len - 1] == ' ' || line[len - 1] == '\t'))
        len--;
    return len == 3 && memcmp(line, "---", 3) == 0;
}

/* Finds the two lines '---', the YAML between them, and the beginning of the body. */
static enum nl_status find_yaml(const char *text, size_t len, const char *name, size_t *yaml,
                                size_t *yaml_len, size_t *body, size_t *body_line,
                                struct nl_error *err) {
    const char *end = memchr(text, '\n', len);
    if (end == NULL || !is_marker_line(text, (size_t)(end - text)))
        return nl_error_set(
            err, NL_DATA,
            NL_TEXT("%s:1: no front matter: begin the file with a line '---', then title: "
                    "and date:, then '---'"),
            name);
    size_t at = (size_t)(end - text) + 1;
    size_t line = 2;
    *yaml = at;
    while (at < len) {
        end = memchr(text + at, '\n', len - at);
        size_t line_len = end != NULL ? (size_t)(end - text) - at : len - at;
        if (is_marker_line(text + at, line_len)) {
            *yaml_len = at - *yaml;
            *body = at + line_len + (end != NULL);
            *body_line = line + 1;
            return NL_OK;
        }
        at += line_len + 1;
        line++;
    }
    return nl_error_set(err, NL_DATA,
                        NL_TEXT("%s: the front matter does not end: close it with a line '---'"),
                        name);
}

static void add_attachment(struct nl_frontmatter *front, const char *path) {
    front->attachments =
        nl_realloc(front->attachments, (front->attachment_count + 1) * sizeof *front->attachments);
    front->attachments[front->attachment_count++] = nl_strdup(path);
}

/* Whether a key without a value is a list or a section that somebody left empty. */
static bool is_section(const char *path) {
    return strcmp(path, "attachments") == 0 || strcmp(path, "events") == 0 ||
           strcmp(path, "contact") == 0 || strcmp(path, "media") == 0;
}

static bool may_hold_variables(const char *path) {
    return strcmp(path, "subject") == 0 || strcmp(path, "alternative_subject") == 0 ||
           strcmp(path, "preheader") == 0;
}

/* Looks for text that YAML does not take as part of the value: it would be lost silently. */
static enum nl_status check_form(const struct nl_yaml_entry *entry, const char *name,
                                 struct nl_error *err) {
    if (entry->comment)
        return nl_error_set(
            err, NL_DATA,
            NL_TEXT("%s:%zu: %s: YAML takes the text after # for a comment: put the whole "
                    "value in quotation marks, or the comment on a line of its own"),
            name, entry->line, entry->path);
    if (entry->form == NL_YAML_NULL)
        return nl_error_set(
            err, NL_DATA,
            NL_TEXT("%s:%zu: %s: YAML takes this word for no value: put it in quotation "
                    "marks, or leave the value empty"),
            name, entry->line, entry->path);
    if (!may_hold_variables(entry->path) && strstr(entry->value, "{{") != NULL)
        return nl_error_set(
            err, NL_DATA,
            NL_TEXT("%s:%zu: %s cannot hold a variable: the text, subject and preheader can"), name,
            entry->line, entry->path);
    return NL_OK;
}

/* A block of YAML (| or >) ends with a line end, which is not part of a title. */
static enum nl_status check_line(struct nl_yaml_entry *entry, const char *name,
                                 struct nl_error *err) {
    size_t len = strlen(entry->value);
    while (entry->form == NL_YAML_BLOCK && len > 0 && entry->value[len - 1] == '\n')
        entry->value[--len] = '\0';
    if (entry->form == NL_YAML_BLOCK && strchr(entry->value, '\n') != NULL)
        return nl_error_set(err, NL_DATA, NL_TEXT("%s:%zu: %s has several lines: write it on one"),
                            name, entry->line, entry->path);
    if (nl_text_check_label(entry->value, entry->path, err) != NL_OK)
        return nl_error_context(err, "%s:%zu", name, entry->line);
    if (strcmp(entry->path, "contact.web") == 0 && entry->value[0] != '\0' &&
        !nl_text_is_http_url(entry->value))
        return nl_error_set(err, NL_DATA,
                            NL_TEXT("%s:%zu: contact.web is '%s', expected an https address"), name,
                            entry->line, entry->value);
    return NL_OK;
}

static enum nl_status unknown_key(const struct nl_yaml_entry *entry, const char *name,
                                  struct nl_error *err) {
    const char *known[KEYS + 5] = {"attachments", "events", "contact", "media"};
    for (size_t i = 0; i < KEYS; i++)
        known[i + 4] = keys[i].name;
    const char *near = nl_suggest(entry->path, known);
    const char *dot = strchr(entry->path, '.');
    size_t head = dot != NULL ? (size_t)(dot - entry->path) : strlen(entry->path);
    for (size_t i = 0; i < KEYS; i++)
        if (dot != NULL && strlen(keys[i].name) == head &&
            strncmp(keys[i].name, entry->path, head) == 0)
            return nl_error_set(err, NL_DATA,
                                NL_TEXT("%s:%zu: %s is one text: put it in quotation marks, since "
                                        "YAML takes [ and { for the beginning of a list"),
                                name, entry->line, keys[i].name);
    if (near != NULL)
        return nl_error_set(err, NL_DATA, NL_TEXT("%s:%zu: unknown key '%s': did you mean %s?"),
                            name, entry->line, entry->path, near);
    return nl_error_set(
        err, NL_DATA,
        NL_TEXT("%s:%zu: unknown key '%s': use series, number, title, date, category, "
                "posted_by, subject, alternative_subject, slug, language, preheader, "
                "timezone, embargo, images, archive, design, attachments, events, media or "
                "contact (person, phone, fax, email, web)"),
        name, entry->line, entry->path);
}

static enum nl_status take_entry(struct nl_frontmatter *front, struct nl_yaml_entry *entry,
                                 const char *name, struct nl_error *err) {
    size_t key = 0;
    while (key < KEYS && strcmp(keys[key].name, entry->path) != 0)
        key++;
    bool event = strncmp(entry->path, "events.", 7) == 0;
    bool medium = strncmp(entry->path, "media.", 6) == 0;
    bool attachment =
        strncmp(entry->path, "attachments.", 12) == 0 && strchr(entry->path + 12, '.') == NULL;
    if (strcmp(entry->path, "attachments") == 0 && entry->form != NL_YAML_EMPTY)
        return nl_error_set(
            err, NL_DATA,
            NL_TEXT("%s:%zu: attachments is a list, as 'attachments: [programme.pdf]'"), name,
            entry->line);
    if (key == KEYS && !attachment && !event && !medium && entry->form != NL_YAML_EMPTY)
        return unknown_key(entry, name, err);
    if (check_form(entry, name, err) != NL_OK || check_line(entry, name, err) != NL_OK)
        return NL_DATA;
    if (event)
        return nl_events_take(&front->events, entry->path + 7, entry->value, name, entry->line,
                              err);
    if (medium)
        return nl_media_take(&front->media, entry->path + 6, entry->value, name, entry->line, err);
    if (strlen(entry->value) > TITLE_LIMIT)
        return nl_error_set(err, NL_DATA, NL_TEXT("%s:%zu: %s is longer than %d bytes"), name,
                            entry->line, entry->path, TITLE_LIMIT);
    if (attachment && entry->value[0] != '\0')
        add_attachment(front, entry->value);
    if (attachment)
        return NL_OK;
    if (entry->value[0] == '\0')
        return key < KEYS || is_section(entry->path) ? NL_OK : unknown_key(entry, name, err);
    *text_field(front, key) = nl_strdup(entry->value);
    return NL_OK;
}

static void fill_defaults(struct nl_frontmatter *front) {
    struct nl_buf subject = {0};
    struct nl_buf slug = {0};
    if (front->subject == NULL) {
        if (front->number != NULL)
            nl_buf_addf(&subject, "%s: ", front->number);
        nl_buf_adds(&subject, front->title);
        front->subject = nl_buf_take(&subject);
    }
    if (front->slug == NULL) {
        struct nl_buf name = {0};
        if (front->number != NULL)
            nl_buf_addf(&name, "%s %s", front->series != NULL ? front->series : "", front->number);
        else
            nl_buf_adds(&name, front->title);
        nl_slug_make(&slug, nl_buf_text(&name), front->language, front->date);
        front->slug = nl_buf_take(&slug);
        nl_slug_former(&slug, nl_buf_text(&name), front->date);
        front->former_slug = nl_buf_take(&slug);
        nl_buf_free(&name);
    }
}

/* A day, a time and nothing else; `timezone` says where clocks show it. */
static enum nl_status check_embargo(const struct nl_frontmatter *front, const char *name,
                                    struct nl_error *err) {
    struct nl_datetime moment = {0};
    if (front->embargo == NULL ||
        (strlen(front->embargo) == 16 && nl_datetime_read(front->embargo, &moment)))
        return NL_OK;
    return nl_error_set(
        err, NL_DATA,
        NL_TEXT("%s: embargo '%s': write a day and a time, as 'embargo: 2026-09-14 09:00', "
                "by clocks of 'timezone'"),
        name, front->embargo);
}

static enum nl_status check_values(const struct nl_frontmatter *front, const char *name,
                                   struct nl_error *err) {
    struct nl_buf slug = {0};
    enum nl_design design = NL_DESIGN_BULLETIN;
    if (front->title == NULL)
        return nl_error_set(err, NL_DATA,
                            NL_TEXT("%s: the front matter has no title: add 'title: ...'"), name);
    if (front->date == NULL || !nl_datetime_is_day(front->date))
        return nl_error_set(
            err, NL_DATA, NL_TEXT("%s: %s '%s': add a day that exists, as 'date: 2008-08-25'"),
            name,
            front->date != NULL ? NL_TEXT_IN("error", "invalid date")
                                : NL_TEXT_IN("error", "the front matter has no date"),
            front->date != NULL ? front->date : "");
    if (front->archive != NULL && strcmp(front->archive, "public") != 0 &&
        strcmp(front->archive, "unlisted") != 0 && strcmp(front->archive, "never") != 0)
        return nl_error_set(err, NL_DATA,
                            NL_TEXT("%s: archive '%s': use public, unlisted or never"), name,
                            front->archive);
    if (front->images != NULL && strcmp(front->images, "inline") != 0 &&
        strcmp(front->images, "links") != 0)
        return nl_error_set(err, NL_DATA, NL_TEXT("%s: images '%s': use inline or links"), name,
                            front->images);
    if (front->design != NULL && !nl_design_parse(front->design, &design))
        return nl_error_set(err, NL_DATA,
                            NL_TEXT("%s: design '%s': use bulletin, letter or magazine"), name,
                            front->design);
    if (front->slug != NULL) {
        nl_text_slug(&slug, front->slug);
        bool same = strcmp(nl_buf_text(&slug), front->slug) == 0 && slug.len <= NL_SLUG_LIMIT;
        nl_buf_free(&slug);
        if (!same)
            return nl_error_set(err, NL_DATA,
                                NL_TEXT("%s: slug '%s': use up to %d of a-z, 0-9 and -"), name,
                                front->slug, NL_SLUG_LIMIT);
    }
    return NL_OK;
}

enum nl_status nl_frontmatter_read(const char *text, size_t len, const char *name,
                                   struct nl_frontmatter *out, size_t *body, size_t *body_line,
                                   struct nl_error *err) {
    struct nl_yaml yaml = {0};
    size_t start = 0;
    size_t yaml_len = 0;
    *out = (struct nl_frontmatter){0};
    enum nl_status status = find_yaml(text, len, name, &start, &yaml_len, body, body_line, err);
    if (status == NL_OK)
        status = nl_yaml_read(text + start, yaml_len, name, 2, &yaml, err);
    for (size_t i = 0; status == NL_OK && i < yaml.count; i++)
        status = take_entry(out, &yaml.entries[i], name, err);
    if (status == NL_OK)
        status = check_values(out, name, err);
    if (status == NL_OK)
        status = check_embargo(out, name, err);
    if (status == NL_OK)
        status = nl_events_check(&out->events, out->timezone, name, err);
    if (status == NL_OK)
        status = nl_media_check(&out->media, name, err);
    if (status == NL_OK)
        fill_defaults(out);
    nl_yaml_free(&yaml);
    if (status != NL_OK)
        nl_frontmatter_free(out);
    return status;
}
