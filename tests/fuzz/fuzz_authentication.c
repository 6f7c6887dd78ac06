/* The header of a message and the names of folders, as any server may give them. */
#include "inbound/seed_folder.h"
#include "newsletter/base/buf.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void demand(bool holds) {
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    struct nl_authentication said;
    struct nl_seed_folders folders;
    struct nl_buf text = {0};
    nl_authentication_read((const char *)data, len, NULL, &said);
    demand(strlen(said.authserv_id) < NL_AUTH_NAME && strlen(said.dkim) < NL_AUTH_RESULT);
    demand(said.authserv_id[0] != '\0' || said.dkim[0] == '\0');
    nl_buf_add(&text, (const char *)data, len);
    nl_seed_folders_read(nl_buf_text(&text), &folders);
    demand(folders.count >= 1 && folders.count <= NL_SEED_FOLDERS);
    for (size_t i = 0; i < folders.count; i++)
        for (const char *sign = folders.items[i].name; *sign != '\0'; sign++)
            demand(*sign >= ' ' && *sign <= '~');
    nl_buf_free(&text);
    return 0;
}
