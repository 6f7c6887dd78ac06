#include "newsletter/smtp/transport.h"

void nl_transport_add_leg(const struct nl_transport_leg *leg, struct nl_buf *out) {
    nl_buf_addf(out, "%s%s%s", leg->tls[0] != '\0' ? leg->tls : "no TLS",
                leg->policy[0] != '\0' ? ", " : "", leg->policy);
}
