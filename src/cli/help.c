#include "cli/command.h"

#include "newsletter/base/embedded.h"

#include <string.h>

/* help/NAME.txt: the first line is the summary, and after an empty line follows the help. */
extern const struct nl_embedded nl_embedded_help[];

static const char *help_file(const char *name) {
    for (const struct nl_embedded *file = nl_embedded_help; file->name != NULL; file++) {
        size_t len = strlen(name);
        if (strncmp(file->name, name, len) == 0 && strcmp(file->name + len, ".txt") == 0)
            return file->data;
    }
    return "\n\n";
}

const char *cli_help_summary(const char *name, int *len) {
    const char *summary = help_file(name);
    *len = (int)strcspn(summary, "\n");
    return summary;
}

const char *cli_help_text(const char *name) {
    return strstr(help_file(name), "\n\n") + 2;
}

void cli_print_usage(FILE *file) {
    fputs("Usage: newsletter [--config FILE] [--db FILE] [--password-file FILE]\n"
          "                  [--trace] [--json] COMMAND ...\n",
          file);
    for (int group = 0; group < CLI_GROUPS; group++) {
        fprintf(file, "\n%s:\n", cli_group_titles[group]);
        for (size_t i = 0; i < cli_command_count; i++) {
            int len = 0;
            const char *name = cli_commands[i].command->name;
            const char *summary = cli_help_summary(name, &len);
            if ((int)cli_commands[i].group == group)
                fprintf(file, "  %-14s %.*s\n", name, len, summary);
        }
    }
    fputs("\n'newsletter help COMMAND' explains a command, as does newsletter-COMMAND(1).\n", file);
}
