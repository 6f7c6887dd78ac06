#include "newsletter/inbound/mail_texts.h"
#include "newsletter/base/memory.h"

#include "inbound/mail.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

void nl_mail_texts_free(struct nl_mail_texts *texts) {
    for (size_t i = 0; i < texts->count; i++) {
        nl_buf_free(&texts->items[i].text);
        free(texts->items[i].name);
    }
    free(texts->items);
    *texts = (struct nl_mail_texts){0};
}

/* How long the text is before its first empty line. */
static size_t header_len(const char *data, size_t len) {
    for (size_t at = 0; at < len; at++) {
        bool begins = at == 0 || data[at - 1] == '\n';
        bool empty = data[at] == '\n' || (data[at] == '\r' && at + 1 < len && data[at + 1] == '\n');
        if (begins && empty)
            return at;
    }
    return len;
}

bool nl_mail_is_one(const char *data, size_t len) {
    struct nl_span at = {data, header_len(data, len < NL_MAIL_HEADER ? len : NL_MAIL_HEADER)};
    char *name = NULL;
    char *value = NULL;
    bool from = false;
    size_t fields = 0;
    while (!from && fields < NL_MAIL_FIELDS && nl_mail_next_field(&at, &name, &value)) {
        from = name != NULL && strcasecmp(name, "From") == 0;
        free(name);
        free(value);
        fields++;
    }
    return from;
}

/* The part that holds part `at`, or `at` itself for the outermost. */
static size_t parent_of(const struct nl_mail *mail, size_t at) {
    size_t parent = at;
    while (parent > 0 && mail->parts[parent].depth >= mail->parts[at].depth)
        parent--;
    return parent;
}

static bool is_message(const struct nl_part *part) {
    return strncmp(part->type, "message/", 8) == 0 && !part->leaf;
}

/* Where the part stands: in which mail, and among which alternatives. */
static void place(const struct nl_mail *mail, size_t at, struct nl_mail_item *out) {
    for (size_t part = at; part > 0;) {
        size_t parent = parent_of(mail, part);
        if (strncmp(mail->parts[parent].type, "message/", 8) == 0) {
            out->message = part;
            return;
        }
        if (strcmp(mail->parts[parent].type, "multipart/alternative") == 0 && out->choice == 0)
            out->choice = parent + 1;
        part = parent;
    }
}

/* The signature of a multipart/signed (RFC 1847), by S/MIME or PGP: it is not part of what is
 * read.
 */
static bool is_signature(const struct nl_mail *mail, size_t at) {
    const char *type = mail->parts[at].type;
    return strcmp(mail->parts[parent_of(mail, at)].type, "multipart/signed") == 0 &&
           (strcmp(type, "application/pkcs7-signature") == 0 ||
            strcmp(type, "application/x-pkcs7-signature") == 0 ||
            strcmp(type, "application/pgp-signature") == 0);
}

static bool is_shown(const struct nl_part *part) {
    char *value = nl_mail_field(part, "Content-Disposition");
    bool attached = value != NULL && strncasecmp(value, "attachment", 10) == 0;
    free(value);
    return !attached &&
           (strcmp(part->type, "text/plain") == 0 || strcmp(part->type, "text/html") == 0);
}

/* The name of a file, from either field; parameters of RFC 2231 stay as they are. */
static char *name_of(const struct nl_part *part) {
    static const char *const fields[][2] = {{"Content-Disposition", "filename"},
                                            {"Content-Type", "name"}};
    for (size_t i = 0; i < 2; i++) {
        char *value = nl_mail_field(part, fields[i][0]);
        const char *at = value != NULL ? strcasestr(value, fields[i][1]) : NULL;
        at = at != NULL ? strchr(at, '=') : NULL;
        char *name = NULL;
        if (at != NULL) {
            at += 1 + (at[1] == '"');
            name = nl_strndup(at, strcspn(at, "\";\r\n"));
        }
        free(value);
        if (name != NULL)
            return name;
    }
    return NULL;
}

static void add_part(struct nl_mail *mail, size_t at, struct nl_mail_texts *out) {
    const struct nl_part *part = &mail->parts[at];
    struct nl_mail_item *item = &out->items[out->count];
    *item = (struct nl_mail_item){.kind = NL_MAIL_FILE};
    place(mail, at, item);
    if (is_shown(part)) {
        item->kind = strcmp(part->type, "text/html") == 0 ? NL_MAIL_HTML : NL_MAIL_PLAIN;
        char *text = nl_mail_decode(part, part->body.len, NULL);
        nl_buf_adds(&item->text, text);
        free(text);
    } else {
        size_t len = 0;
        char *data = nl_mail_decode(part, part->body.len, &len);
        nl_digest_hex(data, len, item->digest);
        item->name = name_of(part);
        free(data);
    }
    out->count++;
}

void nl_mail_texts_read(const char *data, size_t len, size_t limit, struct nl_mail_texts *out) {
    struct nl_mail mail = {0};
    *out = (struct nl_mail_texts){.items = nl_calloc(NL_MAIL_PARTS, sizeof(struct nl_mail_item))};
    nl_mail_read_up_to(data, len, limit, &mail);
    for (size_t i = 0; i < mail.count; i++) {
        bool holds = i + 1 < mail.count && mail.parts[i + 1].depth > mail.parts[i].depth;
        if (!holds && !is_message(&mail.parts[i]) && !is_signature(&mail, i))
            add_part(&mail, i, out);
    }
    nl_mail_free(&mail);
}
