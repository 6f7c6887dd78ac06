#include "cli/cli.h"

#include "newsletter/service/receipts.h"

enum nl_status cli_read_wording(struct cli *cli, const char *path, const char *language,
                                int64_t *wording, struct nl_error *err) {
    enum { FILE_MOST = 64 * 1024 };
    struct nl_buf text = {0};
    *wording = 0;
    if (path == NULL)
        return NL_OK;
    enum nl_status status = nl_file_read(path, FILE_MOST, &text, err);
    if (status == NL_OK)
        status = nl_office_wording(cli->store, language, nl_buf_text(&text), wording, err);
    if (status == NL_DATA)
        nl_error_context(err, "%s", path);
    nl_buf_free(&text);
    return status;
}
