#include "archive/page_builder.h"
#include "newsletter/base/memory.h"

#include <stdlib.h>
#include <string.h>

struct picking {
    const char *wanted;
    enum nl_language_match best;
    char *out;
};

static enum nl_status consider(const char *language, void *ctx, struct nl_error *err) {
    struct picking *picking = ctx;
    enum nl_language_match match = nl_language_match(picking->wanted, language);
    (void)err;
    if (match > picking->best && strlen(language) < NL_LANGUAGE_TAG) {
        picking->best = match;
        memcpy(picking->out, language, strlen(language) + 1);
    }
    return NL_OK;
}

enum nl_status nl_edition_pick(const struct nl_archive *archive, const struct nl_entry *entry,
                               char out[NL_LANGUAGE_TAG], struct nl_error *err) {
    const char *wanted = archive->language != NULL ? archive->language
                                                   : nl_catalog_language(archive->theme->catalog);
    struct picking picking = {
        .wanted = wanted, .best = nl_language_match(wanted, entry->language), .out = out};
    out[0] = '\0';
    return nl_archive_languages(archive->store, entry->id, consider, &picking, err);
}

/* Issues keep the file that they were written in. An edition says there what its series is called,
 * and who posted it. */
static void read_front(struct nl_edition_view *edition) {
    struct nl_error ignored = {0};
    size_t body = 0;
    size_t line = 0;
    const char *source = edition->text.source;
    if (source == NULL || nl_frontmatter_read(source, strlen(source), "", &edition->front, &body,
                                              &line, &ignored) != NL_OK)
        edition->front = (struct nl_frontmatter){0}; /* earlier versions took other things */
    nl_error_free(&ignored);
}

static void take(const char **to, const char *value) {
    if (value != NULL)
        *to = value;
}

enum nl_status nl_edition_open(const struct nl_archive *archive, const struct nl_entry *entry,
                               const char *language, bool *found, struct nl_edition_view *out,
                               struct nl_error *err) {
    bool own = language == NULL || language[0] == '\0';
    *out = (struct nl_edition_view){.entry = *entry, .own = own};
    enum nl_status status =
        nl_archive_text(archive->store, entry->id, own ? NULL : language, found, &out->text, err);
    if (status != NL_OK || !*found)
        return status;
    read_front(out);
    take(&out->entry.title, out->text.title);
    if (!own) {
        out->entry.language = language;
        take(&out->entry.series, out->front.series);
        take(&out->entry.number, out->front.number);
        take(&out->entry.category, out->front.category);
        take(&out->entry.posted_by, out->front.posted_by);
    }
    return NL_OK;
}

void nl_edition_free(struct nl_edition_view *edition) {
    nl_archived_free(&edition->text);
    nl_frontmatter_free(&edition->front);
}

static enum nl_status keep_entry(const struct nl_entry *entry, void *ctx, struct nl_error *err) {
    (void)err;
    struct nl_page_builder *builder = ctx;
    const char *const from[] = {entry->slug,     entry->series,    entry->number, entry->title,
                                entry->category, entry->posted_by, entry->date,   entry->language};
    const char **const to[] = {&builder->entry.slug,     &builder->entry.series,
                               &builder->entry.number,   &builder->entry.title,
                               &builder->entry.category, &builder->entry.posted_by,
                               &builder->entry.date,     &builder->entry.language};
    builder->entry.id = entry->id;
    builder->entry.sent_at = entry->sent_at;
    for (size_t i = 0; i < sizeof from / sizeof from[0]; i++) {
        if (from[i] == NULL)
            continue;
        builder->strings[i] = nl_strdup(from[i]);
        *to[i] = builder->strings[i];
    }
    return NL_OK;
}

enum nl_status nl_issue_open(struct nl_page_builder *builder, const char *slug,
                             const char *language, bool *found, struct nl_edition_view *out,
                             struct nl_error *err) {
    const struct nl_archive *archive = builder->archive;
    const struct nl_filter filter = {.slug = slug, .unlisted = true, .limit = 1};
    enum nl_status status =
        nl_archive_each(archive->store, archive->list->id, &filter, keep_entry, builder, err);
    return status == NL_OK && builder->entry.id != 0
               ? nl_edition_open(archive, &builder->entry, language, found, out, err)
               : status;
}
