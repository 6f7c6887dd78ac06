/* Any bytes as the header of the PROXY protocol, in pieces as they are wanted. */
#include "web/proxy_header.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    struct sockaddr_storage address;
    socklen_t address_len = 0;
    bool known = false;
    size_t taken = 0;
    int wanted = 0;
    while ((wanted = nl_proxy_header_wants(data, taken)) > 0) {
        if ((size_t)wanted > len - taken)
            return 0;
        taken += (size_t)wanted;
        if (taken > NL_PROXY_HEADER_LIMIT)
            abort();
    }
    if (wanted == 0 && nl_proxy_header_read(data, taken, &known, &address, &address_len) &&
        known != (address_len > 0))
        abort();
    return 0;
}
