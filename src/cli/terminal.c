#include "cli/cli.h"

#include "newsletter/base/file.h"
#include "newsletter/db/backup.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include <unistr.h>

bool cli_is_interactive(void) {
    return isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

enum nl_status cli_confirm(const struct cli *cli, bool yes, const char *question, bool *agreed,
                           struct nl_error *err) {
    char line[16] = "";
    *agreed = yes;
    if (yes)
        return NL_OK;
    if (!cli_is_interactive())
        return cli_usage_error(cli, err,
                               "nothing is done: there is no terminal to ask on; say --yes");
    fflush(stdout);
    fprintf(stderr, "%s [y/N] ", question);
    *agreed = fgets(line, sizeof line, stdin) != NULL && (line[0] == 'y' || line[0] == 'Y');
    return NL_OK;
}

/* The length of a character that is safe to print: of valid UTF-8, and no control character (C0,
 * DEL, C1) but tab and line ends. 0 for any other. */
static size_t printable(const unsigned char *p, size_t len) {
    if (p[0] == '\n' || p[0] == '\t' || (p[0] == '\r' && len > 1 && p[1] == '\n'))
        return 1;
    if (p[0] < 0x80)
        return p[0] >= 32 && p[0] != 127 ? 1 : 0;
    int size = u8_mblen(p, len);
    return size < 2 || (p[0] == 0xC2 && p[1] < 0xA0) ? 0 : (size_t)size;
}

void cli_add_safely(struct nl_buf *out, const char *text, size_t len) {
    for (size_t i = 0; i < len;) {
        const unsigned char *p = (const unsigned char *)text + i;
        size_t size = printable(p, len - i);
        if (size > 0)
            nl_buf_add(out, p, size);
        else
            nl_buf_addf(out, "\\x%02x", *p);
        i += size > 0 ? size : 1;
    }
}

void cli_print_safely(const char *text, size_t len) {
    struct nl_buf safe = {0};
    cli_add_safely(&safe, text, len);
    fwrite(nl_buf_text(&safe), 1, safe.len, stdout);
    nl_buf_free(&safe);
}

bool cli_ask_unseen(const char *prompt, char *out, size_t size) {
    struct termios before;
    bool terminal = tcgetattr(STDIN_FILENO, &before) == 0;
    if (terminal) {
        struct termios silent = before;
        silent.c_lflag &= ~(tcflag_t)ECHO;
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent); /* before anybody begins to type */
        fputs(prompt, stderr);
    }
    bool got = fgets(out, (int)size, stdin) != NULL;
    if (got)
        out[strcspn(out, "\r\n")] = '\0';
    if (terminal) {
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
        fputc('\n', stderr);
    }
    return got;
}

bool cli_is_terminal(void) {
    return isatty(STDOUT_FILENO);
}

int cli_columns(void) {
    enum { USUAL = 80, UNBOUNDED = 1 << 20 };
    struct winsize size = {0};
    if (!isatty(STDOUT_FILENO))
        return UNBOUNDED;
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : USUAL;
}

void cli_print_table(const struct nl_table *table) {
    struct nl_buf text = {0};
    nl_table_print(table, (size_t)cli_columns(), &text);
    fputs(nl_buf_text(&text), stdout);
    nl_buf_free(&text);
}

void cli_say_reading(const char *what) {
    if (isatty(STDIN_FILENO))
        fprintf(stderr, "reading %s from standard input; Ctrl-D ends it ...\n", what);
}

enum nl_status cli_check_output(const struct cli *cli, const char *path, struct nl_error *err) {
    return nl_store_owns_path(cli->config.database, path)
               ? nl_error_set(err, NL_USAGE, "%s belongs to the database: write to another file",
                              path)
               : NL_OK;
}

enum nl_status cli_begin_output(const struct cli *cli, const char *path,
                                struct nl_file_output *output, struct nl_error *err) {
    enum nl_status status = cli_check_output(cli, path, err);
    return status == NL_OK ? nl_file_begin(output, path, err) : status;
}
