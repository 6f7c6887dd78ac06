#include "newsletter/base/address.h"
#include "newsletter/base/memory.h"

#include "newsletter/base/buf.h"
#include "newsletter/base/catalog.h"
#include "newsletter/base/clean.h"
#include "newsletter/base/text.h"

#include <ctype.h>
#include <idn2.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unicase.h>
#include <uninorm.h>

/* RFC 5321 section 4.5.3.1 */
enum { LOCAL_LIMIT = 64, DOMAIN_LIMIT = 253, LABEL_LIMIT = 63, ADDRESS_LIMIT = 254 };

static bool is_atext(unsigned char c) {
    return c >= 0x80 || isalnum(c) || (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

/* Length of a dot-atom at the start of `text`; 0 if there is none. */
static size_t dot_atom_length(const char *text) {
    size_t at = 0;
    while (is_atext((unsigned char)text[at])) {
        while (is_atext((unsigned char)text[at]))
            at++;
        if (text[at] != '.')
            return at;
        at++;
    }
    return 0;
}

/* Reads a quoted local part from its opening quote; appends what it says, unquoted, to `out` and
 * returns the length with both quotes, or 0. */
static size_t quoted_length(const char *text, struct nl_buf *out) {
    size_t at = 1;
    while (text[at] != '"') {
        if (text[at] == '\\')
            at++;
        if (text[at] == '\0')
            return 0;
        nl_buf_addc(out, text[at++]);
    }
    return out->len > 0 ? at + 1 : 0;
}

/* Splits `text` at the "@" after the local part; the local part comes out unquoted. */
static enum nl_status split_local(const char *text, struct nl_buf *local, const char **domain,
                                  struct nl_error *err) {
    size_t len = 0;
    if (text[0] == '"') {
        len = quoted_length(text, local);
        if (len == 0)
            return nl_error_set(err, NL_DATA,
                                NL_TEXT("'%s' is not an address: the quoted part does not end"),
                                text);
    } else {
        len = dot_atom_length(text);
        nl_buf_add(local, text, len);
    }
    if (len > 0 && len <= LOCAL_LIMIT && text[len] == '@') {
        *domain = text + len + 1;
        return NL_OK;
    }
    if (len > LOCAL_LIMIT)
        return nl_error_set(err, NL_DATA,
                            NL_TEXT("'%s' is not an address: more than %d characters before the @"),
                            text, LOCAL_LIMIT);
    return nl_error_set(
        err, NL_DATA,
        strchr(text, '@') == NULL
            ? NL_TEXT("'%s' is not an address: there is no @ in it, as in ann@example.org")
            : NL_TEXT("'%s' is not an address: the part before the @ is malformed"),
        text);
}

static bool is_host_name(const char *name) {
    size_t label = 0;
    bool numeric = true;
    for (const char *p = name;; p++) {
        if (*p == '.' || *p == '\0') {
            if (label == 0 || label > LABEL_LIMIT || p[-1] == '-')
                return false;
            if (*p == '\0')
                return !numeric; /* an all-numeric last label is an IP address */
            label = 0;
            numeric = true;
            continue;
        }
        if (!isalnum((unsigned char)*p) && !(*p == '-' && label > 0))
            return false;
        numeric = numeric && isdigit((unsigned char)*p);
        label++;
    }
}

/* A domain of letters, digits, hyphens and dots without a label that IDNA treats specially needs no
 * conversion. Most addresses have one. */
static bool is_plain(const char *domain) {
    return domain[strspn(domain,
                         "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.")] ==
               '\0' &&
           strstr(domain, "--") == NULL;
}

static enum nl_status to_ascii(const char *text, const char *domain, char **out,
                               struct nl_error *err) {
    char *ascii = NULL;
    if (is_plain(domain)) {
        *out = nl_strdup(domain);
        return NL_OK;
    }
    int rc = idn2_to_ascii_8z(domain, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
    if (rc != IDN2_OK)
        return nl_error_set(err, NL_DATA,
                            NL_TEXT("'%s' is not an address: the domain is not valid (%s)"), text,
                            idn2_strerror(rc));
    *out = nl_strdup(ascii);
    idn2_free(ascii);
    return NL_OK;
}

static enum nl_status parse_domain(const char *text, const char *domain, char **out,
                                   struct nl_error *err) {
    char *ascii = NULL;
    enum nl_status status = NL_OK;
    if (domain[0] == '[')
        return nl_error_set(err, NL_DATA,
                            NL_TEXT("'%s': an IP address in place of the domain is not accepted"),
                            text);
    status = to_ascii(text, domain, &ascii, err);
    if (status != NL_OK)
        return status;
    for (char *p = ascii; *p; p++)
        *p = (char)tolower((unsigned char)*p);
    if (strlen(ascii) > DOMAIN_LIMIT || !is_host_name(ascii))
        status = nl_error_set(err, NL_DATA,
                              NL_TEXT("'%s' is not an address: the domain is malformed"), text);
    else if (strchr(ascii, '.') == NULL && strcmp(ascii, "localhost") != 0)
        status = nl_error_set(
            err, NL_DATA,
            NL_TEXT("'%s' is not an address: the domain has no dot, as in example.org"), text);
    if (status == NL_OK)
        *out = ascii;
    else
        free(ascii);
    return status;
}

/* Writes the local part as RFC 5321 wants it in an envelope: bare if possible, else quoted. */
static void add_local(struct nl_buf *out, const char *local) {
    size_t atom = dot_atom_length(local);
    if (atom > 0 && local[atom] == '\0') {
        nl_buf_adds(out, local);
        return;
    }
    nl_buf_addc(out, '"');
    for (const char *p = local; *p; p++) {
        if (*p == '"' || *p == '\\')
            nl_buf_addc(out, '\\');
        nl_buf_addc(out, *p);
    }
    nl_buf_addc(out, '"');
}

/* RFC 5321 section 2.4 makes local parts case-sensitive, but mailbox providers ignore case: if Ann@
 * and ann@ counted as two people, one person would be mailed twice. */
static char *fold_local(const char *local) {
    size_t len = strlen(local);
    bool ascii = true;
    for (size_t i = 0; i < len; i++)
        ascii = ascii && (unsigned char)local[i] < 0x80;
    if (ascii) {
        char *lower = nl_strdup(local);
        for (char *p = lower; *p != '\0'; p++)
            *p = (char)tolower((unsigned char)*p);
        return lower;
    }
    uint8_t *folded =
        u8_casefold((const uint8_t *)local, strlen(local), NULL, UNINORM_NFC, NULL, &len);
    char *text = folded != NULL ? nl_strndup((const char *)folded, len) : NULL;
    free(folded);
    return text;
}

static enum nl_status build(struct nl_address *out, const char *given, const char *local,
                            struct nl_error *err) {
    struct nl_buf envelope = {0};
    struct nl_buf key = {0};
    char *folded = fold_local(local);
    if (folded == NULL)
        return nl_error_nomem(err);
    add_local(&envelope, local);
    nl_buf_addc(&envelope, '@');
    nl_buf_adds(&envelope, out->domain);
    add_local(&key, folded);
    nl_buf_addc(&key, '@');
    nl_buf_adds(&key, out->domain);
    size_t len = envelope.len;
    out->text = nl_strdup(given);
    out->envelope = nl_buf_take(&envelope);
    out->key = nl_buf_take(&key);
    free(folded);
    for (const char *p = local; *p; p++)
        out->smtputf8 = out->smtputf8 || (unsigned char)*p >= 0x80;
    if (len > ADDRESS_LIMIT)
        return nl_error_set(err, NL_DATA,
                            NL_TEXT("'%s' is not an address: longer than %d characters"), given,
                            ADDRESS_LIMIT);
    return NL_OK;
}

/* The length of the local part of an address that is the same in each of its forms: lower case, and
 * neither IDNA nor quotation marks. 0 for any other, whose forms are to be computed. */
static size_t simple_local(const char *text) {
    static const char atoms[] = "abcdefghijklmnopqrstuvwxyz0123456789_-+.";
    size_t local = strspn(text, atoms);
    size_t len = strlen(text);
    const char *domain = text + local + 1;
    if (local == 0 || local > LOCAL_LIMIT || text[local] != '@' || len > ADDRESS_LIMIT ||
        dot_atom_length(text) != local)
        return 0;
    bool simple = strspn(domain, atoms) == len - local - 1 && strpbrk(domain, "_+") == NULL &&
                  is_plain(domain) && strchr(domain, '.') != NULL &&
                  len - local - 1 <= DOMAIN_LIMIT && is_host_name(domain);
    return simple ? local : 0;
}

static void copy_simple(const char *text, size_t local, struct nl_address *out) {
    out->text = nl_strdup(text);
    out->envelope = nl_strdup(text);
    out->key = nl_strdup(text);
    out->domain = nl_strdup(text + local + 1);
}

enum nl_status nl_address_parse(const char *text, struct nl_address *out, struct nl_error *err) {
    struct nl_buf given = {0};
    struct nl_buf local = {0};
    const char *domain = NULL;
    size_t simple = simple_local(text);
    *out = (struct nl_address){0};
    if (simple > 0) {
        copy_simple(text, simple, out);
        return NL_OK;
    }
    enum nl_status status = nl_clean_address(text, &given, err);
    if (status == NL_OK && given.len == 0)
        status = nl_error_set(err, NL_DATA,
                              NL_TEXT("the address is empty: give one, as in ann@example.org"));
    if (status == NL_OK)
        status = split_local(given.data, &local, &domain, err);
    if (status == NL_OK)
        status = parse_domain(given.data, domain, &out->domain, err);
    if (status == NL_OK)
        status = build(out, given.data, local.data, err);
    nl_buf_free(&given);
    nl_buf_free(&local);
    if (status != NL_OK)
        nl_address_free(out);
    return status;
}

void nl_address_free(struct nl_address *address) {
    if (address == NULL)
        return;
    free(address->text);
    free(address->envelope);
    free(address->key);
    free(address->domain);
    *address = (struct nl_address){0};
}

/* Removes a pair of quotation marks that encloses the whole text, blanks aside. */
static void unquote(char *name) {
    char *first = strchr(name, '"');
    char *last = strrchr(name, '"');
    if (first == NULL || last == first || !nl_is_blank(last + 1))
        return;
    *first = '\0';
    bool quoted = nl_is_blank(name);
    *first = '"';
    if (!quoted)
        return;
    for (char *p = first + 1; p < last; p++) {
        p += *p == '\\' && p + 1 < last;
        *name++ = *p;
    }
    *name = '\0';
}

/* The name before an address; NULL where it is blank. */
static enum nl_status read_name(const char *text, size_t len, char **out, struct nl_error *err) {
    struct nl_buf name = {0};
    char *given = nl_strndup(text, len);
    unquote(given);
    enum nl_status status = nl_clean_line(given, NL_TEXT_IN("error", "the name"), &name, err);
    if (status == NL_OK && name.len > 0)
        *out = nl_buf_take(&name);
    free(given);
    nl_buf_free(&name);
    return status;
}

enum nl_status nl_mailbox_parse(const char *text, char **name, struct nl_address *out,
                                struct nl_error *err) {
    struct nl_buf line = {0};
    *name = NULL;
    *out = (struct nl_address){0};
    enum nl_status status = nl_text_check_line(text, NL_TEXT_IN("error", "the mailbox"), err);
    const char *open = strrchr(text, '<');
    if (status != NL_OK || open == NULL)
        return status != NL_OK ? status : nl_address_parse(text, out, err);
    const char *close = strrchr(open, '>');
    status = nl_clean_line(close != NULL ? close + 1 : "", NL_TEXT_IN("error", "the mailbox"),
                           &line, err);
    if (status == NL_OK && (close == NULL || line.len > 0))
        status = nl_error_set(err, NL_DATA, NL_TEXT("'%s' is not a mailbox: write Name <address>"),
                              text);
    nl_buf_free(&line);
    if (status == NL_OK) {
        char *inner = nl_strndup(open + 1, (size_t)(close - open) - 1);
        status = nl_address_parse(inner, out, err);
        free(inner);
    }
    if (status == NL_OK)
        status = read_name(text, (size_t)(open - text), name, err);
    if (status != NL_OK)
        nl_address_free(out);
    return status;
}

/* The bytes of the UTF-8 character that ends at `end`. */
static size_t last_character(const char *text, size_t end) {
    size_t len = 1;
    while (len < end && ((unsigned char)text[end - len] & 0xc0) == 0x80)
        len++;
    return len;
}

void nl_address_mask(const char *address, struct nl_buf *out) {
    const char *at = strrchr(address, '@');
    size_t local = at != NULL ? (size_t)(at - address) : strlen(address);
    size_t first = local > 0 ? 1 : 0;
    while (first < local && ((unsigned char)address[first] & 0xc0) == 0x80)
        first++;
    size_t last = local > 0 ? last_character(address, local) : 0;
    nl_buf_add(out, address, first);
    nl_buf_adds(out, "\u2026");
    if (first + last < local) /* else little would be hidden */
        nl_buf_add(out, address + local - last, last);
    nl_buf_adds(out, at != NULL ? at : "");
}
