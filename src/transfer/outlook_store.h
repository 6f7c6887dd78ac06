/* The storages and streams of a mail that Outlook has saved (MS-CFB, MS-OXMSG), within bounds: no
 * more is read than the file has bytes. */
#ifndef NL_TRANSFER_OUTLOOK_STORE_H
#define NL_TRANSFER_OUTLOOK_STORE_H

#include "newsletter/base/buf.h"
#include "newsletter/base/error.h"

#include <stdint.h>

/* Properties, by their tags (MS-OXPROPS). */
enum {
    NL_MAPI_CLASS = 0x001A,
    NL_MAPI_SUBJECT = 0x0037,
    NL_MAPI_HEADERS = 0x007D,
    NL_MAPI_SENDER_NAME = 0x0C1A,
    NL_MAPI_SENDER = 0x0C1F,
    NL_MAPI_BODY = 0x1000,
    NL_MAPI_RTF = 0x1009,
    NL_MAPI_HTML = 0x1013,
    NL_MAPI_MESSAGE_ID = 0x1035,
    NL_MAPI_DISPLAY_NAME = 0x3001,
    NL_MAPI_DATA = 0x3701,
    NL_MAPI_FILE_NAME = 0x3704,
    NL_MAPI_METHOD = 0x3705,
    NL_MAPI_LONG_NAME = 0x3707,
    NL_MAPI_MIME_TYPE = 0x370E,
    NL_MAPI_INTERNET_CODE_PAGE = 0x3FDE,
    NL_MAPI_CODE_PAGE = 0x3FFD,
    NL_MAPI_SMTP_SENDER = 0x5D01,
};

/* A mail, or an attachment of one. */
struct nl_storage;

/* Opens a file, which must outlive it. NL_DATA for one that is broken or is not mail. Free with
 * nl_storage_close. */
NL_CHECKED enum nl_status nl_storage_open(const struct nl_buf *file, struct nl_storage **out,
                                          struct nl_error *err) NL_ALL_NONNULL;
void nl_storage_close(struct nl_storage *storage);

/* How many attachments it has, and one of them. The caller closes *out. */
size_t nl_storage_attachments(const struct nl_storage *storage) NL_ALL_NONNULL;
NL_CHECKED enum nl_status nl_storage_attachment(const struct nl_storage *storage, size_t index,
                                                struct nl_storage **out,
                                                struct nl_error *err) NL_ALL_NONNULL;

/* The mail or object that an attachment holds itself; *out is NULL if it holds bytes. */
NL_CHECKED enum nl_status nl_storage_object(const struct nl_storage *attachment,
                                            struct nl_storage **out,
                                            struct nl_error *err) NL_ALL_NONNULL;

/* Whether it is a mail. */
bool nl_storage_is_mail(const struct nl_storage *storage) NL_ALL_NONNULL;

/* Appends the bytes of a property; *found says whether there is one (it may be NULL). */
NL_CHECKED enum nl_status nl_storage_bytes(const struct nl_storage *storage, unsigned property,
                                           struct nl_buf *out, bool *found, struct nl_error *err)
    NL_NONNULL(1, 3, 5);

/* Appends a text in UTF-8, nothing if there is none. */
NL_CHECKED enum nl_status nl_storage_text(const struct nl_storage *storage, unsigned property,
                                          struct nl_buf *out, struct nl_error *err) NL_ALL_NONNULL;

/* The number of a property; `otherwise` if it has none. */
long nl_storage_number(const struct nl_storage *storage, unsigned property,
                       long otherwise) NL_ALL_NONNULL;

#endif
