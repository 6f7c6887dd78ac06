/* A mail that Outlook has saved, as any bytes: it becomes a mail within bounds, which can be asked
 * about. What begins as RTF is read as such, and what begins as its compressed form. */
#include "newsletter/bulletin/genuine.h"
#include "newsletter/transfer/outlook_mail.h"
#include "transfer/rtf_packed.h"
#include "transfer/rtf_text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void demand(bool holds) {
    if (!holds)
        abort();
}

static void read_rtf(const struct nl_buf *rtf) {
    struct nl_buf out = {0};
    struct nl_error err = {0};
    bool html = false;
    if (nl_rtf_text(rtf, &out, &html, &err) == NL_OK)
        demand(out.len <= 12 * rtf->len);
    nl_buf_free(&out);
    nl_error_free(&err);
}

static void read_packed(const struct nl_buf *file) {
    enum { LIMIT = 1 << 20 };
    struct nl_buf rtf = {0};
    struct nl_error err = {0};
    if (nl_rtf_unpack(file, LIMIT, &rtf, &err) == NL_OK) {
        demand(rtf.len <= LIMIT && rtf.len <= 17 * file->len);
        read_rtf(&rtf);
    }
    nl_buf_free(&rtf);
    nl_error_free(&err);
}

static void read_mail(const struct nl_buf *file) {
    struct nl_buf mail = {0};
    struct nl_error err = {0};
    struct nl_asked *asked = NULL;
    if (nl_outlook_to_mail(file, &mail, &err) == NL_OK) {
        demand(mail.len <= NL_OUTLOOK_MOST);
        demand(nl_asked_read(nl_buf_text(&mail), mail.len, &asked, &err) == NL_OK);
    }
    nl_asked_free(asked);
    nl_buf_free(&mail);
    nl_error_free(&err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    struct nl_buf file = {0};
    nl_buf_add(&file, data, len);
    if (len > 0 && nl_outlook_is_one(file.data, len))
        read_mail(&file);
    else if (len > 5 && memcmp(file.data, "{\\rtf", 5) == 0)
        read_rtf(&file);
    else if (len > 0)
        read_packed(&file);
    nl_buf_free(&file);
    return 0;
}
