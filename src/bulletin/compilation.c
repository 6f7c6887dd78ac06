#include "newsletter/bulletin/compilation.h"
#include "newsletter/base/memory.h"

#include "bulletin/edition.h"
#include "bulletin/siblings.h"
#include "newsletter/base/file.h"
#include "newsletter/bulletin/frontmatter.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ITEMS_LIMIT = 500, LANGUAGES_LIMIT = 50, DEEPER = 2, DEEPEST = 6 };

static const char prefix[] = "digest-";

struct item {
    struct nl_siblings files;
    char *date;
};

struct gathering {
    const struct nl_compilation *compilation;
    struct item items[ITEMS_LIMIT];
    size_t count;
    const char *languages[LANGUAGES_LIMIT]; /* apart from the main language */
    size_t language_count;
};

static const char *base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

/* ---- finding the items ---- */

static enum nl_status read_item(const char *path, char **source, struct nl_frontmatter *front,
                                size_t *body, struct nl_error *err) {
    size_t line = 0;
    enum nl_status status = nl_edition_read(path, source, err);
    return status == NL_OK
               ? nl_frontmatter_read(*source, strlen(*source), path, front, body, &line, err)
               : status;
}

static enum nl_status add_item(struct gathering *self, const char *path, struct nl_error *err) {
    struct nl_siblings files = {0};
    struct nl_frontmatter front = {0};
    char *source = NULL;
    size_t body = 0;
    enum nl_status status = nl_siblings_find(path, NULL, &files, err);
    /* An item has one file for each language: it is added at the first of them. */
    if (status != NL_OK || strcmp(files.items[0].path, path) != 0) {
        nl_siblings_free(&files);
        return status;
    }
    status = read_item(path, &source, &front, &body, err);
    if (status == NL_OK && self->count == ITEMS_LIMIT)
        status = nl_error_set(err, NL_DATA, "more than %d items", ITEMS_LIMIT);
    if (status == NL_OK) {
        self->items[self->count++] = (struct item){files, nl_strdup(front.date)};
        files = (struct nl_siblings){0};
    }
    nl_siblings_free(&files);
    nl_frontmatter_free(&front);
    free(source);
    return status;
}

static int compare_dates(const void *a, const void *b) {
    const struct item *left = a;
    const struct item *right = b;
    int order = strcmp(left->date, right->date);
    return order != 0 ? order : strcmp(left->files.items[0].path, right->files.items[0].path);
}

static void note_languages(struct gathering *self) {
    for (size_t i = 0; i < self->count; i++) {
        for (size_t k = 1; k < self->items[i].files.count; k++) {
            const char *language = self->items[i].files.items[k].language;
            size_t at = 0;
            while (at < self->language_count && strcasecmp(self->languages[at], language) != 0)
                at++;
            if (at == self->language_count && at < LANGUAGES_LIMIT)
                self->languages[self->language_count++] = language;
        }
    }
}

static enum nl_status find_items(struct gathering *self, struct nl_error *err) {
    struct nl_buf pattern = {0};
    glob_t found = {0};
    enum nl_status status = NL_OK;
    nl_file_add_pattern(&pattern, self->compilation->folder);
    nl_buf_adds(&pattern, "/*.md");
    if (glob(nl_buf_text(&pattern), 0, NULL, &found) == 0)
        for (size_t i = 0; status == NL_OK && i < found.gl_pathc; i++)
            if (strncmp(base_name(found.gl_pathv[i]), prefix, sizeof prefix - 1) != 0)
                status = add_item(self, found.gl_pathv[i], err);
    globfree(&found);
    nl_buf_free(&pattern);
    if (status == NL_OK && self->count == 0)
        status = nl_error_set(err, NL_NOINPUT, "there is no item in %s", self->compilation->folder);
    qsort(self->items, self->count, sizeof self->items[0], compare_dates);
    note_languages(self);
    return status;
}

/* ---- writing the issue ---- */

/* Titles are plain text: characters that Markdown would interpret are escaped. */
static void add_title(const char *title, struct nl_buf *out) {
    nl_buf_adds(out, "## ");
    for (const char *p = title; *p != '\0'; p++) {
        if (strchr("\\`*_[]<>#&~|", *p) != NULL)
            nl_buf_addc(out, '\\');
        nl_buf_addc(out, *p);
    }
    nl_buf_adds(out, "\n\n");
}

/* How many "#" make the line a heading; 0 if it is not one. */
static size_t heading_level(const char *line) {
    size_t level = strspn(line, "#");
    return level >= 1 && level <= DEEPEST && (line[level] == ' ' || line[level] == '\n') ? level
                                                                                         : 0;
}

/* The sign of a line that begins or ends a block of code; 0 for any other line. */
static char code_fence(const char *line) {
    line += strspn(line, " ");
    return strncmp(line, "```", 3) == 0 || strncmp(line, "~~~", 3) == 0 ? line[0] : '\0';
}

/* Copies an item's text, its headings moved to levels below its title. */
static void add_body(const char *body, struct nl_buf *out) {
    char code = '\0'; /* the sign of the block that is open */
    body += strspn(body, "\n");
    while (*body != '\0') {
        size_t len = strcspn(body, "\n");
        size_t level = code != '\0' ? 0 : heading_level(body);
        char fence = code_fence(body);
        if (code == '\0')
            code = fence;
        else if (code == fence)
            code = '\0';
        if (level > 0)
            for (size_t i = level; i < level + DEEPER && i < DEEPEST; i++)
                nl_buf_addc(out, '#');
        nl_buf_add(out, body, len);
        nl_buf_addc(out, '\n');
        body += len + (body[len] == '\n');
    }
    nl_buf_addc(out, '\n');
}

struct issue {
    struct nl_buf text;
    json_t *events, *attachments;
    char *timezone;
};

static enum nl_status add_events(struct issue *issue, const char *path,
                                 const struct nl_frontmatter *front, struct nl_error *err) {
    if (front->events.count == 0)
        return NL_OK;
    const char *zone = front->timezone != NULL ? front->timezone : "UTC";
    if (issue->timezone != NULL && strcmp(issue->timezone, zone) != 0)
        return nl_error_set(
            err, NL_DATA, "%s: its events are in the time zone %s, others in %s: use one time zone",
            path, zone, issue->timezone);
    if (issue->timezone == NULL)
        issue->timezone = nl_strdup(zone);
    char *text = nl_events_json(&front->events, zone);
    json_t *all = text != NULL ? json_loads(text, 0, NULL) : NULL;
    json_array_extend(issue->events, json_object_get(all, "events"));
    json_decref(all);
    free(text);
    return NL_OK;
}

static enum nl_status add_section(struct issue *issue, const char *path, struct nl_error *err) {
    struct nl_frontmatter front = {0};
    char *source = NULL;
    size_t body = 0;
    enum nl_status status = read_item(path, &source, &front, &body, err);
    if (status == NL_OK)
        status = add_events(issue, path, &front, err);
    for (size_t i = 0; status == NL_OK && i < front.attachment_count; i++)
        json_array_append_new(issue->attachments, json_string(front.attachments[i]));
    if (status == NL_OK) {
        add_title(front.title, &issue->text);
        add_body(source + body, &issue->text);
    }
    nl_frontmatter_free(&front);
    free(source);
    return status;
}

/* YAML reads JSON values as they are. */
static void add_yaml_line(struct nl_buf *out, const char *key, json_t *value) {
    char *text = value != NULL ? json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
    if (text != NULL)
        nl_buf_addf(out, "%s: %s\n", key, text);
    free(text);
    json_decref(value);
}

static void add_front(const struct nl_compilation *compilation, const struct issue *issue,
                      struct nl_buf *out) {
    nl_buf_adds(out, "---\n");
    add_yaml_line(out, "series",
                  compilation->series != NULL ? json_string(compilation->series) : NULL);
    add_yaml_line(out, "number",
                  compilation->number != NULL ? json_string(compilation->number) : NULL);
    add_yaml_line(out, "title", json_string(compilation->title));
    add_yaml_line(out, "date", json_string(compilation->date));
    if (json_array_size(issue->events) > 0) {
        add_yaml_line(out, "timezone", json_string(issue->timezone));
        add_yaml_line(out, "events", json_incref(issue->events));
    }
    if (json_array_size(issue->attachments) > 0)
        add_yaml_line(out, "attachments", json_incref(issue->attachments));
    nl_buf_adds(out, "---\n\n");
}

static const char *file_in(const struct item *item, const char *language) {
    for (size_t i = 0; language != NULL && i < item->files.count; i++)
        if (item->files.items[i].language != NULL &&
            strcasecmp(item->files.items[i].language, language) == 0)
            return item->files.items[i].path;
    return item->files.items[0].path;
}

static enum nl_status write_issue(const struct gathering *self, const char *path,
                                  const char *language, struct nl_error *err) {
    struct issue issue = {.events = json_array(), .attachments = json_array()};
    struct nl_buf whole = {0};
    enum nl_status status = NL_OK;
    for (size_t i = 0; status == NL_OK && i < self->count; i++)
        status = add_section(&issue, file_in(&self->items[i], language), err);
    if (status == NL_OK) {
        add_front(self->compilation, &issue, &whole);
        nl_buf_add(&whole, nl_buf_text(&issue.text), issue.text.len);
        status = nl_file_write(path, nl_buf_text(&whole), whole.len, false, err);
    }
    json_decref(issue.events);
    json_decref(issue.attachments);
    free(issue.timezone);
    nl_buf_free(&issue.text);
    nl_buf_free(&whole);
    return status;
}

static enum nl_status write_all(const struct gathering *self, char **path, struct nl_error *err) {
    struct nl_buf name = {0};
    enum nl_status status = NL_OK;
    nl_buf_addf(&name, "%s/%s%s.md", self->compilation->folder, prefix, self->compilation->date);
    *path = nl_strdup(nl_buf_text(&name));
    if (access(*path, F_OK) == 0)
        status =
            nl_error_set(err, NL_EXISTS, "%s exists already: remove it, or give a --date", *path);
    /* The main file comes last: as long as it is missing, the issue does not exist. */
    for (size_t i = 0; status == NL_OK && i < self->language_count; i++) {
        nl_buf_clear(&name);
        nl_buf_addf(&name, "%s/%s%s.%s.md", self->compilation->folder, prefix,
                    self->compilation->date, self->languages[i]);
        status = write_issue(self, nl_buf_text(&name), self->languages[i], err);
    }
    nl_buf_free(&name);
    return status == NL_OK ? write_issue(self, *path, NULL, err) : status;
}

/* Where a file of an item goes in the folder of used ones. The number stands before all endings, so
 * that the files of an item in several languages still belong together: "a-2.md", "a-2.ru.md". */
static void name_used(const char *folder, const char *path, int number, struct nl_buf *out) {
    const char *name = base_name(path);
    size_t stem = strcspn(name, ".");
    nl_buf_clear(out);
    nl_buf_addf(out, "%s/%.*s", folder, (int)stem, name);
    if (number > 1)
        nl_buf_addf(out, "-%d", number);
    nl_buf_adds(out, name + stem);
}

/* Whether none of the files of an item would take the place of an older one. */
static bool is_free(const char *folder, const struct nl_siblings *files, int number) {
    struct nl_buf target = {0};
    bool free_place = true;
    for (size_t i = 0; free_place && i < files->count; i++) {
        name_used(folder, files->items[i].path, number, &target);
        free_place = faccessat(AT_FDCWD, nl_buf_text(&target), F_OK, AT_SYMLINK_NOFOLLOW) != 0;
    }
    nl_buf_free(&target);
    return free_place;
}

/* An older item of the same name keeps its place, also when somebody puts it there just now. */
static enum nl_status move_item(const char *folder, const struct nl_siblings *files,
                                struct nl_error *err) {
    struct nl_buf target = {0};
    enum nl_status status = NL_OK;
    int number = 1;
    while (!is_free(folder, files, number))
        number++;
    for (size_t i = 0; status == NL_OK && i < files->count; i++) {
        const char *path = files->items[i].path;
        name_used(folder, path, number, &target);
        if (renameat2(AT_FDCWD, path, AT_FDCWD, nl_buf_text(&target), RENAME_NOREPLACE) != 0 &&
            (errno != EINVAL || rename(path, nl_buf_text(&target)) != 0))
            status = nl_error_system(err, errno, "move", path); /* EINVAL: a disk that cannot */
    }
    nl_buf_free(&target);
    return status;
}

/* Moves the items to the folder of used ones, so that the next issue has only new items. */
static enum nl_status move_used_items(const struct gathering *self, struct nl_error *err) {
    struct nl_buf folder = {0};
    enum nl_status status = NL_OK;
    nl_buf_addf(&folder, "%s/used", self->compilation->folder);
    if (mkdir(nl_buf_text(&folder), 0777) != 0 && errno != EEXIST)
        status = nl_error_system(err, errno, "create", nl_buf_text(&folder));
    for (size_t i = 0; status == NL_OK && i < self->count; i++)
        status = move_item(nl_buf_text(&folder), &self->items[i].files, err);
    nl_buf_free(&folder);
    return status;
}

enum nl_status nl_compilation_write(const struct nl_compilation *compilation, char **path,
                                    size_t *count, struct nl_error *err) {
    struct gathering *self = nl_calloc(1, sizeof *self);
    *path = NULL;
    *count = 0;
    self->compilation = compilation;
    enum nl_status status = find_items(self, err);
    if (status == NL_OK)
        status = write_all(self, path, err);
    if (status == NL_OK)
        status = move_used_items(self, err);
    *count = self->count;
    for (size_t i = 0; i < self->count; i++) {
        nl_siblings_free(&self->items[i].files);
        free(self->items[i].date);
    }
    free(self);
    if (status != NL_OK) {
        free(*path);
        *path = NULL;
    }
    return status;
}
