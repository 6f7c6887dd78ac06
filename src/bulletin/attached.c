#include "newsletter/bulletin/attached.h"

#include <libetpan/libetpan.h>

enum { DEPTH = 8 };

/* A walk to one attachment. */
struct walk {
    size_t left; /* to be passed over */
    struct mailmime *found;
    int encoding;
};

static bool is_attachment(struct mailmime *part, int *encoding) {
    struct mailmime_single_fields fields;
    mailmime_single_fields_init(&fields, part->mm_mime_fields, part->mm_content_type);
    *encoding =
        fields.fld_encoding != NULL ? fields.fld_encoding->enc_type : MAILMIME_MECHANISM_8BIT;
    return fields.fld_disposition != NULL && fields.fld_disposition->dsp_type != NULL &&
           fields.fld_disposition->dsp_type->dsp_type == MAILMIME_DISPOSITION_TYPE_ATTACHMENT;
}

static void look(struct walk *walk, struct mailmime *part, int depth) {
    if (walk->found != NULL || part == NULL || depth > DEPTH)
        return;
    if (part->mm_type == MAILMIME_MESSAGE)
        look(walk, part->mm_data.mm_message.mm_msg_mime, depth + 1);
    if (part->mm_type == MAILMIME_MULTIPLE) {
        clist *list = part->mm_data.mm_multipart.mm_mp_list;
        for (clistiter *at = clist_begin(list); at != NULL; at = clist_next(at))
            look(walk, clist_content(at), depth + 1);
    }
    if (part->mm_type != MAILMIME_SINGLE || !is_attachment(part, &walk->encoding))
        return;
    if (walk->left == 0)
        walk->found = part;
    else
        walk->left--;
}

static enum nl_status decode(const struct walk *walk, size_t *size, struct nl_buf *out,
                             struct nl_error *err) {
    const struct mailmime_data *data = walk->found->mm_data.mm_single;
    size_t index = 0;
    char *decoded = NULL;
    if (data == NULL || data->dt_type != MAILMIME_DATA_TEXT ||
        mailmime_part_parse(data->dt_data.dt_text.dt_data, data->dt_data.dt_text.dt_length, &index,
                            walk->encoding, &decoded, size) != MAILIMF_NO_ERROR)
        return nl_error_set(err, NL_DATA, "an attachment of the stored message cannot be decoded");
    if (out != NULL)
        nl_buf_add(out, decoded, *size);
    mailmime_decoded_part_free(decoded);
    return NL_OK;
}

enum nl_status nl_attached_read(const struct nl_buf *message, size_t index, bool *found,
                                size_t *size, struct nl_buf *out, struct nl_error *err) {
    struct walk walk = {.left = index};
    struct mailmime *root = NULL;
    size_t at = 0;
    *found = false;
    *size = 0;
    if (mailmime_parse(nl_buf_text(message), message->len, &at, &root) != MAILIMF_NO_ERROR)
        return nl_error_set(err, NL_DATA, "the stored message cannot be read");
    look(&walk, root, 0);
    *found = walk.found != NULL;
    enum nl_status status = *found ? decode(&walk, size, out, err) : NL_OK;
    mailmime_free(root);
    return status;
}
