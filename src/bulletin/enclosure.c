#include "bulletin/enclosure.h"

#include "newsletter/base/base64.h"
#include "newsletter/base/catalog.h"
#include "newsletter/base/file.h"
#include "newsletter/base/memory.h"
#include "newsletter/base/picture.h"
#include "newsletter/base/token.h"

#include <ctype.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { SIZE_LIMIT = 10 << 20, COUNT_LIMIT = 50 };

static const struct {
    const char *ending, *type;
} types[] = {
    {".pdf", "application/pdf"},
    {".png", "image/png"},
    {".jpg", "image/jpeg"},
    {".jpeg", "image/jpeg"},
    {".gif", "image/gif"},
    {".ics", "text/calendar"},
    {".csv", "text/csv"},
    {".txt", "text/plain"},
    {".zip", "application/zip"},
    {".odt", "application/vnd.oasis.opendocument.text"},
    {".ods", "application/vnd.oasis.opendocument.spreadsheet"},
    {".docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
    {".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
    {".pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"},
    {".epub", "application/epub+zip"},
    {".mp3", "audio/mpeg"},
};

/* Files that mail servers refuse from any sender. */
static const char *const programs[] = {".exe", ".bat", ".cmd", ".com", ".scr", ".js",  ".jse",
                                       ".vbs", ".jar", ".msi", ".lnk", ".ps1", ".hta", ".wsf",
                                       ".pif", ".cpl", ".apk", ".iso", ".reg", ".dll"};

static bool has_ending(const char *text, const char *ending) {
    size_t len = strlen(text);
    size_t end = strlen(ending);
    return len > end && strcasecmp(text + len - end, ending) == 0;
}

static const char *type_by_name(const char *name) {
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (has_ending(name, types[i].ending))
            return types[i].type;
    return "application/octet-stream";
}

static bool is_program(const char *name) {
    for (size_t i = 0; i < sizeof programs / sizeof programs[0]; i++)
        if (has_ending(name, programs[i]))
            return true;
    return false;
}

enum nl_status nl_enclosures_type(const char *name, const char **type, struct nl_error *err) {
    if (is_program(name))
        return nl_error_set(
            err, NL_DATA,
            NL_TEXT("'%s' is a program or like one, which mail servers refuse: link to it "
                    "instead"),
            name);
    *type = type_by_name(name);
    return NL_OK;
}

static bool leads_out(const char *path) {
    for (const char *part = path; part != NULL; part = strchr(part, '/')) {
        part += *part == '/';
        if (strncmp(part, "..", 2) == 0 && (part[2] == '/' || part[2] == '\0'))
            return true;
    }
    return path[0] == '/' || path[0] == '\0';
}

/* Reads a file of the issue's folder into a new item at the end. */
static enum nl_status read_enclosure(struct nl_enclosures *enclosures, const char *issue_path,
                                     const char *path, struct nl_error *err) {
    if (leads_out(path))
        return nl_error_set(
            err, NL_DATA, NL_TEXT("%s: '%s' is not within the issue's folder: put the file there"),
            issue_path, path);
    if (enclosures->count == COUNT_LIMIT)
        return nl_error_set(err, NL_DATA, NL_TEXT("%s: more than %d files"), issue_path,
                            COUNT_LIMIT);
    struct nl_enclosure *grown =
        nl_realloc(enclosures->items, (enclosures->count + 1) * sizeof *enclosures->items);
    char *copy = nl_strdup(issue_path);
    enclosures->items = grown;
    struct nl_enclosure *item = &grown[enclosures->count++];
    const char *slash = strrchr(path, '/');
    *item = (struct nl_enclosure){.name = nl_strdup(slash != NULL ? slash + 1 : path)};
    enum nl_status status = nl_file_read_beneath(dirname(copy), path, SIZE_LIMIT, &item->data, err);
    enclosures->size += item->data.len;
    if (status == NL_NOINPUT) /* the issue names a file that does not exist */
        status = err->status = NL_DATA;
    if (status != NL_OK)
        nl_error_context(err, "%s", issue_path);
    else if (item->data.len == 0)
        status = nl_error_set(err, NL_DATA, NL_TEXT("%s: %s is empty"), issue_path, path);
    else if (enclosures->size > SIZE_LIMIT)
        status =
            nl_error_set(err, NL_DATA,
                         NL_TEXT("%s: its files have more than %d MiB in all, which many mailboxes "
                                 "refuse: link to them instead"),
                         issue_path, SIZE_LIMIT >> 20);
    free(copy);
    return status;
}

void nl_enclosures_add(struct nl_enclosures *enclosures, const char *name, const char *type,
                       struct nl_buf *data) {
    struct nl_enclosure *grown =
        nl_realloc(enclosures->items, (enclosures->count + 1) * sizeof *enclosures->items);
    enclosures->items = grown;
    grown[enclosures->count++] =
        (struct nl_enclosure){.name = nl_strdup(name), .type = type, .data = *data, .made = true};
    enclosures->size += data->len;
    *data = (struct nl_buf){0};
}

enum nl_status nl_enclosures_attach(struct nl_enclosures *enclosures, const char *issue_path,
                                    const char *path, struct nl_error *err) {
    const char *type = NULL;
    enum nl_status status = nl_enclosures_type(path, &type, err);
    if (status != NL_OK)
        return nl_error_context(err, "%s", issue_path);
    status = read_enclosure(enclosures, issue_path, path, err);
    if (status == NL_OK)
        enclosures->items[enclosures->count - 1].type = type;
    return status;
}

static void set_content_id(struct nl_enclosure *item) {
    char digest[2 * NL_DIGEST_LEN + 1];
    struct nl_buf id = {0};
    nl_digest_hex(item->data.data, item->data.len, digest);
    nl_buf_addf(&id, "%.32s@newsletter", digest);
    item->content_id = nl_buf_take(&id);
}

void nl_enclosures_picture(struct nl_enclosures *enclosures, const char *name, const char *type,
                           struct nl_buf *data, struct nl_buf *address) {
    struct nl_buf file = {0};
    nl_buf_addf(&file, "%s.%s", name, strchr(type, '/') + 1); /* image/png */
    nl_enclosures_add(enclosures, nl_buf_text(&file), type, data);
    set_content_id(&enclosures->items[enclosures->count - 1]);
    nl_buf_addf(address, "cid:%s", enclosures->items[enclosures->count - 1].content_id);
    nl_buf_free(&file);
}

static void remove_last(struct nl_enclosures *enclosures) {
    struct nl_enclosure *item = &enclosures->items[--enclosures->count];
    enclosures->size -= item->data.len;
    free(item->name);
    free(item->content_id);
    nl_buf_free(&item->data);
}

/* Points the image to the web server, where it has the same path, and drops the file. */
static void refer_to_image(struct nl_enclosures *enclosures, const char *base,
                           struct nl_md_node *node) {
    struct nl_buf url = {0};
    const char *slash = base[strlen(base) - 1] == '/' ? "" : "/";
    remove_last(enclosures);
    nl_buf_addf(&url, "%s%s%s", base, slash, node->text);
    free(node->text);
    node->text = nl_buf_take(&url);
}

static void enclose_image(struct nl_enclosures *enclosures, struct nl_md_node *node) {
    struct nl_buf url = {0};
    struct nl_enclosure *item = &enclosures->items[enclosures->count - 1];
    set_content_id(item);
    nl_buf_addf(&url, "cid:%s", item->content_id);
    for (size_t i = 0; i + 1 < enclosures->count; i++) {
        const char *other = enclosures->items[i].content_id;
        if (other != NULL && strcmp(other, item->content_id) == 0) {
            remove_last(enclosures);
            break;
        }
    }
    free(node->text);
    node->text = nl_buf_take(&url);
}

/* Decodes "%20" and the like; false if there is none, or one that stands for a control character.
 */
static bool decode_path(const char *path, struct nl_buf *out) {
    bool decoded = false;
    for (; *path != '\0'; path++) {
        bool escape =
            path[0] == '%' && isxdigit((unsigned char)path[1]) && isxdigit((unsigned char)path[2]);
        const char digits[] = {escape ? path[1] : '0', escape ? path[2] : '0', '\0'};
        unsigned long code = strtoul(digits, NULL, 16);
        if (escape && (code < 0x20 || code == 0x7f))
            return false;
        nl_buf_addc(out, escape ? (char)code : *path);
        path += escape ? 2 : 0;
        decoded = decoded || escape;
    }
    return decoded;
}

/* Editors write the path of a picture as part of a URL: "my%20ferry.png" is "my ferry.png", unless
 * a file has that very name. The node keeps the path as a URL has it. */
static enum nl_status read_image(struct nl_enclosures *enclosures, const char *issue_path,
                                 struct nl_md_node *node, struct nl_error *err) {
    struct nl_buf path = {0};
    struct nl_error first = {0};
    bool encoded = decode_path(node->text, &path);
    size_t count = enclosures->count;
    enum nl_status status =
        read_enclosure(enclosures, issue_path, node->text, encoded ? &first : err);
    if (encoded && status != NL_OK) {
        while (enclosures->count > count)
            remove_last(enclosures);
        status = read_enclosure(enclosures, issue_path, nl_buf_text(&path), err);
    } else if (encoded) {
        nl_buf_clear(&path); /* a literal % */
        for (const char *p = node->text; *p != '\0'; p++)
            nl_buf_adds(&path, *p == '%' ? "%25" : (const char[]){*p, '\0'});
        free(node->text);
        node->text = nl_buf_take(&path);
    }
    nl_error_free(&first);
    nl_buf_free(&path);
    return status;
}

static enum nl_status add_image(struct nl_enclosures *enclosures, const char *issue_path,
                                const char *base, struct nl_md_node *node, struct nl_error *err) {
    enum nl_status status = read_image(enclosures, issue_path, node, err);
    if (status != NL_OK)
        return status;
    struct nl_enclosure *item = &enclosures->items[enclosures->count - 1];
    item->type = nl_picture_type(&item->data);
    node->level = nl_picture_size(&item->data).width;
    if (item->type == NULL)
        return nl_error_set(
            err, NL_DATA,
            NL_TEXT("%s: image '%s' is neither PNG, JPEG nor GIF, which is what mail "
                    "programs show: convert it"),
            issue_path, node->text);
    if (base != NULL)
        refer_to_image(enclosures, base, node);
    else
        enclose_image(enclosures, node);
    return NL_OK;
}

enum nl_status nl_enclosures_images(struct nl_enclosures *enclosures, const char *issue_path,
                                    const char *base, struct nl_md_node *document,
                                    struct nl_error *err) {
    enum nl_status status = NL_OK;
    if (document->type == NL_MD_IMAGE && strncasecmp(document->text, "http", 4) != 0)
        status = add_image(enclosures, issue_path, base, document, err);
    for (struct nl_md_node *child = document->first; status == NL_OK && child != NULL;
         child = child->next)
        status = nl_enclosures_images(enclosures, issue_path, base, child, err);
    return status;
}

bool nl_enclosures_have(const struct nl_enclosures *enclosures, bool inline_image) {
    for (size_t i = 0; i < enclosures->count; i++)
        if ((enclosures->items[i].content_id != NULL) == inline_image)
            return true;
    return false;
}

static void add_data_url(const struct nl_enclosure *item, struct nl_buf *out) {
    nl_buf_addf(out, "data:%s;base64,", item->type);
    nl_base64_add(out, item->data.data, item->data.len);
}

char *nl_enclosures_placed(const struct nl_enclosures *enclosures) {
    for (size_t i = 0; i < enclosures->count; i++) {
        const struct nl_enclosure *item = &enclosures->items[i];
        if (!item->made && nl_picture_note(&item->data).place)
            return nl_strdup(item->name);
    }
    return NULL;
}

void nl_enclosures_embed(const struct nl_enclosures *enclosures, const char *html,
                         struct nl_buf *out) {
    for (const char *cid = strstr(html, "cid:"); cid != NULL; cid = strstr(html, "cid:")) {
        size_t i = 0;
        while (i < enclosures->count && (enclosures->items[i].content_id == NULL ||
                                         strncmp(cid + 4, enclosures->items[i].content_id,
                                                 strlen(enclosures->items[i].content_id)) != 0))
            i++;
        nl_buf_add(out, html, (size_t)(cid - html));
        html = cid + 4;
        if (i < enclosures->count) {
            add_data_url(&enclosures->items[i], out);
            html += strlen(enclosures->items[i].content_id);
        } else {
            nl_buf_adds(out, "cid:");
        }
    }
    nl_buf_adds(out, html);
}

void nl_enclosures_free(struct nl_enclosures *enclosures) {
    while (enclosures->count > 0)
        remove_last(enclosures);
    free(enclosures->items);
    *enclosures = (struct nl_enclosures){0};
}
