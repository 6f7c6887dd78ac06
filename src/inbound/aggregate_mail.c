/* Finding a report about us in a message: a file that is attached to it, or the message itself. */
#include "inbound/aggregate.h"
#include "inbound/reading.h"
#include "inbound/unpack.h"
#include "newsletter/base/memory.h"

#include <libetpan/libetpan.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* libetpan's decoder looks a few bytes beyond the end of what is cut off. */
enum { PADDING = 8 };

/* Unpacking and parsing so many bytes take about as long as one step of reading a bounce. A further
 * file is opened only while the largest one still fits into what a message may cost. */
enum { BYTES_PER_STEP = 7, OPENED = NL_READING_STEPS / 5 };

/* Reports are attached to the message itself; files within a mail that came back are ours. */
enum { OUTERMOST = 2 };

/* RFC 7489 section 7.2.1.1 prescribes the subject, RFC 8460 section 5.3 the types. */
static bool claims_to_be_report(const struct nl_mail *mail, const char *subject) {
    bool claims = strcasestr(subject, "Report Domain:") != NULL;
    for (size_t i = 0; i < mail->count && !claims; i++)
        claims = mail->parts[i].depth <= OUTERMOST &&
                 (strncmp(mail->parts[i].type, "application/tlsrpt", 18) == 0 ||
                  (mail->parts[i].report_type != NULL &&
                   strcasecmp(mail->parts[i].report_type, "tlsrpt") == 0));
    return claims;
}

static bool may_hold_report(const struct nl_part *part) {
    return strncmp(part->type, "application/", 12) == 0 || strcmp(part->type, "text/xml") == 0;
}

/* Appends the bytes of a part. */
static void decode(const struct nl_part *part, struct nl_buf *out) {
    size_t index = 0;
    char *decoded = NULL;
    size_t decoded_len = 0;
    if (part->encoding == MAILMIME_MECHANISM_8BIT) {
        nl_buf_add(out, part->body.data, part->body.len);
        return;
    }
    char *padded = nl_calloc(1, part->body.len + PADDING);
    memcpy(padded, part->body.data, part->body.len);
    if (mailmime_part_parse(padded, part->body.len, &index, part->encoding, &decoded,
                            &decoded_len) == MAILIMF_NO_ERROR)
        nl_buf_add(out, decoded, decoded_len);
    if (decoded != NULL)
        mailmime_decoded_part_free(decoded);
    free(padded);
}

/* Reads the file in a part. NL_DATA says what is wrong with it; *known whether its text is, all the
 * same, that of a report. */
static enum nl_status read_part(struct nl_reading *reading, const struct nl_part *part, bool *known,
                                struct nl_error *err) {
    struct nl_buf file = {0};
    struct nl_buf unpacked = {0};
    enum nl_status status = NL_OK;
    decode(part, &file);
    bool packed = nl_is_packed(nl_buf_text(&file), file.len);
    if (packed)
        status = nl_unpack(nl_buf_text(&file), file.len, &unpacked, err);
    const struct nl_buf *text = packed ? &unpacked : &file;
    const char *start = nl_buf_text(text);
    if (status == NL_OK) {
        bool json = start[strspn(start, " \t\r\n")] == '{';
        status = (json ? nl_tls_report_read : nl_dmarc_report_read)(start, text->len,
                                                                    &reading->out->report, err);
        *known = reading->out->report != NULL || status == NL_DATA;
    }
    reading->out->steps += (file.len + unpacked.len) / BYTES_PER_STEP;
    nl_buf_free(&file);
    nl_buf_free(&unpacked);
    return status;
}

bool nl_read_report(struct nl_reading *reading, const char *subject) {
    struct nl_bounce *out = reading->out;
    bool claims = claims_to_be_report(&reading->mail, subject);
    bool found = false;
    int inside = OUTERMOST + 1; /* the depth below which a mail holds another */
    for (size_t i = 0; i < reading->mail.count && out->report == NULL; i++) {
        const struct nl_part *part = &reading->mail.parts[i];
        struct nl_error err = {0};
        bool known = false;
        if (part->depth <= inside)
            inside = strncmp(part->type, "message/", 8) == 0 ? part->depth : OUTERMOST + 1;
        if (part->depth > OUTERMOST || part->depth > inside || !may_hold_report(part) ||
            out->steps > OPENED)
            continue;
        enum nl_status status = read_part(reading, part, &known, &err);
        reading->failed |= status != NL_OK && status != NL_DATA;
        found |= claims || known;
        if (status == NL_DATA && (claims || known) && out->problem == NULL)
            out->problem = nl_strdup(nl_error_text(&err));
        nl_error_free(&err);
    }
    if (out->report != NULL)
        out->kind = NL_BOUNCE_REPORT;
    return found;
}
