/* Whether the mailboxes that a canary looks into can be opened. */
#include "doctor/checks.h"

#include "newsletter/base/secret.h"
#include "newsletter/inbound/seed.h"

#include <stdlib.h>
#include <string.h>

static enum nl_status open_seed(const struct nl_seed *seed, char junk[NL_SEED_FOLDER],
                                struct nl_error *err) {
    struct nl_seed one = *seed;
    const struct nl_secret_source source = {
        .file = seed->password_file, .command = seed->password_command, .env = seed->password_env};
    one.password = one.problem = NULL;
    enum nl_status status = nl_secret_read("seeds", &source, &one.password, err);
    if (status == NL_OK)
        status = nl_seed_open(&one, junk, err);
    nl_secret_free(one.password);
    return status;
}

void nl_doctor_seeds(struct nl_doctor *doctor) {
    const struct nl_seed *seeds = doctor->config->seeds;
    for (size_t i = 0; i < NL_SEEDS && seeds[i].address != NULL; i++) {
        char junk[NL_SEED_FOLDER];
        struct nl_error err = {0};
        enum nl_status status = open_seed(&seeds[i], junk, &err);
        if (status != NL_OK)
            nl_findings_add(doctor->out, NL_LEVEL_ERROR, "seeds", NULL,
                            "the mailbox of the seed %s cannot be read: %s", seeds[i].address,
                            nl_error_text(&err));
        else if (junk[0] == '\0')
            nl_findings_add(
                doctor->out, NL_LEVEL_WARNING, "seeds", NULL,
                "the seed %s opens, but has no junk folder: mail there would count as missing",
                seeds[i].address);
        else
            nl_findings_add(doctor->out, NL_LEVEL_GOOD, "seeds", NULL,
                            "the seed %s opens; its junk folder is %s", seeds[i].address, junk);
        nl_error_free(&err);
    }
}
