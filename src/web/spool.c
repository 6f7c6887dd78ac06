#include "web/spool.h"

#include "newsletter/base/file.h"

#include <unistd.h>

void nl_spools_open(struct nl_spool *spools) {
    for (size_t i = 0; i < NL_SPOOLS; i++)
        spools[i].file = nl_file_temporary();
}

void nl_spools_close(struct nl_spool *spools) {
    for (size_t i = 0; i < NL_SPOOLS; i++)
        if (spools[i].file != NULL)
            fclose(spools[i].file);
}

struct nl_spool *nl_spools_take(struct nl_spool *spools) {
    for (size_t i = 0; i < NL_SPOOLS; i++)
        if (spools[i].file != NULL && !spools[i].taken) {
            spools[i].taken = true;
            return &spools[i];
        }
    return NULL;
}

/* Bytes that could not be written are dropped with the rest. */
void nl_spool_release(struct nl_spool *spool) {
    if (spool == NULL)
        return;
    clearerr(spool->file);
    rewind(spool->file);
    spool->taken = ftruncate(fileno(spool->file), 0) != 0;
}
