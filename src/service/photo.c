#include "newsletter/service/photo.h"
#include "newsletter/base/memory.h"

#include "newsletter/base/picture.h"
#include "newsletter/service/conversion.h"

#include <stdlib.h>
#include <string.h>

bool nl_photo_is_one(const char *data, size_t len) {
    const struct nl_buf file = {.data = (char *)data, .len = len};
    const char *type = nl_picture_type(&file);
    return type != NULL && (strcmp(type, "image/jpeg") == 0 || strcmp(type, "image/png") == 0);
}

/* "https://news.example.org/genuine?n=7K3F-9Q2M": what comes before the number is this office's. */
static enum nl_photo_code read_code(const char *ours, const char *code,
                                    char out[NL_REFERENCE_LEN + 1]) {
    size_t len = strlen(ours);
    if (len > 0 && strncmp(code, ours, len) == 0 && nl_reference_parse(code + len, out))
        return NL_PHOTO_NUMBER;
    return nl_reference_parse(code, out) ? NL_PHOTO_NUMBER : NL_PHOTO_ELSEWHERE;
}

enum nl_photo_code nl_photo_find(const struct nl_config *config, const char *codes,
                                 char out[NL_REFERENCE_LEN + 1]) {
    enum nl_photo_code found = NL_PHOTO_NONE;
    struct nl_buf ours = {0};
    if (config->serve.url != NULL)
        nl_buf_addf(&ours, "%s/genuine?n=", config->serve.url);
    while (*codes != '\0' && found != NL_PHOTO_NUMBER) {
        size_t len = strcspn(codes, "\n");
        char *code = nl_strndup(codes, len);
        if (len > 0)
            found = read_code(nl_buf_text(&ours), code, out);
        free(code);
        codes += len + (codes[len] == '\n');
    }
    nl_buf_free(&ours);
    return found;
}

enum nl_status nl_photo_read(const struct nl_config *config, const char *data, size_t len,
                             enum nl_photo_code *found, char out[NL_REFERENCE_LEN + 1],
                             struct nl_error *err) {
    const struct nl_buf photo = {.data = (char *)data, .len = len};
    struct nl_buf codes = {0};
    enum nl_status status = nl_convert_codes(&photo, &codes, err);
    *found = NL_PHOTO_NONE;
    if (status == NL_OK)
        *found = nl_photo_find(config, nl_buf_text(&codes), out);
    nl_buf_free(&codes);
    return status;
}
