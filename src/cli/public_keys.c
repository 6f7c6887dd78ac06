#include "cli/cli.h"

#include "newsletter/base/key_ring.h"

enum nl_status cli_read_keys(struct cli *cli, const char *path, struct nl_key_ring *ring,
                             struct nl_error *err) {
    enum nl_status status = path == NULL ? cli_configure(cli, err) : NL_OK;
    if (status == NL_OK && path == NULL)
        path = cli->config.signing.public_keys;
    if (status == NL_OK && path == NULL)
        status = nl_error_set(err, NL_CONFIG,
                              "%s names no signing.key_file: give the public key with --key",
                              cli->config.path);
    return status == NL_OK ? nl_key_ring_read(path, ring, err) : status;
}
