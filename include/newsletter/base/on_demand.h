/* Shared libraries that are opened when one of their functions is first called.
 *
 * The program uses two dozen libraries, which bring along forty others. A sign-up needs five of
 * them. So the program is not linked with the others: a call goes to a trampoline of that name
 * (on_demand_x86_64.S), which jumps through a slot, as the procedure linkage table does. The slot
 * leads to nl_on_demand_find until the function's address is in it. Code that calls a library, and
 * its headers, know nothing of this. tools/on-demand.py makes the list of functions from the ones
 * that the program calls. On other processors the program is linked with all of them. */
#ifndef NEWSLETTER_BASE_ON_DEMAND_H
#define NEWSLETTER_BASE_ON_DEMAND_H

/* Opens all of them. For a process that stays: later it may have no file descriptor left, or an
 * update may have replaced the libraries. Ends the process with EX_OSFILE if one is missing, as the
 * dynamic linker ends a program that lacks a library. */
void nl_on_demand_open_all(void);

#endif
