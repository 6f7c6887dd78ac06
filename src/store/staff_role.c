#include "newsletter/store/staff_role.h"

#include <string.h>

const char *const nl_roles[] = {
    [NL_ROLE_NONE] = "none",
    [NL_ROLE_VIEWER] = "viewer",
    [NL_ROLE_AUTHOR] = "author",
    [NL_ROLE_SENDER] = "sender",
    [NL_ROLE_PEOPLE] = "people",
    [NL_ROLE_ADMINISTRATOR] = "administrator",
    NULL,
};

enum nl_role nl_role_of(const char *name) {
    for (int role = 0; nl_roles[role] != NULL; role++)
        if (strcmp(nl_roles[role], name) == 0)
            return (enum nl_role)role;
    return NL_ROLE_NONE;
}

bool nl_role_may(enum nl_role role, enum nl_power power) {
#define CAN(power) (1U << (unsigned)(power))
    static const unsigned powers[] = {
        [NL_ROLE_NONE] = CAN(NL_POWER_NONE),
        [NL_ROLE_VIEWER] = CAN(NL_POWER_NONE) | CAN(NL_POWER_LOOK),
        [NL_ROLE_AUTHOR] = CAN(NL_POWER_NONE) | CAN(NL_POWER_LOOK) | CAN(NL_POWER_WRITE),
        [NL_ROLE_SENDER] = CAN(NL_POWER_NONE) | CAN(NL_POWER_LOOK) | CAN(NL_POWER_WRITE) |
                           CAN(NL_POWER_SEND) | CAN(NL_POWER_APPROVE),
        [NL_ROLE_PEOPLE] = CAN(NL_POWER_NONE) | CAN(NL_POWER_LOOK) | CAN(NL_POWER_PEOPLE),
        [NL_ROLE_ADMINISTRATOR] = ~0U,
    };
    return (powers[role] & CAN(power)) != 0;
#undef CAN
}
