#include "web/compress.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <zlib.h>

enum { LEAST = 1024, MOST = 4 << 20, LEVEL = 5, WINDOW = 15, GZIP_HEADER = 16, MEMORY = 8 };

/* ---- what is asked for ---- */

/* "0.5" as 500; an invalid weight counts as 0: such a visitor has not asked. */
static int read_weight(const char *text, size_t len) {
    int weight = 0;
    int digit = 100;
    if (len == 0 || (text[0] != '0' && text[0] != '1') || (len > 1 && text[1] != '.') || len > 5)
        return 0;
    weight = (text[0] - '0') * 1000;
    for (size_t i = 2; i < len; i++, digit /= 10) {
        if (text[i] < '0' || text[i] > '9')
            return 0;
        weight += (text[i] - '0') * digit;
    }
    return weight <= 1000 ? weight : 0;
}

/* The weight of one member, such as " gzip ; q=0.5"; *len is the length of its name at *name. */
static int read_member(const char *text, size_t size, const char **name, size_t *len) {
    size_t blank = strspn(text, " \t");
    blank = blank < size ? blank : size;
    *name = text + blank;
    size_t rest = size - blank;
    *len = strcspn(*name, " \t;,");
    *len = *len < rest ? *len : rest;
    const char *at = *name + *len;
    const char *end = text + size;
    while (at < end && strchr(" \t;", *at) != NULL)
        at++;
    if (at == end)
        return 1000;
    if (end - at < 2 || (at[0] != 'q' && at[0] != 'Q') || at[1] != '=')
        return 0;
    while (end > at && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    return read_weight(at + 2, (size_t)(end - at - 2));
}

static bool is_name(const char *name, size_t len, const char *wanted) {
    return strlen(wanted) == len && strncasecmp(name, wanted, len) == 0;
}

bool nl_gzip_is_wanted(const char *accept_encoding) {
    int gzip = -1;
    int any = -1;
    int identity = -1;
    for (const char *at = accept_encoding; at != NULL && *at != '\0';) {
        size_t size = strcspn(at, ",");
        const char *name = NULL;
        size_t len = 0;
        int weight = read_member(at, size, &name, &len);
        if (is_name(name, len, "gzip") || is_name(name, len, "x-gzip"))
            gzip = weight;
        else if (is_name(name, len, "*"))
            any = weight;
        else if (is_name(name, len, "identity"))
            identity = weight;
        at += size + (at[size] == ',');
    }
    if (gzip < 0)
        gzip = any;
    return gzip > 0 && gzip >= identity;
}

/* ---- which answers ---- */

static bool is_text(const char *type) {
    static const char *const types[] = {
        "application/json",      "application/problem+json", "application/xml",
        "application/atom+xml",  "application/rss+xml",      "application/feed+json",
        "application/xhtml+xml", "application/javascript",   "image/svg+xml"};
    if (type == NULL || strncmp(type, "text/", 5) == 0)
        return true;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (strncmp(type, types[i], strlen(types[i])) == 0)
            return true;
    return false;
}

bool nl_gzip_suits(const struct nl_response *response) {
    bool harmless = response->for_programs || (response->cacheable && !response->form);
    return harmless && !response->ranges && response->stream == NULL && response->cookie == NULL &&
           is_text(response->type);
}

/* ---- compressing ---- */

bool nl_gzip(const struct nl_buf *body, struct nl_buf *out) {
    z_stream stream = {0};
    char block[16384];
    int result = Z_OK;
    if (body->len < LEAST || body->len > MOST ||
        deflateInit2(&stream, LEVEL, Z_DEFLATED, WINDOW + GZIP_HEADER, MEMORY,
                     Z_DEFAULT_STRATEGY) != Z_OK)
        return false;
    stream.next_in = (Bytef *)body->data;
    stream.avail_in = (uInt)body->len;
    while (result == Z_OK) {
        stream.next_out = (Bytef *)block;
        stream.avail_out = sizeof block;
        result = deflate(&stream, Z_FINISH);
        nl_buf_add(out, block, sizeof block - stream.avail_out);
    }
    deflateEnd(&stream);
    if (result == Z_STREAM_END)
        return true;
    nl_buf_free(out);
    return false;
}

bool nl_gunzip(const char *data, size_t len, struct nl_buf *out) {
    z_stream stream = {0};
    char block[16384];
    int result = Z_OK;
    if (inflateInit2(&stream, WINDOW + GZIP_HEADER) != Z_OK)
        return false;
    stream.next_in = (Bytef *)data;
    stream.avail_in = (uInt)len;
    while (result == Z_OK) {
        stream.next_out = (Bytef *)block;
        stream.avail_out = sizeof block;
        result = inflate(&stream, Z_NO_FLUSH);
        nl_buf_add(out, block, sizeof block - stream.avail_out);
    }
    inflateEnd(&stream);
    return result == Z_STREAM_END;
}

void nl_gzip_tag(const char *tag, char *out, size_t size) {
    size_t len = strlen(tag);
    if (len > 0 && tag[len - 1] == '"')
        snprintf(out, size, "%.*s-gzip\"", (int)(len - 1), tag);
    else
        snprintf(out, size, "%s", tag);
}
