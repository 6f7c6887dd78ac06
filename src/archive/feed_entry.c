#include "archive/page_builder.h"

#include "archive/excerpt.h"
#include "newsletter/base/timestamp.h"
#include "newsletter/template/data.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { SUMMARY = 400 };

/* An issue is published on its date, and what was sent is the last version of it. */
static void add_times(int64_t sent_at, const char *date, json_t *data) {
    static const char days[] = "SunMonTueWedThuFriSat";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    char text[64] = "";
    struct tm tm = {0};
    time_t seconds = (time_t)sent_at;
    if (gmtime_r(&seconds, &tm) != NULL)
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm); /* RFC 3339 */
    nl_data_set(data, "updated", text);
    snprintf(text, sizeof text, "%.10sT00:00:00Z", date);
    nl_data_set(data, "published", text);
    struct nl_datetime day = {0};
    if (nl_datetime_read(date, &day))
        seconds = (time_t)nl_datetime_seconds(&day);
    if (gmtime_r(&seconds, &tm) == NULL)
        return;
    snprintf(text, sizeof text, "%.3s, %02d %.3s %04d %02d:%02d:%02d +0000",
             days + (ptrdiff_t)3 * tm.tm_wday, tm.tm_mday, months + (ptrdiff_t)3 * tm.tm_mon,
             tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec); /* RFC 5322 */
    nl_data_set(data, "mail_date", text);
}

/* "3:20" and "200" are the same to podcast programs; "0:03:20" is understood by all. Directories of
 * podcasts know M4A by an older name of its type. */
static void complete_recording(json_t *medium) {
    char text[32];
    json_int_t seconds = json_integer_value(json_object_get(medium, "seconds"));
    snprintf(text, sizeof text, "%lld:%02lld:%02lld", (long long)seconds / 3600,
             (long long)seconds / 60 % 60, (long long)seconds % 60);
    nl_data_set(medium, "clock", seconds > 0 ? text : "");
    const char *type = json_string_value(json_object_get(medium, "type"));
    nl_data_set(medium, "podcast_type", strcmp(type, "audio/mp4") == 0 ? "audio/x-m4a" : type);
}

static enum nl_status add_files(const struct nl_archive *archive,
                                const struct nl_edition_view *edition, const char *base,
                                json_t *files, struct nl_error *err) {
    enum nl_status status = NL_OK;
    for (size_t i = 0; status == NL_OK && i < edition->front.attachment_count; i++) {
        const char *path = edition->front.attachments[i];
        const char *slash = strrchr(path, '/');
        struct nl_buf href = {0};
        bool found = false;
        size_t size = 0;
        nl_buf_adds(&href, base);
        nl_issue_file_name(i, path, &href);
        status = nl_issue_attachment(archive, edition, i, &found, &size, NULL, err);
        if (found)
            json_array_append_new(
                files, json_pack("{s:s, s:s, s:s, s:I}", "src", nl_buf_text(&href), "type",
                                 nl_issue_file_type(path), "title",
                                 slash != NULL ? slash + 1 : path, "size", (json_int_t)size));
        nl_buf_free(&href);
    }
    return status;
}

static void add_summary(const struct nl_edition_view *edition, const char *body, json_t *data) {
    struct nl_buf text = {0};
    const char *line = edition->front.preheader;
    if (line != NULL && strstr(line, "{{") == NULL)
        nl_buf_adds(&text, line);
    else
        nl_excerpt_add(body, SUMMARY, &text);
    nl_data_set(data, "summary", nl_buf_text(&text));
    nl_buf_free(&text);
}

static enum nl_status describe(const struct nl_page_builder *builder, const struct nl_entry *issue,
                               const struct nl_edition_view *edition, json_t **out,
                               struct nl_error *err) {
    const struct nl_archive *archive = builder->archive;
    struct nl_identity identity = {0};
    struct nl_buf base = {0};
    struct nl_buf own = {0};
    struct nl_buf body = {0};
    json_t *recordings = NULL;
    json_t *files = json_array();
    json_t *data = *out = nl_page_entry(builder, &edition->entry);
    const char *language = edition->entry.language;
    nl_buf_addf(&own, "%sissue/%s/", nl_buf_text(&builder->root), issue->slug);
    nl_buf_addf(&base, "%s%s%s", nl_buf_text(&own), edition->own ? "" : language,
                edition->own ? "" : "/");
    nl_identity_of(archive->config, archive->list->name, archive->list->language, &identity);
    enum nl_status status = nl_page_body(&edition->text, nl_buf_text(&base), &body, err);
    if (status == NL_OK)
        status = nl_listen_data(archive, issue, edition, nl_buf_text(&base), nl_buf_text(&own),
                                &recordings, err);
    for (size_t i = 0; i < json_array_size(recordings); i++)
        complete_recording(json_array_get(recordings, i));
    if (status == NL_OK)
        status = add_files(archive, edition, nl_buf_text(&base), files, err);
    add_times(issue->sent_at, edition->entry.date, data);
    nl_data_set(data, "href", nl_buf_text(&base));
    nl_data_set(data, "body", nl_buf_text(&body));
    nl_data_set(data, "language", language);
    nl_data_set(data, "author",
                edition->entry.posted_by != NULL ? edition->entry.posted_by
                : identity.name[0] != '\0'       ? identity.name
                                                 : archive->list->title);
    add_summary(edition, nl_buf_text(&body), data);
    json_object_set_new(data, "recordings", recordings != NULL ? recordings : json_array());
    json_object_set_new(data, "files", files);
    nl_buf_free(&base);
    nl_buf_free(&own);
    nl_buf_free(&body);
    return status;
}

enum nl_status nl_feed_entry(const struct nl_page_builder *builder, const struct nl_entry *entry,
                             const char *language, json_t **out, struct nl_error *err) {
    struct nl_archive wanted = *builder->archive;
    char tag[NL_LANGUAGE_TAG] = "";
    struct nl_edition_view edition = {0};
    bool found = false;
    enum nl_status status = NL_OK;
    wanted.language = language;
    *out = NULL;
    if (language != NULL)
        status = nl_edition_pick(&wanted, entry, tag, err);
    if (status == NL_OK)
        status = nl_edition_open(&wanted, entry, tag, &found, &edition, err);
    if (status == NL_OK && found)
        status = describe(builder, entry, &edition, out, err);
    nl_edition_free(&edition);
    return status;
}
