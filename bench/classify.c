/* Reads each file and prints what it means: FILE, kind, then "ADDRESS KIND REASON STATUS" for each
 * recipient, between tabs. What bench/bounce-accuracy judges. */
#include "newsletter/base/file.h"
#include "newsletter/inbound/bounce.h"

#include <stdio.h>

enum { LIMIT = 64 << 20 };

int main(int argc, char **argv) {
    struct nl_bounce_reader *reader = NULL;
    struct nl_error err = {0};
    enum nl_status status = nl_bounce_reader_new(&reader, &err);
    for (int i = 1; status == NL_OK && i < argc; i++) {
        struct nl_buf text = {0};
        struct nl_bounce bounce = {0};
        status = nl_file_read(argv[i], LIMIT, &text, &err);
        if (status == NL_OK)
            status = nl_bounce_read(reader, nl_buf_text(&text), text.len, &bounce, &err);
        if (status == NL_OK) {
            printf("%s\t%s", argv[i], nl_bounce_kind_name(bounce.kind));
            for (size_t j = 0; j < bounce.count; j++)
                printf("\t%s %s %s %s", bounce.recipients[j].address,
                       nl_bounce_kind_name(bounce.recipients[j].kind), bounce.recipients[j].reason,
                       bounce.recipients[j].status);
            putchar('\n');
        }
        nl_bounce_free(&bounce);
        nl_buf_free(&text);
    }
    if (status != NL_OK)
        fprintf(stderr, "classify: %s\n", nl_error_text(&err));
    nl_error_free(&err);
    nl_bounce_reader_free(reader);
    return status == NL_OK ? 0 : 1;
}
