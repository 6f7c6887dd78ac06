#include "doctor/checks.h"

#include "newsletter/base/address.h"
#include "newsletter/base/timestamp.h"
#include "newsletter/smime/smime.h"

#include <stdlib.h>

enum nl_status nl_doctor_smime(struct nl_doctor *doctor, const struct nl_list *list,
                               struct nl_error *err) {
    struct nl_address from = {0};
    char *name = NULL;
    int64_t until = 0;
    enum nl_status status = nl_mailbox_parse(list->sender, &name, &from, err);
    if (status == NL_OK)
        status = nl_smime_examine(doctor->config, from.envelope, nl_env_now(&nl_env_system),
                                  doctor->out, &until, err);
    if (status == NL_OK && until != 0) {
        char end[NL_TIMESTAMP_LEN];
        nl_timestamp_text(until, end);
        nl_findings_add(doctor->out, NL_LEVEL_GOOD, "smime", NULL,
                        "mail from %s is signed with %s (S/MIME), until %.10s", from.envelope,
                        doctor->config->smime.certificate_file, end);
    }
    free(name);
    nl_address_free(&from);
    return status;
}
