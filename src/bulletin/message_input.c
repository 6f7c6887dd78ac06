#include "bulletin/message_input.h"

#include "newsletter/base/clean.h"
#include "newsletter/base/text.h"

#include <stdlib.h>
#include <string.h>

/* ---- data ---- */

struct count {
    size_t values, bytes;
};

static enum nl_status count_bytes(struct count *count, size_t bytes, struct nl_error *err) {
    count->values++;
    count->bytes += bytes;
    return count->values <= NL_MESSAGE_VALUES && count->bytes <= NL_MESSAGE_DATA
               ? NL_OK
               : nl_error_set(err, NL_DATA, "the data has more than %d values or %d KiB",
                              NL_MESSAGE_VALUES, NL_MESSAGE_DATA >> 10);
}

static enum nl_status check_text(const json_t *value, struct count *count, struct nl_error *err) {
    size_t len = json_string_length(value);
    const char *text = json_string_value(value);
    if (strlen(text) != len)
        return nl_error_set(err, NL_DATA, "the data has a text with a NUL in it");
    enum nl_status status = nl_text_check_body(text, len, "the data", err);
    return status == NL_OK ? count_bytes(count, len, err) : status;
}

/* Carriage returns of texts that were typed on Windows or in a browser are not control characters
 * that do harm, but the message has line ends of its own: so they are refused as all others. */
static enum nl_status check_value(const json_t *value, int depth, struct count *count,
                                  struct nl_error *err) {
    enum nl_status status = NL_OK;
    const char *name = NULL;
    json_t *member = NULL;
    size_t at = 0;
    if (depth > NL_MESSAGE_DEPTH)
        return nl_error_set(err, NL_DATA, "the data is nested more than %d deep", NL_MESSAGE_DEPTH);
    if (json_is_string(value))
        return check_text(value, count, err);
    status = count_bytes(count, 8, err);
    json_object_foreach((json_t *)value, name, member) {
        if (status == NL_OK)
            status = check_value(member, depth + 1, count, err);
    }
    json_array_foreach(value, at, member) {
        if (status == NL_OK)
            status = check_value(member, depth + 1, count, err);
    }
    return status;
}

enum nl_status nl_message_check_data(const json_t *data, struct nl_error *err) {
    struct count count = {0};
    if (data == NULL)
        return NL_OK;
    if (!json_is_object(data))
        return nl_error_set(err, NL_DATA, "the data must be a JSON object");
    return check_value(data, 0, &count, err);
}

/* ---- files ---- */

/* A name for the reader's disk: one line, without a path, and none that shows another ending than
 * it has. */
static enum nl_status check_name(const char *name, struct nl_error *err) {
    struct nl_buf clean = {0};
    enum nl_status status = nl_clean_line(name, "the name of an attachment", &clean, err);
    if (status == NL_OK && (clean.len == 0 || clean.len > 200 || strpbrk(name, "/\\") != NULL ||
                            strcmp(nl_buf_text(&clean), name) != 0 || name[0] == '.'))
        status = nl_error_set(err, NL_DATA,
                              "'%.80s' is not a name for an attachment: use the name of a file, "
                              "without a path, of at most 200 bytes",
                              name);
    nl_buf_free(&clean);
    return status;
}

static enum nl_status take_file(const struct nl_message_file *file,
                                struct nl_enclosures *enclosures, struct nl_error *err) {
    struct nl_buf data = {0};
    const char *type = NULL;
    enum nl_status status = check_name(file->name, err);
    if (status == NL_OK)
        status = nl_enclosures_type(file->name, &type, err);
    if (status == NL_OK && file->len == 0)
        status = nl_error_set(err, NL_DATA, "the attachment %s is empty", file->name);
    nl_buf_add(&data, file->data, file->len);
    if (status == NL_OK)
        nl_enclosures_add(enclosures, file->name, type, &data);
    nl_buf_free(&data);
    return status;
}

enum nl_status nl_message_take_files(const struct nl_message_order *order,
                                     struct nl_enclosures *enclosures, struct nl_error *err) {
    size_t size = 0;
    enum nl_status status = NL_OK;
    for (size_t i = 0; i < order->file_count; i++)
        size += order->files[i].len;
    if (order->file_count > NL_MESSAGE_FILES || size > NL_MESSAGE_BYTES)
        return nl_error_set(err, NL_DATA,
                            "a message takes %d attachments of %d MiB in all: link to them instead",
                            NL_MESSAGE_FILES, NL_MESSAGE_BYTES >> 20);
    for (size_t i = 0; status == NL_OK && i < order->file_count; i++)
        status = take_file(&order->files[i], enclosures, err);
    return status;
}
