/* Counts what a parser of HTML5 (Gumbo) objects to. Standard input: for each document a line with
 * its length, then its bytes. Standard output: for each a line with the number of errors. */
#include <gumbo.h>
#include <stdio.h>
#include <stdlib.h>

int main(void) {
    unsigned long len = 0;
    while (scanf("%lu%*1[\n]", &len) == 1) {
        char *text = malloc(len + 1);
        if (text == NULL || fread(text, 1, len, stdin) != len)
            return 74;
        GumboOptions options = kGumboDefaultOptions;
        options.max_errors = 100;
        GumboOutput *output = gumbo_parse_with_options(&options, text, len);
        printf("%u\n", output->errors.length);
        gumbo_destroy_output(&options, output);
        free(text);
    }
    return 0;
}
