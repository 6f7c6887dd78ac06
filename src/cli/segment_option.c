#include "cli/cli.h"

#include "newsletter/service/segments.h"

enum nl_status cli_segment(struct cli *cli, const char *where, const char *name,
                           struct nl_segment **out, char **text, struct nl_error *err) {
    const struct nl_office office = cli_office(cli);
    return nl_office_segment(&office, where, name, out, text, err);
}
