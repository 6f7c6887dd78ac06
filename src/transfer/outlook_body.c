#include "transfer/outlook_body.h"

#include "transfer/code_page.h"
#include "transfer/rtf_packed.h"
#include "transfer/rtf_text.h"

#include <string.h>

enum { RTF_MOST = 16 << 20, VALUE_MOST = 2000, INSERTIONS = 500 };

void nl_outlook_bodies_free(struct nl_outlook_bodies *bodies) {
    for (size_t i = 0; i < NL_OUTLOOK_BODIES; i++)
        nl_buf_free(&bodies->items[i].text);
    *bodies = (struct nl_outlook_bodies){0};
}

/* The next place for a body; keep() makes it one if there is text in it. */
static struct nl_outlook_body *place_of(struct nl_outlook_bodies *bodies, bool html) {
    struct nl_outlook_body *body = &bodies->items[bodies->count];
    body->html = html;
    return body;
}

static void keep(struct nl_outlook_bodies *bodies) {
    bodies->count += bodies->items[bodies->count].text.len > 0;
}

/* Its code page is that of the mail as it came, which may be another than that of its properties.
 */
static enum nl_status read_html(const struct nl_storage *mail, struct nl_outlook_bodies *out,
                                struct nl_error *err) {
    struct nl_buf raw = {0};
    struct nl_outlook_body *body = place_of(out, true);
    enum nl_status status = nl_storage_bytes(mail, NL_MAPI_HTML, &raw, NULL, err);
    if (status == NL_OK && raw.len > 0) {
        long named = nl_storage_number(mail, NL_MAPI_INTERNET_CODE_PAGE, 0);
        int code_page = named > 0 && named <= NL_CODE_PAGE_UTF8
                            ? (int)named
                            : nl_code_page_guess(raw.data, raw.len, NL_CODE_PAGE_ANSI);
        nl_code_page_add(code_page, raw.data, raw.len, &body->text);
    }
    nl_buf_free(&raw);
    keep(out);
    if (status == NL_OK) {
        body = place_of(out, true);
        status = nl_storage_text(mail, NL_MAPI_HTML, &body->text, err);
        keep(out);
    }
    return status;
}

static enum nl_status read_rtf(const struct nl_storage *mail, struct nl_outlook_bodies *out,
                               struct nl_error *err) {
    struct nl_buf packed = {0};
    struct nl_buf rtf = {0};
    struct nl_outlook_body *body = place_of(out, false);
    enum nl_status status = nl_storage_bytes(mail, NL_MAPI_RTF, &packed, NULL, err);
    if (status == NL_OK && packed.len > 0)
        status = nl_rtf_unpack(&packed, RTF_MOST, &rtf, err);
    if (status == NL_OK && rtf.len > 0)
        status = nl_rtf_text(&rtf, &body->text, &body->html, err);
    nl_buf_free(&packed);
    nl_buf_free(&rtf);
    keep(out);
    return status;
}

/* ---- the plain text ---- */

/* Whether the HTML has an attribute with this value, as HTML writes it. */
static bool has_attribute(const struct nl_buf *html, const char *name, const char *value,
                          size_t len) {
    struct nl_buf wanted = {0};
    nl_buf_addf(&wanted, "%s=\"", name);
    for (size_t i = 0; i < len; i++) {
        nl_buf_addc(&wanted, value[i]);
        if (value[i] == '&')
            nl_buf_adds(&wanted, "amp;");
    }
    nl_buf_addc(&wanted, '"');
    bool found = memmem(nl_buf_text(html), html->len, wanted.data, wanted.len) != NULL;
    nl_buf_free(&wanted);
    return found;
}

static bool begins_with(const char *at, const char *end, const char *with) {
    size_t len = strlen(with);
    return (size_t)(end - at) >= len && memcmp(at, with, len) == 0;
}

/* Outlook makes the plain text of a mail from its HTML. It puts <the address> after each link, and
 * for each picture [its address, or the words in its place]. The end of such a passage, or NULL. */
static const char *end_of_insertion(const struct nl_buf *html, const char *at, const char *end) {
    size_t most = (size_t)(end - at) < VALUE_MOST ? (size_t)(end - at) : VALUE_MOST;
    const char *last = memchr(at, at[0] == '[' ? ']' : '>', most);
    if (last == NULL || last - at < 2)
        return NULL;
    const char *value = at + 1;
    size_t len = (size_t)(last - value);
    bool made = at[0] == '<'
                    ? has_attribute(html, "href", value, len)
                    : begins_with(value, last, "cid:") || has_attribute(html, "src", value, len) ||
                          has_attribute(html, "alt", value, len);
    return made ? last + 1 : NULL;
}

static void leave_out_insertions(struct nl_buf *text, const struct nl_buf *html) {
    struct nl_buf clean = {0};
    const char *end = text->data + text->len;
    size_t looked_at = 0;
    for (const char *at = text->data; at < end;) {
        bool begins = (*at == '[' || *at == '<') && looked_at++ < INSERTIONS;
        const char *after = begins ? end_of_insertion(html, at, end) : NULL;
        if (after == NULL) {
            nl_buf_addc(&clean, *at++);
            continue;
        }
        if (*at == '<' && clean.len > 0 && clean.data[clean.len - 1] == ' ')
            clean.data[--clean.len] = '\0';
        at = after;
    }
    nl_buf_free(text);
    *text = clean;
}

enum nl_status nl_outlook_bodies_read(const struct nl_storage *mail, struct nl_outlook_bodies *out,
                                      struct nl_error *err) {
    *out = (struct nl_outlook_bodies){0};
    enum nl_status status = nl_storage_text(mail, NL_MAPI_BODY, &place_of(out, false)->text, err);
    keep(out);
    size_t plain = out->count;
    if (status == NL_OK)
        status = read_html(mail, out, err);
    if (status == NL_OK)
        status = read_rtf(mail, out, err);
    for (size_t i = plain; status == NL_OK && plain == 1 && i < out->count; i++)
        if (out->items[i].html)
            leave_out_insertions(&out->items[0].text, &out->items[i].text);
    return status;
}
