#include "bulletin/fields.h"

#include "bulletin/header.h"
#include "bulletin/mail_data.h"
#include "newsletter/base/address.h"

#include <stdlib.h>
#include <string.h>

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
    if (strchr(subject, NL_SLOT_OPEN) == NULL)
        nl_header_text(&text, subject);
    else if (status == NL_OK)
        status = nl_slots_mark(slots, NL_SLOT_SUBJECT, subject, "", &text, err);
    nl_fields_add(fields, "Subject", &text);
    if (status == NL_OK)
        status = add_slot(fields, slots, "Date", NL_SLOT_DATE, err);
    if (status == NL_OK)
        status = add_slot(fields, slots, "Message-ID", NL_SLOT_MESSAGE_ID, err);
    add_field(fields, "Content-Language", language);
    return status;
}

/* Adds a mailto: address (RFC 6068) for unsubscribing; 'newsletter bounce' reads the mail that it
 * produces. Adds nothing for an address that would need escapes. */
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

enum nl_status nl_fields_list(const struct nl_list *list, const struct nl_config *config,
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
    struct nl_buf archive = {0};
    nl_mail_archive_url(config, list, &archive);
    if (archive.len > 0) {
        nl_buf_addf(&value, "<%s>", nl_buf_text(&archive));
        nl_fields_add(fields, "List-Archive", &value);
    }
    nl_buf_free(&archive);
    return status;
}
