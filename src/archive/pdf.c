#include "newsletter/archive/archive.h"

#include "newsletter/base/file.h"
#include "newsletter/base/program.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PDF_LIMIT = 32 << 20, SECONDS = 60, DATA_LIMIT = 1 << 30, OPEN_FOLDERS = 8 };

/* Reads the page from its input. It fetches nothing, neither from the network nor from files. */
static const char weasyprint[] =
    "import sys, weasyprint\n"
    "def fetch(url, *rest, **more):\n"
    "    if url.startswith('data:'):\n"
    "        return weasyprint.default_url_fetcher(url)\n"
    "    raise ValueError('the page holds all that it needs')\n"
    "weasyprint.HTML(file_obj=sys.stdin.buffer, encoding='utf-8', base_url='about:blank',\n"
    "                url_fetcher=fetch).write_pdf(sys.stdout.buffer)\n";

static enum nl_status run(const char *const argv[], const char *home, const struct nl_buf *input,
                          const atomic_bool *cancel, struct nl_buf *out, struct nl_error *err) {
    struct nl_buf variable = {0};
    nl_buf_addf(&variable, "HOME=%s", home);
    char *environment[] = {"PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8", variable.data, NULL};
    const struct nl_cage cage = {environment, DATA_LIMIT, PDF_LIMIT};
    const struct nl_program program = {.argv = (char *const *)argv,
                                       .input = input,
                                       .output = PDF_LIMIT,
                                       .seconds = SECONDS,
                                       .cancel = cancel,
                                       .cage = &cage};
    enum nl_status status = nl_program_run(&program, out, err);
    nl_buf_free(&variable);
    return status;
}

/* Chromium reads and writes files, which lie in `folder`. Its own sandbox needs what neither root
 * nor a hardened service may do, and so does the process that it forks others from (zygote). The
 * page has a policy that keeps scripts and everything that
 * would be fetched out; the cage has no network. */
static enum nl_status run_chromium(const char *program, const char *folder,
                                   const struct nl_buf *html, const atomic_bool *cancel,
                                   struct nl_buf *out, struct nl_error *err) {
    enum { PAGE, RESULT, PRINT, PROFILE, URL, TEXTS };
    static const char *const formats[TEXTS] = {"%s/page.html", "%s/issue.pdf",
                                               "--print-to-pdf=%s/issue.pdf",
                                               "--user-data-dir=%s/profile", "file://%s/page.html"};
    struct nl_buf texts[TEXTS] = {0};
    struct nl_buf said = {0};
    for (size_t i = 0; i < TEXTS; i++)
        nl_buf_addf(&texts[i], formats[i], folder);
    const char *const argv[] = {program,
                                "--headless",
                                "--no-sandbox",
                                "--no-zygote",
                                "--disable-gpu",
                                "--disable-dev-shm-usage",
                                "--disable-extensions",
                                "--disable-background-networking",
                                "--no-first-run",
                                "--no-pdf-header-footer",
                                "--generate-pdf-document-outline",
                                texts[PRINT].data,
                                texts[PROFILE].data,
                                texts[URL].data,
                                NULL};
    enum nl_status status = nl_file_write(texts[PAGE].data, html->data, html->len, true, err);
    if (status == NL_OK)
        status = run(argv, folder, NULL, cancel, &said, err);
    if (status == NL_OK)
        status = nl_file_read(texts[RESULT].data, PDF_LIMIT, out, err);
    for (size_t i = 0; i < TEXTS; i++)
        nl_buf_free(&texts[i]);
    nl_buf_free(&said);
    return status;
}

static int remove_entry(const char *path, const struct stat *about, int kind, struct FTW *ftw) {
    (void)about;
    (void)kind;
    (void)ftw;
    return remove(path);
}

static enum nl_status render(const struct nl_config *config, const char *folder,
                             const struct nl_buf *html, const atomic_bool *cancel,
                             struct nl_buf *out, struct nl_error *err) {
    const char *program = NULL;
    if (nl_config_pdf(config, &program) == NL_PDF_CHROMIUM)
        return run_chromium(program, folder, html, cancel, out, err);
    const char *const argv[] = {program, "-I", "-c", weasyprint, NULL};
    return run(argv, folder, html, cancel, out, err);
}

enum nl_status nl_pdf_render(const struct nl_config *config, const struct nl_buf *html,
                             const atomic_bool *cancel, struct nl_buf *out, struct nl_error *err) {
    const char *top = getenv("TMPDIR");
    struct nl_buf folder = {0};
    nl_buf_addf(&folder, "%s/newsletter-pdf-XXXXXX", top != NULL && top[0] == '/' ? top : "/tmp");
    enum nl_status status =
        mkdtemp(folder.data) != NULL ? NL_OK : nl_error_system(err, errno, "create", folder.data);
    if (status == NL_OK) {
        status = render(config, folder.data, html, cancel, out, err);
        nftw(folder.data, remove_entry, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS);
    }
    if (status == NL_OK && (out->len < 5 || memcmp(out->data, "%PDF-", 5) != 0))
        status = nl_error_set(err, NL_CONFIG, "archive.pdf: the program made no PDF");
    nl_buf_free(&folder);
    return status == NL_OK ? NL_OK : nl_error_context(err, "the PDF of an issue");
}
