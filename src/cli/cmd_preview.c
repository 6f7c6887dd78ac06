#include "cli/cli.h"

#include "newsletter/base/file.h"
#include "newsletter/base/memory.h"
#include "newsletter/bulletin/preview.h"
#include "newsletter/bulletin/sample.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct preview_options {
    const char *list, *output;
};

/* "issue-11" from "drafts/issue-11.md". */
static char *stem(const char *path) {
    const char *slash = strrchr(path, '/');
    const char *base = slash != NULL ? slash + 1 : path;
    const char *dot = strrchr(base, '.');
    return nl_strndup(base, dot != NULL && dot > base ? (size_t)(dot - base) : strlen(base));
}

/* Where the files go, and their names with --json. */
struct output {
    const char *folder;
    json_t *files; /* NULL for text */
};

static enum nl_status write_file(const struct output *output, const char *name, const char *suffix,
                                 const struct nl_buf *text, struct nl_error *err) {
    struct nl_buf path = {0};
    nl_buf_addf(&path, "%s/%s%s", output->folder, name, suffix);
    enum nl_status status =
        nl_file_write(nl_buf_text(&path), nl_buf_text(text), text->len, false, err);
    if (status == NL_OK && output->files != NULL)
        json_array_append_new(output->files, json_string(nl_buf_text(&path)));
    else if (status == NL_OK)
        puts(nl_buf_text(&path));
    nl_buf_free(&path);
    return status;
}

/* The filled parts of one edition. */
struct filled {
    struct nl_buf page, text, html, message;
};

static enum nl_status fill_preview(const struct nl_bulletin *bulletin, size_t index,
                                   struct filled *out, struct nl_error *err) {
    const struct nl_view *view = &bulletin->views[index];
    const struct nl_edition edition = nl_bulletin_edition(bulletin, index);
    enum nl_status status =
        nl_sample_fill(nl_buf_text(&view->page), view->page.len, NULL, &out->page, err);
    if (status == NL_OK)
        status = nl_sample_fill(nl_buf_text(&view->text), view->text.len, NULL, &out->text, err);
    if (status == NL_OK)
        status = nl_sample_fill(nl_buf_text(&view->html), view->html.len, NULL, &out->html, err);
    return status == NL_OK
               ? nl_sample_fill(edition.message, edition.message_len, NULL, &out->message, err)
               : status;
}

static enum nl_status write_edition(const char *path, const struct filled *filled,
                                    const struct output *output, struct nl_error *err) {
    char *name = stem(path);
    enum nl_status status = write_file(output, name, ".html", &filled->page, err);
    if (status == NL_OK)
        status = write_file(output, name, ".txt", &filled->text, err);
    if (status == NL_OK)
        status = write_file(output, name, ".eml", &filled->message, err);
    free(name);
    return status;
}

static enum nl_status write_page(const struct cli *cli, const struct nl_bulletin *bulletin,
                                 const struct filled *filled, const struct output *output,
                                 const char *name, struct nl_error *err) {
    struct nl_buf page = {0};
    struct nl_sample *samples = nl_calloc(bulletin->view_count + 1, sizeof *samples);
    for (size_t i = 0; i < bulletin->view_count; i++)
        samples[i] = (struct nl_sample){.page = nl_buf_text(&filled[i].page),
                                        .text = nl_buf_text(&filled[i].text),
                                        .html = nl_buf_text(&filled[i].html),
                                        .message = nl_buf_text(&filled[i].message)};
    enum nl_status status = nl_preview_compose(name, bulletin, samples, &cli->config, &page, err);
    if (status == NL_OK)
        status = write_file(output, "index", ".html", &page, err);
    free(samples);
    nl_buf_free(&page);
    return status;
}

static enum nl_status write_all(const struct cli *cli, const struct nl_bulletin *bulletin,
                                const struct output *output, const char *name,
                                struct nl_error *err) {
    if (mkdir(output->folder, 0755) != 0 && errno != EEXIST)
        return nl_error_system(err, errno, "create", output->folder);
    struct filled *filled = nl_calloc(bulletin->view_count + 1, sizeof *filled);
    enum nl_status status = NL_OK;
    for (size_t i = 0; status == NL_OK && i < bulletin->view_count; i++) {
        status = fill_preview(bulletin, i, &filled[i], err);
        if (status == NL_OK)
            status = write_edition(bulletin->views[i].path, &filled[i], output, err);
    }
    if (status == NL_OK)
        status = write_page(cli, bulletin, filled, output, name, err);
    for (size_t i = 0; i < bulletin->view_count; i++) {
        nl_buf_free(&filled[i].page);
        nl_buf_free(&filled[i].text);
        nl_buf_free(&filled[i].html);
        nl_buf_free(&filled[i].message);
    }
    free(filled);
    return status;
}

static enum nl_status preview_run(struct cli *cli, void *options, struct nl_error *err) {
    const struct preview_options *chosen = options;
    const char *path = cli->words[0];
    struct nl_buf folder = {0};
    struct nl_list list = {0};
    struct nl_bulletin bulletin = {0};
    char *name = stem(path);
    enum nl_status status = cli_compose(cli, path, chosen->list, &list, &bulletin, err);
    if (status == NL_OK) {
        nl_buf_addf(&folder, "%s%s", chosen->output != NULL ? chosen->output : name,
                    chosen->output != NULL ? "" : ".preview");
        const struct output output = {.folder = nl_buf_text(&folder),
                                      .files = cli->json ? json_array() : NULL};
        status = write_all(cli, &bulletin, &output, name, err);
        if (status == NL_OK && cli->json)
            cli_print_json(cli,
                           json_pack("{s:s, s:O}", "folder", output.folder, "files", output.files));
        json_decref(output.files);
    }
    free(name);
    nl_buf_free(&folder);
    nl_bulletin_free(&bulletin);
    nl_list_free(&list);
    return status;
}

static const struct cli_option preview_table[] = {
    CLI_TEXT("list", struct preview_options, list),
    CLI_PATH("output", struct preview_options, output),
    {0},
};

const struct cli_command cmd_preview = {
    .name = "preview",
    .options = preview_table,
    .size = sizeof(struct preview_options),
    .run = preview_run,
    .words = {1, 1, "one ISSUE.md"},
};
