#include "archive/pictures.h"

#include <openssl/evp.h>
#include <string.h>

static const char start[] = "src=\"data:image/";
static const char middle[] = ";base64,";

static const struct kind {
    const char *name, *type;
} kinds[] = {{"png", "image/png"}, {"jpeg", "image/jpeg"}, {"gif", "image/gif"}};

/* One picture in the text. */
struct found {
    const struct kind *kind;
    const char *begin, *end; /* of the URL */
    const char *data;        /* base64, up to `end` */
};

/* Finds the next picture; NULL if there is none. Anything that our writer would not produce is
 * text. */
static const char *next_picture(const char *html, struct found *out) {
    for (const char *at = strstr(html, start); at != NULL; at = strstr(at + 1, start)) {
        const char *name = at + sizeof start - 1;
        for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
            size_t len = strlen(kinds[i].name);
            if (strncmp(name, kinds[i].name, len) != 0 ||
                strncmp(name + len, middle, sizeof middle - 1) != 0)
                continue;
            *out = (struct found){.kind = &kinds[i],
                                  .begin = at + strlen("src=\""),
                                  .data = name + len + sizeof middle - 1};
            out->end = strchr(out->data, '"');
            return out->end;
        }
    }
    return NULL;
}

void nl_pictures_link(const char *html, const char *base, struct nl_buf *out) {
    struct found picture;
    for (size_t number = 1; next_picture(html, &picture) != NULL; number++) {
        nl_buf_add(out, html, (size_t)(picture.begin - html));
        nl_buf_addf(out, "%simage-%zu.%s", base, number, picture.kind->name);
        html = picture.end;
    }
    nl_buf_adds(out, html);
}

size_t nl_pictures_list(const char *html, struct nl_buf *names) {
    struct found picture;
    size_t count = 0;
    for (; next_picture(html, &picture) != NULL; html = picture.end) {
        count++;
        if (names == NULL)
            continue;
        nl_buf_addf(names, "image-%zu.%s", count, picture.kind->name);
        nl_buf_addc(names, '\0');
    }
    return count;
}

bool nl_pictures_get(const char *html, const char *name, struct nl_buf *out, const char **type) {
    struct found picture;
    for (size_t number = 1; next_picture(html, &picture) != NULL; number++, html = picture.end) {
        struct nl_buf own = {0};
        nl_buf_addf(&own, "image-%zu.%s", number, picture.kind->name);
        bool same = strcmp(nl_buf_text(&own), name) == 0;
        nl_buf_free(&own);
        if (!same)
            continue;
        size_t len = (size_t)(picture.end - picture.data);
        if (len % 4 != 0)
            return false;
        nl_buf_reserve(out, len / 4 * 3 + 1);
        int used = EVP_DecodeBlock((unsigned char *)out->data, (const unsigned char *)picture.data,
                                   (int)len);
        if (used < 0)
            return false;
        out->len = (size_t)used - (len > 0 && picture.end[-1] == '=') -
                   (len > 1 && picture.end[-2] == '=');
        *type = picture.kind->type;
        return true;
    }
    return false;
}
