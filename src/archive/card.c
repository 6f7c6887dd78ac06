#include "archive/page_builder.h"

#include "archive/excerpt.h"
#include "newsletter/template/data.h"

#include <string.h>

enum { EXCERPT = 220 };

/* The preheader sums an issue up; without one, the text begins for itself. */
static void add_opening(const struct nl_edition_view *edition, const char *body, size_t limit,
                        json_t *data) {
    struct nl_buf text = {0};
    const char *line = edition->front.preheader;
    if (line != NULL && strstr(line, "{{") == NULL)
        nl_buf_adds(&text, line);
    else
        nl_excerpt_add(body, limit < EXCERPT ? limit : EXCERPT, &text);
    nl_data_set(data, "excerpt", nl_buf_text(&text));
    nl_buf_clear(&text);
    nl_excerpt_add(body, limit, &text);
    nl_data_set(data, "opening", nl_buf_text(&text));
    nl_buf_free(&text);
}

/* The first picture that lies with the issue itself. */
static void add_picture(const char *body, const char *base, json_t *data) {
    struct nl_buf start = {0};
    struct nl_buf href = {0};
    nl_buf_addf(&start, "src=\"%simage-", base);
    const char *found = strstr(body, nl_buf_text(&start));
    if (found != NULL)
        nl_buf_addf(&href, "%.*s", (int)strcspn(found + 5, "\""), found + 5);
    nl_data_set(data, "picture", nl_buf_text(&href));
    nl_buf_free(&start);
    nl_buf_free(&href);
}

static void add_snippet(const char *body, const char *words, json_t *data) {
    struct nl_buf text = {0};
    json_t *snippet = NULL;
    nl_words_add(body, &text);
    if (words != NULL && words[0] != '\0')
        snippet = nl_snippet_find(nl_buf_text(&text), words);
    json_object_set_new(data, "snippet_shown", json_boolean(snippet != NULL));
    json_object_set_new(data, "snippet", snippet != NULL ? snippet : json_array());
    nl_buf_free(&text);
}

enum nl_status nl_page_card(const struct nl_page_builder *builder, const struct nl_entry *entry,
                            size_t limit, const char *words, json_t **out, struct nl_error *err) {
    char language[NL_LANGUAGE_TAG];
    struct nl_edition_view edition = {0};
    struct nl_buf body = {0};
    struct nl_buf base = {0};
    bool found = false;
    *out = NULL;
    enum nl_status status = nl_edition_pick(builder->archive, entry, language, err);
    if (status == NL_OK)
        status = nl_edition_open(builder->archive, entry, language, &found, &edition, err);
    nl_buf_addf(&base, "%sissue/%s/%s%s", nl_buf_text(&builder->root), entry->slug, language,
                language[0] != '\0' ? "/" : "");
    if (status == NL_OK && found)
        status = nl_page_body(&edition.text, nl_buf_text(&base), &body, err);
    if (status == NL_OK) {
        const char *own = edition.entry.language;
        json_t *data = nl_page_entry(builder, &edition.entry);
        nl_data_set(data, "href", nl_buf_text(&base));
        nl_data_set(data, "list_title", "");
        add_opening(&edition, nl_buf_text(&body), limit, data);
        add_picture(nl_buf_text(&body), nl_buf_text(&base), data);
        add_snippet(nl_buf_text(&body), words, data);
        nl_data_set(data, "text_language", own != NULL ? own : builder->archive->list->language);
        nl_data_set(data, "text_direction", own != NULL && nl_language_is_rtl(own) ? "rtl" : "ltr");
        *out = data;
    }
    nl_edition_free(&edition);
    nl_buf_free(&body);
    nl_buf_free(&base);
    return status;
}
