/* All unit tests in one program: `unit-tests ROOM/test_FILE` runs those of a file. Meson gives each
 * file's main() a name of its own, and lists the names in programs.def. */
#include <stdio.h>
#include <string.h>

#define PROGRAM(function, name) int function(void);
#include "programs.def"
#undef PROGRAM

#define PROGRAM(function, name) {name, function},
static const struct {
    const char *name;
    int (*run)(void);
} programs[] = {
#include "programs.def"
};

int main(int argc, char **argv) {
    for (size_t i = 0; argc == 2 && i < sizeof programs / sizeof programs[0]; i++) {
        if (strcmp(argv[1], programs[i].name) == 0)
            return programs[i].run();
    }
    fprintf(stderr, "usage: unit-tests ROOM/test_FILE\n");
    return 64;
}
