/* Says what a wording means, by which rule of src/inbound/patterns.txt, and as which words the
 * rules see it. For those who write rules. */
#include "inbound/judging.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The words of the text that some rule knows; the others, which only take up room, in brackets. */
static void print_words(const struct nl_bounce_reader *reader, const char *text) {
    const struct nl_words *words = &nl_reader_scan(reader, NL_SCAN_JUDGE)->words;
    printf("words:");
    for (size_t i = 0; i < words->count; i++) {
        const struct nl_word *word = &words->words[i];
        const char *at = text + word->at;
        int len = (int)strcspn(at, " \t\n");
        printf(word->count > 0 ? " %.*s" : " [%.*s]", len, at);
    }
    putchar('\n');
}

int main(int argc, char **argv) {
    struct nl_bounce_reader *reader = NULL;
    struct nl_error err = {0};
    if (argc != 2) {
        fprintf(stderr, "usage: judge 'WORDING'\n");
        return 64;
    }
    enum nl_status status = nl_bounce_reader_new(&reader, &err);
    if (status == NL_OK) {
        struct nl_failure failure = {.stage = NL_JUDGE_LATER, .text = argv[1]};
        if (isdigit((unsigned char)argv[1][0]))
            failure.code = (int)strtol(argv[1], NULL, 10);
        struct nl_judgement found = nl_judge(reader, &failure);
        printf("%s, %s, the fault of: %s\n", found.hard ? "hard" : "soft", found.reason,
               nl_fault_name(found.fault));
        if (found.line > 0)
            printf("rule:  src/inbound/patterns.txt:%u\n", found.line);
        else
            printf("rule:  none\n");
        print_words(reader, argv[1]);
    } else {
        fprintf(stderr, "judge: %s\n", nl_error_text(&err));
    }
    nl_error_free(&err);
    nl_bounce_reader_free(reader);
    return status == NL_OK ? 0 : 1;
}
