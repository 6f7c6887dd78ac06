#include "newsletter/bulletin/staff_message.h"

#include "bulletin/header.h"
#include "bulletin/qp.h"
#include "newsletter/base/address.h"
#include "newsletter/base/language.h"
#include "newsletter/base/token.h"
#include "newsletter/template/data.h"
#include "newsletter/template/theme.h"

#include <stdlib.h>
#include <string.h>

/* RFC 5322 section 3.6.4: an identifier that nobody else makes. */
static void add_message_id(struct nl_buf *out, const char *domain, const struct nl_buf *seed) {
    char hex[NL_HEX_LEN];
    nl_digest_hex(nl_buf_text(seed), seed->len, hex);
    nl_buf_addf(out, "\r\nMessage-ID: <%.32s@%s>", hex, domain);
}

/* A subject comes from titles that authors write: nl_header_folded keeps it one field. */
static void add_head(struct nl_buf *out, const struct nl_address *from, const char *name,
                     const struct nl_staff_message *mail, const struct nl_address *to,
                     const char *subject) {
    struct nl_buf seed = {0};
    nl_buf_adds(out, "From: ");
    nl_header_mailbox(out, name, from->envelope);
    nl_buf_adds(out, "\r\nTo: ");
    nl_header_mailbox(out, NULL, to->envelope);
    nl_buf_adds(out, "\r\nSubject: ");
    nl_header_folded(out, subject, sizeof "Subject: " - 1);
    nl_buf_adds(out, "\r\nDate: ");
    nl_header_date(out, mail->now);
    nl_buf_addf(&seed, "%s %lld %s", to->envelope, (long long)mail->now, subject);
    add_message_id(out, strrchr(from->envelope, '@') + 1, &seed);
    nl_buf_adds(out, "\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
                     "Content-Type: text/plain; charset=utf-8\r\n"
                     "Content-Transfer-Encoding: quoted-printable\r\n\r\n");
    nl_buf_free(&seed);
}

static enum nl_status render(const struct nl_config *config, const struct nl_list *list,
                             const struct nl_staff_message *mail, struct nl_buf *text,
                             struct nl_error *err) {
    struct nl_theme theme = {0};
    struct nl_identity identity = {0};
    enum nl_status status = nl_theme_open(config->templates, list->language, &theme, err);
    json_t *data =
        status == NL_OK ? nl_data_new(list, nl_catalog_language(theme.catalog)) : json_object();
    if (status == NL_OK) {
        nl_identity_of(config, list->name, nl_catalog_language(theme.catalog), &identity);
        nl_data_identity(data, &identity, NULL, NULL);
    }
    json_object_update(data, mail->data);
    if (status == NL_OK)
        status = nl_theme_render(&theme, mail->file, data, text, err);
    json_decref(data);
    nl_theme_free(&theme);
    return status;
}

enum nl_status nl_staff_message_compose(const struct nl_config *config, const struct nl_list *list,
                                        const struct nl_staff_message *mail, struct nl_buf *sender,
                                        struct nl_buf *out, struct nl_error *err) {
    static const char prefix[] = "Subject: ";
    struct nl_address from = {0};
    struct nl_address to = {0};
    struct nl_buf text = {0};
    char *name = NULL;
    enum nl_status status = nl_mailbox_parse(list->sender, &name, &from, err);
    if (status == NL_OK)
        status = nl_address_parse(mail->address, &to, err);
    if (status == NL_OK)
        status = render(config, list, mail, &text, err);
    char *end = strchr(nl_buf_text(&text), '\n');
    if (status == NL_OK && (end == NULL || strncmp(text.data, prefix, sizeof prefix - 1) != 0))
        status = nl_error_set(err, NL_DATA, "%s must begin with a line 'Subject: ...'", mail->file);
    if (status == NL_OK) {
        *end = '\0';
        const char *body = end + 1 + strspn(end + 1, "\n");
        add_head(out, &from, name, mail, &to, text.data + sizeof prefix - 1);
        nl_qp_text(out, body, strlen(body), true);
        nl_buf_adds(sender, from.envelope);
    }
    free(name);
    nl_address_free(&from);
    nl_address_free(&to);
    nl_buf_free(&text);
    return status;
}
