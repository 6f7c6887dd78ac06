#include "newsletter/bulletin/bulletin.h"
#include "newsletter/base/catalog.h"
#include "newsletter/base/memory.h"
#include "newsletter/base/zone.h"

#include "bulletin/edition.h"
#include "bulletin/siblings.h"
#include "newsletter/base/token.h"
#include "newsletter/bulletin/genuine.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static char *take_text(char **from) {
    char *value = *from;
    *from = NULL;
    return value;
}

/* The first edition names the issue: its slug, number, title and date. */
static void fill_issue(struct nl_composed *composed, struct nl_issue *issue) {
    struct nl_frontmatter *front = &composed->front;
    issue->slug = take_text(&front->slug);
    issue->series = take_text(&front->series);
    issue->number = take_text(&front->number);
    issue->title = take_text(&front->title);
    issue->subject = take_text(&front->subject);
    issue->alternative_subject = take_text(&front->alternative_subject);
    issue->alternative_len = composed->alternative.len;
    issue->alternative = nl_buf_take(&composed->alternative);
    issue->category = take_text(&front->category);
    issue->posted_by = take_text(&front->posted_by);
    issue->date = take_text(&front->date);
    issue->language = take_text(&front->language);
    issue->archive = take_text(&front->archive);
    if (front->embargo != NULL &&
        !nl_zone_time(front->embargo, front->timezone != NULL ? front->timezone : "UTC",
                      &issue->public_from))
        issue->public_from = 0; /* frontmatter.c has refused such a text */
    issue->source = take_text(&composed->source);
    issue->digest = take_text(&composed->digest);
    issue->message_len = composed->message.len;
    issue->message = nl_buf_take(&composed->message);
    issue->body_len = composed->body.len;
    issue->body = nl_buf_take(&composed->body);
    issue->recordings = composed->recordings;
    issue->recording_count = composed->recording_count;
    composed->recordings = NULL;
    composed->recording_count = 0;
    if (front->events.count > 0)
        issue->events = nl_events_json(&front->events, front->timezone);
}

static void fill_edition(struct nl_composed *composed, struct nl_edition *out) {
    *out =
        (struct nl_edition){.language = take_text(&composed->front.language),
                            .title = take_text(&composed->front.title),
                            .subject = take_text(&composed->front.subject),
                            .alternative_subject = take_text(&composed->front.alternative_subject),
                            .source = take_text(&composed->source)};
    out->alternative_len = composed->alternative.len;
    out->alternative = nl_buf_take(&composed->alternative);
    out->message_len = composed->message.len;
    out->message = nl_buf_take(&composed->message);
    out->body_len = composed->body.len;
    out->body = nl_buf_take(&composed->body);
    out->recordings = composed->recordings;
    out->recording_count = composed->recording_count;
    composed->recordings = NULL;
    composed->recording_count = 0;
}

/* The digest covers the text of each language, so that a change in any of them is noticed. */
static void extend_digest(struct nl_issue *issue, const char *language, const char *digest) {
    struct nl_buf all = {0};
    char text[2 * NL_DIGEST_LEN + 1];
    nl_buf_addf(&all, "%s %s %s", issue->digest, language, digest);
    nl_digest_hex(nl_buf_text(&all), all.len, text);
    free(issue->digest);
    issue->digest = nl_strdup(text);
    nl_buf_free(&all);
}

static enum nl_status check_language_is_new(const struct nl_bulletin *bulletin, const char *path,
                                            const char *language, struct nl_error *err) {
    for (size_t i = 0; i < bulletin->view_count; i++)
        if (strcasecmp(nl_bulletin_edition(bulletin, i).language, language) == 0)
            return nl_error_set(
                err, NL_DATA,
                NL_TEXT("%s: it is in language %s, as %s is: an issue has one file for "
                        "each language"),
                path, language, bulletin->views[i].path);
    return NL_OK;
}

static enum nl_status add_edition(struct nl_composed *composed, struct nl_bulletin *out,
                                  struct nl_error *err) {
    struct nl_issue *issue = &out->issue;
    const char *language = composed->front.language;
    enum nl_status status = check_language_is_new(out, composed->view.path, language, err);
    if (status == NL_OK && composed->front.alternative_subject != NULL &&
        issue->alternative_subject == NULL)
        status = nl_error_set(
            err, NL_DATA,
            NL_TEXT("%s: it has an alternative_subject, but %s has none: give it one too"),
            composed->view.path, out->views[0].path);
    if (status != NL_OK)
        return status;
    extend_digest(issue, language, composed->digest);
    fill_edition(composed, &issue->editions[issue->edition_count++]);
    return NL_OK;
}

/* Issues have a number to ask about where they are signed. */
static void add_reference(struct nl_bulletin *bulletin, const struct nl_list *list,
                          const struct nl_config *config) {
    char reference[NL_REFERENCE_LEN + 1];
    if (config->signing.key_file == NULL)
        return;
    nl_reference(list->list_id, bulletin->issue.slug, reference);
    bulletin->issue.reference = nl_strdup(reference);
}

static enum nl_status compose_file(const struct nl_sibling *file, const struct nl_list *list,
                                   const struct nl_config *config, struct nl_bulletin *out,
                                   struct nl_error *err) {
    struct nl_composed composed = {0};
    enum nl_status status = nl_edition_compose(file->path, file->language, out->issue.slug, list,
                                               config, &composed, err);
    if (status == NL_OK && out->view_count == 0) {
        fill_issue(&composed, &out->issue);
        add_reference(out, list, config);
        out->former_slug = take_text(&composed.front.former_slug);
    } else if (status == NL_OK)
        status = add_edition(&composed, out, err);
    if (status == NL_OK) {
        out->views[out->view_count++] = composed.view;
        composed.view = (struct nl_view){0};
    }
    nl_composed_free(&composed);
    return status;
}

enum nl_status nl_bulletin_compose(const char *path, const struct nl_list *list,
                                   const struct nl_config *config, struct nl_bulletin *out,
                                   struct nl_error *err) {
    struct nl_siblings files = {0};
    *out = (struct nl_bulletin){.issue = {.list = list->id}};
    if (config->unsubscribe_url == NULL)
        return nl_error_set(err, NL_CONFIG,
                            "%s: unsubscribe_url is not set: no issue goes out without a way to "
                            "leave",
                            config->path);
    enum nl_status status = nl_siblings_find(path, list->language, &files, err);
    if (status == NL_OK) {
        out->views = nl_calloc(files.count, sizeof *out->views);
        out->issue.editions = nl_calloc(files.count, sizeof *out->issue.editions);
    }
    for (size_t i = 0; status == NL_OK && i < files.count; i++)
        status = compose_file(&files.items[i], list, config, out, err);
    nl_siblings_free(&files);
    if (status != NL_OK)
        nl_bulletin_free(out);
    return status;
}

struct nl_edition nl_bulletin_edition(const struct nl_bulletin *bulletin, size_t index) {
    const struct nl_issue *issue = &bulletin->issue;
    if (index > 0)
        return issue->editions[index - 1];
    return (struct nl_edition){.language = issue->language,
                               .title = issue->title,
                               .subject = issue->subject,
                               .alternative_subject = issue->alternative_subject,
                               .source = issue->source,
                               .message = issue->message,
                               .message_len = issue->message_len,
                               .body = issue->body,
                               .body_len = issue->body_len};
}

void nl_issue_names_free(struct nl_issue_names *names) {
    free(names->slug);
    free(names->former_slug);
    free(names->title);
    *names = (struct nl_issue_names){0};
}

enum nl_status nl_bulletin_names(const char *path, struct nl_issue_names *out,
                                 struct nl_error *err) {
    struct nl_siblings files = {0};
    struct nl_frontmatter front = {0};
    char *source = NULL;
    size_t body = 0;
    size_t line = 0;
    *out = (struct nl_issue_names){0};
    enum nl_status status = nl_siblings_find(path, NULL, &files, err);
    if (status == NL_OK)
        status = nl_edition_read(files.items[0].path, &source, err);
    if (status == NL_OK)
        status = nl_frontmatter_read(source, strlen(source), files.items[0].path, &front, &body,
                                     &line, err);
    if (status == NL_OK)
        *out = (struct nl_issue_names){.slug = take_text(&front.slug),
                                       .former_slug = take_text(&front.former_slug),
                                       .title = take_text(&front.title)};
    nl_frontmatter_free(&front);
    nl_siblings_free(&files);
    free(source);
    return status;
}

void nl_bulletin_free(struct nl_bulletin *bulletin) {
    nl_issue_free(&bulletin->issue);
    free(bulletin->former_slug);
    for (size_t i = 0; i < bulletin->view_count; i++)
        nl_view_free(&bulletin->views[i]);
    free(bulletin->views);
    *bulletin = (struct nl_bulletin){0};
}
