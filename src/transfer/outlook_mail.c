#include "newsletter/transfer/outlook_mail.h"

#include "newsletter/base/base64.h"
#include "newsletter/base/token.h"
#include "transfer/outlook_body.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { HEADER_MOST = 32 << 10, WORDS_MOST = 500, PARTS_MOST = 60, BY_OBJECT = 5 };

/* A mail on its way to a text. */
struct writing {
    struct nl_buf *out;
    char digest[NL_HEX_LEN]; /* of the file: nobody can write one with it in the file */
    unsigned mails, parts;   /* so far */
};

static enum nl_status add_mail(struct writing *writing, const struct nl_storage *mail, int depth,
                               struct nl_error *err);

static enum nl_status check_size(const struct writing *writing, struct nl_error *err) {
    if (writing->out->len > NL_OUTLOOK_MOST)
        return nl_error_set(err, NL_DATA, "the mail is too large");
    if (writing->parts > PARTS_MOST)
        return nl_error_set(err, NL_DATA, "the mail has too many parts");
    return NL_OK;
}

/* ---- the header ---- */

/* Where the value of a field begins in its first line; 0 if that is not a field (RFC 5322
 * section 2.2). */
static size_t value_at(const char *line, size_t len) {
    size_t at = 0;
    while (at < len && line[at] > ' ' && line[at] < 127 && line[at] != ':')
        at++;
    return at > 0 && at < len && line[at] == ':' ? at + 1 : 0;
}

static bool is_field(const char *line, size_t value, const char *name) {
    return value == strlen(name) + 1 && strncasecmp(line, name, value - 1) == 0;
}

/* Fields of MIME tell about the mail as it was sent; there are new ones. */
static bool is_kept(const char *line, size_t value) {
    return value > 0 && strncasecmp(line, "Content-", 8) != 0 &&
           !is_field(line, value, "MIME-Version");
}

/* The fields of the header as it came, with their folded lines. True if there is a sender. */
static bool add_fields(struct nl_buf *out, const struct nl_buf *header) {
    bool from = false;
    bool kept = false;
    const char *end = nl_buf_text(header) + (header->len < HEADER_MOST ? header->len : HEADER_MOST);
    for (const char *at = nl_buf_text(header); at < end;) {
        size_t line = 0;
        while (at + line < end && at[line] != '\n' && at[line] != '\r' && at[line] != '\0')
            line++;
        size_t value = value_at(at, line);
        if (line > 0 && at[0] != ' ' && at[0] != '\t')
            kept = is_kept(at, value);
        if (kept && line > 0) {
            nl_buf_add(out, at, line);
            nl_buf_addc(out, '\n');
        }
        from = from || (kept && is_field(at, value, "From"));
        at += line + (at + line < end);
    }
    return from;
}

/* The words of a property without what could end a field or a name. */
static enum nl_status add_words(const struct nl_storage *storage, unsigned property,
                                struct nl_buf *out, struct nl_error *err) {
    struct nl_buf words = {0};
    enum nl_status status = nl_storage_text(storage, property, &words, err);
    for (size_t i = 0; i < words.len && i < WORDS_MOST; i++)
        nl_buf_addc(out,
                    (unsigned char)words.data[i] < ' ' || strchr("\"<>;", words.data[i]) != NULL
                        ? ' '
                        : words.data[i]);
    nl_buf_free(&words);
    return status;
}

static enum nl_status add_field(struct writing *writing, const struct nl_storage *mail,
                                const char *name, unsigned property, struct nl_error *err) {
    nl_buf_addf(writing->out, "%s: ", name);
    enum nl_status status = add_words(mail, property, writing->out, err);
    nl_buf_addc(writing->out, '\n');
    return status;
}

/* Mails that were never sent, or copied by some programs, have no header. */
static enum nl_status add_own_fields(struct writing *writing, const struct nl_storage *mail,
                                     struct nl_error *err) {
    struct nl_buf sender = {0};
    nl_buf_adds(writing->out, "From: \"");
    enum nl_status status = add_words(mail, NL_MAPI_SENDER_NAME, writing->out, err);
    if (status == NL_OK)
        status = add_words(mail, NL_MAPI_SMTP_SENDER, &sender, err);
    if (status == NL_OK && sender.len == 0)
        status = add_words(mail, NL_MAPI_SENDER, &sender, err);
    nl_buf_addf(writing->out, "\" <%s>\n", nl_buf_text(&sender));
    nl_buf_free(&sender);
    if (status == NL_OK)
        status = add_field(writing, mail, "Subject", NL_MAPI_SUBJECT, err);
    return status;
}

static enum nl_status add_header(struct writing *writing, const struct nl_storage *mail,
                                 unsigned number, struct nl_error *err) {
    struct nl_buf header = {0};
    struct nl_buf fields = {0};
    enum nl_status status = nl_storage_text(mail, NL_MAPI_HEADERS, &header, err);
    nl_buf_addf(writing->out,
                "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"%s.%u\"\n",
                writing->digest, number);
    if (status == NL_OK && !add_fields(&fields, &header))
        status = add_own_fields(writing, mail, err);
    nl_buf_add(writing->out, nl_buf_text(&fields), fields.len);
    nl_buf_addc(writing->out, '\n');
    nl_buf_free(&header);
    nl_buf_free(&fields);
    return status;
}

/* ---- bodies ---- */

static enum nl_status add_bodies(struct writing *writing, const struct nl_storage *mail,
                                 unsigned number, struct nl_error *err) {
    struct nl_outlook_bodies bodies = {0};
    enum nl_status status = nl_outlook_bodies_read(mail, &bodies, err);
    struct nl_buf *out = writing->out;
    nl_buf_addf(out, "--%s.%u\nContent-Type: multipart/alternative; boundary=\"%s.%u.a\"\n\n",
                writing->digest, number, writing->digest, number);
    bodies.count += bodies.count == 0; /* an empty one */
    for (size_t i = 0; status == NL_OK && i < bodies.count; i++) {
        const struct nl_outlook_body *body = &bodies.items[i];
        writing->parts++;
        nl_buf_addf(out,
                    "--%s.%u.a\nContent-Type: text/%s; charset=utf-8\n"
                    "Content-Transfer-Encoding: base64\n\n",
                    writing->digest, number, body->html ? "html" : "plain");
        nl_base64_add(out, nl_buf_text(&body->text), body->text.len);
        nl_buf_addc(out, '\n');
        status = check_size(writing, err);
    }
    nl_buf_addf(out, "--%s.%u.a--\n", writing->digest, number);
    nl_outlook_bodies_free(&bodies);
    return status;
}

/* ---- attachments ---- */

/* A file of an attachment: its bytes, its name and its type. */
struct file {
    struct nl_buf data, name, type;
};

static void free_file(struct file *file) {
    nl_buf_free(&file->data);
    nl_buf_free(&file->name);
    nl_buf_free(&file->type);
}

static enum nl_status read_file(const struct nl_storage *attachment, struct file *out,
                                struct nl_error *err) {
    static const unsigned names[] = {NL_MAPI_LONG_NAME, NL_MAPI_FILE_NAME, NL_MAPI_DISPLAY_NAME};
    enum nl_status status = nl_storage_bytes(attachment, NL_MAPI_DATA, &out->data, NULL, err);
    for (size_t i = 0; status == NL_OK && out->name.len == 0 && i < 3; i++)
        status = add_words(attachment, names[i], &out->name, err);
    if (status == NL_OK)
        status = add_words(attachment, NL_MAPI_MIME_TYPE, &out->type, err);
    return status;
}

static bool ends_in(const struct nl_buf *name, const char *ending) {
    size_t len = strlen(ending);
    return name->len >= len && strcasecmp(name->data + name->len - len, ending) == 0;
}

/* A mail that was attached as a file in its own format. */
static bool is_internet_mail(const struct file *file) {
    return strcasecmp(nl_buf_text(&file->type), "message/rfc822") == 0 ||
           ends_in(&file->name, ".eml");
}

/* A mail with an S/MIME signature is one attachment with all of its parts (MS-OXOSMIME section
 * 2.1.3). */
static bool is_signed_mail(const struct file *file) {
    return strncasecmp(nl_buf_text(&file->type), "multipart/signed", 16) == 0 &&
           strncasecmp(nl_buf_text(&file->data), "Content-Type:", 13) == 0;
}

static enum nl_status add_file(struct writing *writing, const struct file *file,
                               struct nl_error *err) {
    nl_buf_addf(writing->out,
                "Content-Type: application/octet-stream\nContent-Disposition: attachment; "
                "filename=\"%s\"\nContent-Transfer-Encoding: base64\n\n",
                nl_buf_text(&file->name));
    nl_base64_add(writing->out, nl_buf_text(&file->data), file->data.len);
    nl_buf_addc(writing->out, '\n');
    return check_size(writing, err);
}

static enum nl_status add_saved_mail(struct writing *writing, const struct file *file, int depth,
                                     struct nl_error *err) {
    struct nl_storage *mail = NULL;
    enum nl_status status = nl_storage_open(&file->data, &mail, err);
    nl_buf_adds(writing->out, "Content-Type: message/rfc822\n\n");
    if (status == NL_OK)
        status = add_mail(writing, mail, depth + 1, err);
    nl_storage_close(mail);
    return status;
}

static enum nl_status add_bytes(struct writing *writing, const struct nl_storage *attachment,
                                int depth, struct nl_error *err) {
    struct file file = {0};
    enum nl_status status = read_file(attachment, &file, err);
    bool mail = status == NL_OK && is_internet_mail(&file);
    if (status == NL_OK && (mail || is_signed_mail(&file))) {
        nl_buf_adds(writing->out, mail ? "Content-Type: message/rfc822\n\n" : "");
        nl_buf_add(writing->out, nl_buf_text(&file.data), file.data.len);
        nl_buf_addc(writing->out, '\n');
        status = check_size(writing, err);
    } else if (status == NL_OK && ends_in(&file.name, ".msg") &&
               nl_outlook_is_one(nl_buf_text(&file.data), file.data.len)) {
        status = add_saved_mail(writing, &file, depth, err);
    } else if (status == NL_OK) {
        status = add_file(writing, &file, err);
    }
    free_file(&file);
    return status;
}

static enum nl_status add_attachment(struct writing *writing, const struct nl_storage *attachment,
                                     int depth, struct nl_error *err) {
    struct nl_storage *object = NULL;
    enum nl_status status = nl_storage_object(attachment, &object, err);
    if (status == NL_OK && object != NULL && nl_storage_is_mail(object) &&
        nl_storage_number(attachment, NL_MAPI_METHOD, BY_OBJECT) == BY_OBJECT) {
        nl_buf_adds(writing->out, "Content-Type: message/rfc822\n\n");
        status = add_mail(writing, object, depth + 1, err);
    } else if (status == NL_OK) { /* an object of another program is a file without bytes */
        status = add_bytes(writing, attachment, depth, err);
    }
    nl_storage_close(object);
    return status;
}

/* ---- the whole ---- */

static enum nl_status add_mail(struct writing *writing, const struct nl_storage *mail, int depth,
                               struct nl_error *err) {
    unsigned number = writing->mails++;
    writing->parts += 2;
    if (depth > NL_OUTLOOK_DEPTH)
        return nl_error_set(err, NL_DATA, "mails are nested too deeply within one another");
    enum nl_status status = add_header(writing, mail, number, err);
    if (status == NL_OK)
        status = add_bodies(writing, mail, number, err);
    for (size_t i = 0; status == NL_OK && i < nl_storage_attachments(mail); i++) {
        struct nl_storage *attachment = NULL;
        writing->parts++;
        nl_buf_addf(writing->out, "--%s.%u\n", writing->digest, number);
        status = nl_storage_attachment(mail, i, &attachment, err);
        if (status == NL_OK)
            status = add_attachment(writing, attachment, depth, err);
        nl_storage_close(attachment);
    }
    nl_buf_addf(writing->out, "--%s.%u--\n", writing->digest, number);
    return status;
}

enum nl_status nl_outlook_to_mail(const struct nl_buf *file, struct nl_buf *out,
                                  struct nl_error *err) {
    struct writing writing = {.out = out};
    struct nl_storage *mail = NULL;
    nl_digest_hex(nl_buf_text(file), file->len, writing.digest);
    enum nl_status status = nl_storage_open(file, &mail, err);
    if (status == NL_OK)
        status = add_mail(&writing, mail, 0, err);
    nl_storage_close(mail);
    return status == NL_OK ? check_size(&writing, err) : status;
}
