#include "bulletin/edition.h"

#include "bulletin/condition.h"
#include "bulletin/fields.h"
#include "bulletin/issue_data.h"
#include "bulletin/mail_data.h"
#include "bulletin/markdown.h"
#include "bulletin/media.h"
#include "bulletin/pack.h"
#include "bulletin/render.h"
#include "newsletter/base/catalog.h"
#include "newsletter/base/file.h"
#include "newsletter/base/file_kind.h"
#include "newsletter/base/language.h"
#include "newsletter/base/memory.h"
#include "newsletter/base/text.h"
#include "newsletter/base/token.h"
#include "newsletter/template/data.h"
#include "newsletter/template/dates.h"
#include "newsletter/template/theme.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { SOURCE_LIMIT = 4 << 20 };

struct composition {
    const char *path;
    const struct nl_list *list;
    const struct nl_config *config;
    const char *slug; /* of the issue */
    struct nl_composed *out;
    struct nl_theme theme;
    struct nl_slots slots;
    struct nl_buf subject, preheader, html, text, body, plain; /* with markers */
    struct nl_enclosures enclosures;
    struct nl_buf web_url; /* of its page; empty for none */
    struct nl_identity identity;
    json_t *data; /* for the layouts, without the body */
    struct nl_error *err;
};

/* Renders the layout around one body, with markers in place of the variables. */
static enum nl_status render_layout(struct composition *self, const char *file,
                                    const struct nl_buf *body, struct nl_buf *out) {
    struct nl_buf marked = {0};
    enum nl_status status =
        nl_slots_substitute(&self->slots, nl_buf_text(body), self->config->unsubscribe_url,
                            self->path, &marked, self->err);
    if (status == NL_OK) {
        nl_data_set(self->data, "body", nl_buf_text(&marked));
        status = nl_theme_render(&self->theme, file, self->data, out, self->err);
    }
    nl_buf_free(&marked);
    return status;
}

/* The identity of the list, in the design that the issue chooses, and the theme in its colours. */
static enum nl_status open_theme(struct composition *self) {
    const struct nl_frontmatter *front = &self->out->front;
    nl_identity_of(self->config, self->list->name, front->language, &self->identity);
    if (front->design != NULL) /* it was checked */
        (void)nl_design_parse(front->design, &self->identity.design);
    enum nl_status status =
        nl_theme_open(self->config->templates, front->language, &self->theme, self->err);
    if (status == NL_OK)
        nl_theme_dress(&self->theme, &self->identity.palette, nl_language_is_rtl(front->language));
    return status;
}

static enum nl_status render_layouts(struct composition *self, const struct nl_buf *html,
                                     const struct nl_buf *text) {
    struct nl_buf file = {0};
    nl_buf_addf(&file, "%s.html", nl_design_names[self->identity.design]);
    const struct nl_issue_parts parts = {.list = self->list,
                                         .config = self->config,
                                         .front = &self->out->front,
                                         .theme = &self->theme,
                                         .identity = &self->identity,
                                         .subject = nl_buf_text(&self->subject),
                                         .preheader = nl_buf_text(&self->preheader),
                                         .slug = self->slug,
                                         .web_url = nl_buf_text(&self->web_url)};
    enum nl_status status =
        nl_issue_data(&parts, &self->slots, &self->enclosures, &self->data, self->err);
    if (status == NL_OK)
        status = render_layout(self, nl_buf_text(&file), html, &self->html);
    if (status == NL_OK)
        status = render_layout(self, "bulletin.txt", text, &self->text);
    nl_buf_free(&file);
    return status;
}

/* Marks the variables of the subject and the preheader. */
static enum nl_status mark_lines(struct composition *self) {
    const struct nl_frontmatter *front = &self->out->front;
    const char *preheader = front->preheader != NULL ? front->preheader : "";
    if (strstr(front->subject, "{{#") != NULL || strstr(front->subject, "{{^") != NULL)
        return nl_error_set(
            self->err, NL_DATA,
            NL_TEXT("%s: the subject cannot hold a condition: use {{variable|fallback}}"),
            self->path);
    enum nl_status status = nl_slots_substitute(&self->slots, front->subject, NULL, self->path,
                                                &self->subject, self->err);
    return status == NL_OK ? nl_slots_substitute(&self->slots, preheader, NULL, self->path,
                                                 &self->preheader, self->err)
                           : status;
}

static enum nl_status place_images(struct composition *self, struct nl_md_node *document) {
    const char *images = self->out->front.images;
    bool links = images != NULL && strcmp(images, "links") == 0;
    const char *base = links ? self->config->images_url : NULL;
    if (links && base == NULL)
        return nl_error_set(
            self->err, NL_CONFIG,
            NL_TEXT("%s: images: links needs images_url in %s, the folder of the web "
                    "server where they lie"),
            self->path, self->config->path);
    return nl_enclosures_images(&self->enclosures, self->path, base, document, self->err);
}

static enum nl_status render_bodies(struct composition *self, const char *markdown, size_t len) {
    static const struct nl_theme unstyled = {0};
    struct nl_md_node *document = NULL;
    struct nl_buf html = {0}, text = {0}, web = {0};
    enum nl_status status = open_theme(self);
    if (status == NL_OK)
        status = nl_markdown_read(markdown, len, self->path, self->config->raw_html, &document,
                                  self->err);
    if (status == NL_OK)
        status = nl_conditions_place(document, self->theme.rtl, self->path, self->err);
    if (status == NL_OK)
        status = place_images(self, document);
    for (size_t i = 0; status == NL_OK && i < self->out->front.attachment_count; i++)
        status = nl_enclosures_attach(&self->enclosures, self->path,
                                      self->out->front.attachments[i], self->err);
    if (status == NL_OK) {
        nl_render_html(document, &self->theme, &html);
        nl_render_html(document, &unstyled, &web);
        nl_render_plain(document, &text);
    }
    if (status == NL_OK)
        status = render_layouts(self, &html, &text);
    if (status == NL_OK)
        status = nl_slots_substitute(&self->slots, nl_buf_text(&web), self->config->unsubscribe_url,
                                     self->path, &self->body, self->err);
    if (status == NL_OK)
        status =
            nl_slots_substitute(&self->slots, nl_buf_text(&text), self->config->unsubscribe_url,
                                self->path, &self->plain, self->err);
    nl_md_free(document);
    nl_buf_free(&html);
    nl_buf_free(&text);
    nl_buf_free(&web);
    return status;
}

static void pack_part(struct composition *self, const struct nl_buf *part, char context,
                      struct nl_buf *out) {
    struct nl_buf marked = {0};
    nl_mime_set_context(part, context, &marked);
    nl_message_pack(&self->slots, &marked, out);
    nl_buf_free(&marked);
}

static enum nl_status assemble_message(struct composition *self) {
    struct nl_fields fields = {0};
    struct nl_buf value = {0}, message = {0}, page = {0};
    const struct nl_frontmatter *front = &self->out->front;
    struct nl_view *view = &self->out->view;
    enum nl_status status = nl_fields_common(self->list, nl_buf_text(&self->subject),
                                             front->language, &self->slots, &fields, self->err);
    if (status == NL_OK)
        status = nl_fields_list(self->list, self->config, &self->slots, &fields, self->err);
    if (status == NL_OK && self->web_url.len > 0) {
        nl_buf_addf(&value, "<%s>", nl_buf_text(&self->web_url)); /* RFC 5064 */
        nl_fields_add(&fields, "Archived-At", &value);
    }
    if (view->placed == NULL)
        view->placed = nl_enclosures_placed(&self->enclosures);
    if (status == NL_OK)
        status = nl_mime_compose(&fields, &self->text, &self->html, &self->enclosures, &message,
                                 self->err);
    if (status == NL_OK) {
        nl_message_pack(&self->slots, &message, &self->out->message);
        nl_enclosures_embed(&self->enclosures, nl_buf_text(&self->html), &page);
        pack_part(self, &page, NL_CONTEXT_HTML, &view->page);
        pack_part(self, &self->html, NL_CONTEXT_HTML, &view->html);
        nl_buf_clear(&page);
        nl_enclosures_embed(&self->enclosures, nl_buf_text(&self->body), &page);
        nl_buf_addc(&page, '\n');
        pack_part(self, &page, NL_CONTEXT_HTML, &self->out->body);
        pack_part(self, &self->text, NL_CONTEXT_RAW, &view->text);
        pack_part(self, &self->plain, NL_CONTEXT_RAW, &view->plain);
        nl_enclosures_list(&self->enclosures, &view->files);
    }
    nl_fields_free(&fields);
    nl_buf_free(&message);
    nl_buf_free(&page);
    return status;
}

/* Windows editors end lines in CRLF and begin the file with a byte order mark. */
static void normalise_line_ends(struct nl_buf *source) {
    size_t at = source->len >= 3 && memcmp(source->data, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    size_t len = 0;
    for (; at < source->len; at++)
        if (source->data[at] != '\r' || at + 1 == source->len || source->data[at + 1] != '\n')
            source->data[len++] = source->data[at];
    source->len = len;
    if (source->data != NULL)
        source->data[len] = '\0';
}

static enum nl_status add_calendar(struct composition *self) {
    struct nl_buf uid = {0};
    struct nl_buf text = {0};
    nl_buf_addf(&uid, "%s@%s", self->slug, self->list->list_id);
    enum nl_status status =
        nl_events_ics(&self->out->front.events, self->out->front.timezone, nl_buf_text(&uid),
                      self->out->front.date,
                      self->out->front.series != NULL ? self->out->front.series : self->list->title,
                      &text, self->err);
    if (status == NL_DATA)
        nl_error_context(self->err, "%s", self->path);
    if (status == NL_OK)
        nl_enclosures_add(&self->enclosures, "events.ics", "application/ics", &text);
    nl_buf_free(&uid);
    nl_buf_free(&text);
    return status;
}

enum nl_status nl_edition_read(const char *path, char **source, struct nl_error *err) {
    struct nl_buf text = {0};
    *source = NULL;
    enum nl_status status = nl_file_read(path, SOURCE_LIMIT, &text, err);
    const char *kind = status == NL_OK ? nl_file_kind(nl_buf_text(&text), text.len) : NULL;
    if (kind != NULL)
        status = nl_error_set(err, NL_DATA, "%s is %s: write issues as text, in Markdown, in UTF-8",
                              path, kind);
    if (status == NL_OK) {
        normalise_line_ends(&text);
        status = nl_text_check_body(nl_buf_text(&text), text.len, path, err);
    }
    if (status == NL_OK)
        *source = nl_strdup(nl_buf_text(&text));
    nl_buf_free(&text);
    return status;
}

/* The language comes from the front matter, the file name or the list, in this order. The first two
 * must not differ. */
static enum nl_status settle_language(struct composition *self, const char *language) {
    char **own = &self->out->front.language;
    if (*own != NULL && !nl_language_is_tag(*own))
        return nl_error_set(self->err, NL_DATA,
                            NL_TEXT("%s: '%s' is not a language tag such as en or kk"), self->path,
                            *own);
    if (*own != NULL && language != NULL && strcasecmp(*own, language) != 0)
        return nl_error_set(
            self->err, NL_DATA,
            NL_TEXT("%s: its language is %s, but its name says %s: make them agree"), self->path,
            *own, language);
    if (*own == NULL)
        *own = nl_strdup(language != NULL ? language : self->list->language);
    return NL_OK;
}

static enum nl_status read_source(struct composition *self, const char *language, size_t *body) {
    size_t body_line = 0;
    struct nl_composed *out = self->out;
    char digest[2 * NL_DIGEST_LEN + 1];
    enum nl_status status = nl_edition_read(self->path, &out->source, self->err);
    if (status == NL_OK)
        status = nl_frontmatter_read(out->source, strlen(out->source), self->path, &out->front,
                                     body, &body_line, self->err);
    if (status == NL_OK && out->source[*body + strspn(out->source + *body, " \t\n")] == '\0')
        status = nl_error_set(self->err, NL_DATA, NL_TEXT("%s:%zu: the issue has no text"),
                              self->path, body_line);
    if (status != NL_OK)
        return status;
    nl_digest_hex(out->source, strlen(out->source), digest);
    out->digest = nl_strdup(digest);
    return settle_language(self, language);
}

static enum nl_status compose_message(struct composition *self, const char *markdown) {
    enum nl_status status = mark_lines(self);
    if (status == NL_OK)
        status = render_bodies(self, markdown, strlen(markdown));
    if (status == NL_OK && self->out->front.events.count > 0)
        status = add_calendar(self);
    return status == NL_OK ? assemble_message(self) : status;
}

static void free_composition(struct composition *self) {
    json_decref(self->data);
    nl_theme_free(&self->theme);
    nl_buf_free(&self->web_url);
    nl_slots_free(&self->slots);
    nl_enclosures_free(&self->enclosures);
    nl_buf_free(&self->subject);
    nl_buf_free(&self->preheader);
    nl_buf_free(&self->body);
    nl_buf_free(&self->plain);
    nl_buf_free(&self->html);
    nl_buf_free(&self->text);
}

/* Composes the whole once more for the other subject, since templates show the subject too. */
static enum nl_status compose_alternative(const struct composition *first, const char *markdown) {
    struct nl_composed out = {.front = first->out->front}; /* borrowed */
    struct composition self = {.path = first->path,
                               .list = first->list,
                               .config = first->config,
                               .slug = first->slug,
                               .out = &out,
                               .err = first->err};
    out.front.subject = out.front.alternative_subject;
    enum nl_status status = compose_message(&self, markdown);
    first->out->alternative = out.message;
    free_composition(&self);
    nl_buf_free(&out.body);
    nl_view_free(&out.view);
    return status;
}

/* Whether the archive never has a page of it. */
static bool is_kept_out(const struct nl_frontmatter *front) {
    return front->archive != NULL && strcmp(front->archive, "never") == 0;
}

enum nl_status nl_edition_compose(const char *path, const char *language, const char *slug,
                                  const struct nl_list *list, const struct nl_config *config,
                                  struct nl_composed *out, struct nl_error *err) {
    struct composition self = {
        .path = path, .list = list, .config = config, .out = out, .err = err};
    size_t body = 0;
    *out = (struct nl_composed){.view = {.path = nl_strdup(path)}};
    enum nl_status status = read_source(&self, language, &body);
    self.slug = slug != NULL ? slug : out->front.slug;
    if (status == NL_OK && !is_kept_out(&out->front))
        nl_mail_issue_url(config, list, self.slug, slug != NULL ? out->front.language : NULL,
                          &self.web_url);
    if (status == NL_OK)
        status = compose_message(&self, out->source + body);
    if (status == NL_OK) {
        nl_enclosures_add_to_digest(&self.enclosures, &out->digest);
        status = nl_media_read(&out->front.media, path, &out->digest, &out->recordings,
                               &out->recording_count, err);
    }
    if (status == NL_OK && out->front.alternative_subject != NULL)
        status = compose_alternative(&self, out->source + body);
    free_composition(&self);
    if (status != NL_OK)
        nl_composed_free(out);
    return status;
}

void nl_view_free(struct nl_view *view) {
    free(view->path);
    nl_buf_free(&view->html);
    nl_buf_free(&view->page);
    free(view->placed);
    nl_buf_free(&view->text);
    nl_buf_free(&view->plain);
    nl_buf_free(&view->files);
    *view = (struct nl_view){0};
}

void nl_composed_free(struct nl_composed *composed) {
    nl_frontmatter_free(&composed->front);
    free(composed->source);
    free(composed->digest);
    nl_buf_free(&composed->message);
    nl_buf_free(&composed->alternative);
    nl_buf_free(&composed->body);
    nl_recordings_free(composed->recordings, composed->recording_count);
    nl_view_free(&composed->view);
    *composed = (struct nl_composed){0};
}
