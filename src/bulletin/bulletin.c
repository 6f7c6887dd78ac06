#include "bulletin/bulletin.h"

#include "bulletin/frontmatter.h"
#include "bulletin/header.h"
#include "bulletin/markdown.h"
#include "bulletin/pack.h"
#include "bulletin/render.h"
#include "bulletin/theme.h"
#include "newsletter/address.h"
#include "newsletter/bulletin.h"
#include "newsletter/file.h"
#include "newsletter/text.h"
#include "newsletter/token.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SOURCE_LIMIT = 4 << 20 };

void nl_data_set(json_t *data, const char *name, const char *value) {
    json_object_set_new(data, name, json_string(value != NULL ? value : ""));
}

json_t *nl_list_data(const struct nl_list *list) {
    json_t *data = json_object();
    nl_data_set(data, "name", list->name);
    nl_data_set(data, "title", list->title);
    nl_data_set(data, "language", list->language);
    nl_data_set(data, "archive_url", list->archive_url);
    nl_data_set(data, "subscribe_url", list->subscribe_url);
    nl_data_set(data, "postal_address", list->postal_address);
    return data;
}

static void add_field(struct nl_fields *fields, const char *name, const char *value) {
    struct nl_buf buf = {0};
    nl_buf_adds(&buf, value);
    nl_fields_add(fields, name, &buf);
}

static enum nl_status add_mailbox(struct nl_fields *fields, const char *name, const char *mailbox,
                                  struct nl_error *err) {
    struct nl_buf value = {0};
    struct nl_address address = {0};
    char *display = NULL;
    enum nl_status status = nl_mailbox_parse(mailbox, &display, &address, err);
    if (status == NL_OK) {
        nl_header_mailbox(&value, display, address.envelope);
        nl_fields_add(fields, name, &value);
    }
    free(display);
    nl_address_free(&address);
    return status;
}

static enum nl_status add_slot(struct nl_fields *fields, struct nl_slots *slots, const char *name,
                               enum nl_slot_kind kind, struct nl_error *err) {
    struct nl_buf value = {0};
    enum nl_status status = nl_slots_mark(slots, kind, "", "", &value, err);
    nl_fields_add(fields, name, &value);
    return status;
}

enum nl_status nl_fields_common(const struct nl_list *list, const char *subject,
                                const char *language, struct nl_slots *slots,
                                struct nl_fields *fields, struct nl_error *err) {
    struct nl_buf text = {0};
    enum nl_status status = add_mailbox(fields, "From", list->sender, err);
    if (status == NL_OK)
        status = add_slot(fields, slots, "To", NL_SLOT_TO, err);
    if (status == NL_OK && list->reply_to != NULL)
        status = add_mailbox(fields, "Reply-To", list->reply_to, err);
    nl_header_text(&text, subject);
    nl_fields_add(fields, "Subject", &text);
    if (status == NL_OK)
        status = add_slot(fields, slots, "Date", NL_SLOT_DATE, err);
    if (status == NL_OK)
        status = add_slot(fields, slots, "Message-ID", NL_SLOT_MESSAGE_ID, err);
    add_field(fields, "Content-Language", language);
    return status;
}

/* RFC 6068; 'newsletter bounce' reads what comes of it. Left out for an address that would need
 * escapes. */
static enum nl_status add_mailto(const char *address, struct nl_slots *slots, struct nl_buf *out,
                                 struct nl_error *err) {
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_+@";
    struct nl_buf url = {0};
    if (address[strspn(address, plain)] != '\0')
        return NL_OK;
    nl_buf_addf(&url, "mailto:%s?subject=unsubscribe%%20{token}", address);
    nl_buf_adds(out, ", <");
    enum nl_status status = nl_slots_url(slots, nl_buf_text(&url), NL_SLOT_UNSUBSCRIBE, out, err);
    nl_buf_addc(out, '>');
    nl_buf_free(&url);
    return status;
}

/* RFC 2919, RFC 2369 and RFC 8058. */
static enum nl_status list_fields(const struct nl_list *list, const struct nl_config *config,
                                  struct nl_slots *slots, struct nl_fields *fields,
                                  struct nl_error *err) {
    struct nl_buf value = {0};
    nl_buf_addf(&value, "<%s>", list->list_id);
    nl_fields_add(fields, "List-Id", &value);
    nl_buf_addc(&value, '<');
    enum nl_status status =
        nl_slots_url(slots, config->unsubscribe_url, NL_SLOT_UNSUBSCRIBE, &value, err);
    nl_buf_addc(&value, '>');
    if (status == NL_OK && config->bounce_address != NULL)
        status = add_mailto(config->bounce_address, slots, &value, err);
    nl_fields_add(fields, "List-Unsubscribe", &value);
    add_field(fields, "List-Unsubscribe-Post", "List-Unsubscribe=One-Click");
    if (list->subscribe_url != NULL) {
        nl_buf_addf(&value, "<%s>", list->subscribe_url);
        nl_fields_add(fields, "List-Subscribe", &value);
    }
    if (list->owner != NULL) {
        struct nl_address owner = {0};
        if (status == NL_OK)
            status = nl_address_parse(list->owner, &owner, err);
        if (status == NL_OK) {
            nl_buf_addf(&value, "<mailto:%s>", owner.envelope);
            nl_fields_add(fields, "List-Owner", &value);
        }
        nl_address_free(&owner);
    }
    if (list->archive_url != NULL) {
        nl_buf_addf(&value, "<%s>", list->archive_url);
        nl_fields_add(fields, "List-Archive", &value);
    }
    return status;
}

void nl_long_date(const char *date, struct nl_buf *out) {
    struct tm tm = {0};
    char text[64];
    if (strptime(date, "%Y-%m-%d", &tm) == NULL || strftime(text, sizeof text, "%B %Y", &tm) == 0)
        return;
    nl_buf_addf(out, "%d %s", tm.tm_mday, text);
}

static json_t *template_data(const struct nl_frontmatter *front, const struct nl_list *list,
                             const char *unsubscribe_url, const struct nl_buf *body) {
    json_t *data = json_object();
    struct nl_buf date = {0};
    struct nl_buf title = {0};
    nl_long_date(front->date, &date);
    nl_plain_wrap(&title, front->title, "", "");
    nl_data_set(data, "series", front->series);
    nl_data_set(data, "number", front->number);
    nl_data_set(data, "title", front->title);
    nl_data_set(data, "wrapped_title", nl_buf_text(&title));
    nl_data_set(data, "subject", front->subject);
    nl_data_set(data, "category", front->category);
    nl_data_set(data, "posted_by", front->posted_by);
    nl_data_set(data, "preheader", front->preheader);
    nl_data_set(data, "language", front->language);
    nl_data_set(data, "date", nl_buf_text(&date));
    nl_data_set(data, "iso_date", front->date);
    nl_data_set(data, "unsubscribe_url", unsubscribe_url);
    nl_data_set(data, "body", nl_buf_text(body));
    json_object_set_new(data, "calendar", nl_events_data(&front->events));
    json_object_set_new(data, "list", nl_list_data(list));
    nl_buf_free(&date);
    nl_buf_free(&title);
    return data;
}

struct composition {
    const char *path;
    const struct nl_list *list;
    const struct nl_config *config;
    struct nl_frontmatter front;
    struct nl_theme theme;
    struct nl_slots slots;
    struct nl_buf html, text; /* with markers */
    struct nl_enclosures enclosures;
    struct nl_error *err;
};

/* One rendered body into its layout, with markers in place of the variables. */
static enum nl_status lay_out(struct composition *self, const char *file, const struct nl_buf *body,
                              struct nl_buf *out) {
    struct nl_buf marked = {0};
    struct nl_buf url = {0};
    json_t *data = NULL;
    enum nl_status status =
        nl_slots_substitute(&self->slots, nl_buf_text(body), self->config->unsubscribe_url,
                            self->path, &marked, self->err);
    if (status == NL_OK)
        status = nl_slots_url(&self->slots, self->config->unsubscribe_url, NL_SLOT_UNSUBSCRIBE,
                              &url, self->err);
    if (status == NL_OK) {
        data = template_data(&self->front, self->list, nl_buf_text(&url), &marked);
        status = nl_theme_render(&self->theme, file, data, out, self->err);
    }
    json_decref(data);
    nl_buf_free(&url);
    nl_buf_free(&marked);
    return status;
}

static enum nl_status render_bodies(struct composition *self, const char *markdown, size_t len) {
    struct nl_md_node *document = NULL;
    struct nl_buf html = {0};
    struct nl_buf text = {0};
    enum nl_status status = nl_theme_open(self->config->templates, &self->theme, self->err);
    if (status == NL_OK)
        status = nl_markdown_read(markdown, len, self->path, &document, self->err);
    if (status == NL_OK)
        status = nl_enclosures_images(&self->enclosures, self->path, document, self->err);
    for (size_t i = 0; status == NL_OK && i < self->front.attachment_count; i++)
        status = nl_enclosures_attach(&self->enclosures, self->path, self->front.attachments[i],
                                      self->err);
    if (status == NL_OK) {
        nl_render_html(document, &self->theme, &html);
        nl_render_plain(document, &text);
        if (html.failed || text.failed)
            status = nl_error_nomem(self->err);
    }
    if (status == NL_OK)
        status = lay_out(self, "bulletin.html", &html, &self->html);
    if (status == NL_OK)
        status = lay_out(self, "bulletin.txt", &text, &self->text);
    nl_md_free(document);
    nl_buf_free(&html);
    nl_buf_free(&text);
    return status;
}

static void pack_part(struct composition *self, const struct nl_buf *part, char context,
                      struct nl_buf *out) {
    struct nl_buf marked = {0};
    nl_mime_set_context(part, context, &marked);
    nl_message_pack(&self->slots, &marked, out);
    nl_buf_free(&marked);
}

static enum nl_status assemble(struct composition *self, struct nl_bulletin *out) {
    struct nl_fields fields = {0};
    struct nl_buf message = {0};
    struct nl_buf packed = {0};
    struct nl_buf page = {0};
    enum nl_status status = nl_fields_common(self->list, self->front.subject, self->front.language,
                                             &self->slots, &fields, self->err);
    if (status == NL_OK)
        status = list_fields(self->list, self->config, &self->slots, &fields, self->err);
    if (status == NL_OK)
        status = nl_mime_compose(&fields, &self->text, &self->html, &self->enclosures, &message,
                                 self->err);
    if (status == NL_OK) {
        nl_message_pack(&self->slots, &message, &packed);
        nl_enclosures_embed(&self->enclosures, nl_buf_text(&self->html), &page);
        pack_part(self, &page, NL_CONTEXT_HTML, &out->page);
        pack_part(self, &self->html, NL_CONTEXT_HTML, &out->html);
        pack_part(self, &self->text, NL_CONTEXT_RAW, &out->text);
        out->issue.message_len = packed.len;
        out->issue.message = nl_buf_take(&packed);
        if (out->issue.message == NULL || out->html.failed || out->page.failed || out->text.failed)
            status = nl_error_nomem(self->err);
    }
    nl_fields_free(&fields);
    nl_buf_free(&message);
    nl_buf_free(&page);
    return status;
}

static void move_front(struct nl_frontmatter *front, struct nl_issue *issue) {
    char **pairs[][2] = {
        {&front->slug, &issue->slug},           {&front->series, &issue->series},
        {&front->number, &issue->number},       {&front->title, &issue->title},
        {&front->subject, &issue->subject},     {&front->category, &issue->category},
        {&front->posted_by, &issue->posted_by}, {&front->date, &issue->date}};
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        *pairs[i][1] = *pairs[i][0];
        *pairs[i][0] = NULL;
    }
}

/* Windows editors end lines in CRLF and begin the file with a byte order mark. */
static void normalise(struct nl_buf *source) {
    size_t at = source->len >= 3 && memcmp(source->data, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    size_t len = 0;
    for (; at < source->len; at++)
        if (source->data[at] != '\r' || at + 1 == source->len || source->data[at + 1] != '\n')
            source->data[len++] = source->data[at];
    source->len = len;
    if (source->data != NULL)
        source->data[len] = '\0';
}

static enum nl_status read_source(const char *path, struct nl_bulletin *out, struct nl_error *err) {
    struct nl_buf source = {0};
    char digest[2 * NL_DIGEST_LEN + 1];
    enum nl_status status = nl_file_read(path, SOURCE_LIMIT, &source, err);
    if (status == NL_OK) {
        normalise(&source);
        status = nl_text_check_body(nl_buf_text(&source), source.len, path, err);
    }
    if (status == NL_OK) {
        nl_digest_hex(nl_buf_text(&source), source.len, digest);
        out->issue.digest = strdup(digest);
        out->issue.source = nl_buf_take(&source);
        if (out->issue.digest == NULL || out->issue.source == NULL)
            status = nl_error_nomem(err);
    }
    nl_buf_free(&source);
    return status;
}

static enum nl_status add_calendar(struct composition *self) {
    struct nl_buf uid = {0};
    struct nl_buf text = {0};
    nl_buf_addf(&uid, "%s@%s", self->front.slug, self->list->list_id);
    enum nl_status status = nl_events_ics(&self->front.events, self->front.timezone,
                                          nl_buf_text(&uid), self->front.date, &text, self->err);
    if (status == NL_DATA)
        nl_error_context(self->err, "%s", self->path);
    if (status == NL_OK)
        status = nl_enclosures_add(&self->enclosures, "events.ics", "text/calendar; method=PUBLISH",
                                   &text, self->err);
    nl_buf_free(&uid);
    nl_buf_free(&text);
    return status;
}

/* Another picture under the same name makes another issue. */
static enum nl_status add_to_digest(const struct nl_enclosures *enclosures, char **digest,
                                    struct nl_error *err) {
    struct nl_buf all = {0};
    char text[2 * NL_DIGEST_LEN + 1];
    nl_buf_adds(&all, *digest);
    for (size_t i = 0; i < enclosures->count; i++) {
        nl_digest_hex(enclosures->items[i].data.data, enclosures->items[i].data.len, text);
        nl_buf_addf(&all, " %s", text);
    }
    nl_digest_hex(nl_buf_text(&all), all.len, text);
    bool complete = !all.failed;
    nl_buf_free(&all);
    if (enclosures->count == 0)
        return NL_OK;
    free(*digest);
    *digest = strdup(text);
    return complete && *digest != NULL ? NL_OK : nl_error_nomem(err);
}

enum nl_status nl_bulletin_compose(const char *path, const struct nl_list *list,
                                   const struct nl_config *config, struct nl_bulletin *out,
                                   struct nl_error *err) {
    struct composition self = {.path = path, .list = list, .config = config, .err = err};
    size_t body = 0;
    size_t body_line = 0;
    *out = (struct nl_bulletin){.issue = {.list = list->id}};
    if (config->unsubscribe_url == NULL)
        return nl_error_set(err, NL_CONFIG,
                            "%s: unsubscribe_url is not set: no issue goes out without a way to "
                            "leave",
                            config->path);
    enum nl_status status = read_source(path, out, err);
    size_t len = status == NL_OK ? strlen(out->issue.source) : 0;
    if (status == NL_OK)
        status =
            nl_frontmatter_read(out->issue.source, len, path, &self.front, &body, &body_line, err);
    if (status == NL_OK &&
        out->issue.source[body + strspn(out->issue.source + body, " \t\n")] == '\0')
        status = nl_error_set(err, NL_DATA, "%s:%zu: the issue has no text", path, body_line);
    if (status == NL_OK && self.front.language == NULL) {
        self.front.language = strdup(list->language);
        if (self.front.language == NULL)
            status = nl_error_nomem(err);
    }
    if (status == NL_OK)
        status = render_bodies(&self, out->issue.source + body, len - body);
    if (status == NL_OK && self.front.events.count > 0)
        status = add_calendar(&self);
    if (status == NL_OK)
        status = add_to_digest(&self.enclosures, &out->issue.digest, err);
    if (status == NL_OK)
        status = assemble(&self, out);
    if (status == NL_OK)
        move_front(&self.front, &out->issue);
    nl_frontmatter_free(&self.front);
    nl_theme_free(&self.theme);
    nl_slots_free(&self.slots);
    nl_enclosures_free(&self.enclosures);
    nl_buf_free(&self.html);
    nl_buf_free(&self.text);
    if (status != NL_OK)
        nl_bulletin_free(out);
    return status;
}

enum nl_status nl_bulletin_slug(const char *path, char **slug, struct nl_error *err) {
    struct nl_bulletin bulletin = {0};
    struct nl_frontmatter front = {0};
    size_t body = 0;
    size_t line = 0;
    *slug = NULL;
    enum nl_status status = read_source(path, &bulletin, err);
    if (status == NL_OK)
        status = nl_frontmatter_read(bulletin.issue.source, strlen(bulletin.issue.source), path,
                                     &front, &body, &line, err);
    if (status == NL_OK) {
        *slug = front.slug;
        front.slug = NULL;
    }
    nl_frontmatter_free(&front);
    nl_bulletin_free(&bulletin);
    return status;
}

void nl_bulletin_free(struct nl_bulletin *bulletin) {
    nl_issue_free(&bulletin->issue);
    nl_buf_free(&bulletin->html);
    nl_buf_free(&bulletin->page);
    nl_buf_free(&bulletin->text);
}
