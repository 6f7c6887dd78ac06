#include "newsletter/base/file.h"
#include "newsletter/base/text.h"
#include "newsletter/service/messages.h"

#include <glob.h>
#include <string.h>

/* message-NAME.txt in the folder of templates; "plain" is built in. */

void nl_office_message_templates(const struct nl_office *office, json_t **out) {
    static const char prefix[] = "/message-";
    static const char plain[] = "plain";
    const char *folder = office->config->templates;
    struct nl_buf pattern = {0};
    glob_t found = {0};
    *out = json_pack("[s]", plain);
    nl_file_add_pattern(&pattern, folder != NULL ? folder : "");
    nl_buf_addf(&pattern, "%s*.txt", prefix);
    if (folder != NULL && glob(nl_buf_text(&pattern), 0, NULL, &found) != 0)
        found.gl_pathc = 0;
    for (size_t i = 0; i < found.gl_pathc; i++) {
        char name[NL_MESSAGE_TEMPLATE + 1] = "";
        const char *at = found.gl_pathv[i] + strlen(folder) + sizeof prefix - 1;
        size_t len = strlen(at) - strlen(".txt");
        if (len > 0 && len <= NL_MESSAGE_TEMPLATE)
            memcpy(name, at, len);
        if (nl_text_is_name(name, "_-", NL_MESSAGE_TEMPLATE) && strcmp(name, plain) != 0)
            json_array_append_new(*out, json_string(name));
    }
    globfree(&found);
    nl_buf_free(&pattern);
}
