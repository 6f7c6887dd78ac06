/* Trampolines to functions of libraries that are opened on demand (on_demand.h), for the calling
 * convention of the System V ABI. */

    .section .note.GNU-stack, "", @progbits

/* A function NAME that jumps to where its slot points. At first that is the code after it, which
 * has the address looked up. */
    .macro trampoline index, name
    .text
    .globl \name
    .hidden \name
    .type \name, @function
    .balign 16
\name:
    .cfi_startproc
    endbr64
    jmp *slot_\name(%rip)
    .cfi_endproc
    .size \name, . - \name
first_\name:
    .cfi_startproc
    endbr64
    leaq slot_\name(%rip), %r11
    pushq %r11
    .cfi_adjust_cfa_offset 8
    pushq $\index
    .cfi_adjust_cfa_offset 8
    jmp find
    .cfi_endproc
    .data
    .balign 8
slot_\name:
    .quad first_\name
    .endm

/* On the stack: the number of the function, its slot, the caller's return address. All registers
 * that can hold arguments are kept, and so is r10, the static chain. rax says how many vector
 * registers a function with variable arguments gets. */
    .text
    .type find, @function
find:
    .cfi_startproc
    .cfi_def_cfa_offset 24
    pushq %rbp
    .cfi_def_cfa_offset 32
    .cfi_offset %rbp, -32
    movq %rsp, %rbp
    .cfi_def_cfa_register %rbp
    subq $192, %rsp
    andq $-16, %rsp
    movq %rdi, (%rsp)
    movq %rsi, 8(%rsp)
    movq %rdx, 16(%rsp)
    movq %rcx, 24(%rsp)
    movq %r8, 32(%rsp)
    movq %r9, 40(%rsp)
    movq %rax, 48(%rsp)
    movq %r10, 56(%rsp)
    movaps %xmm0, 64(%rsp)
    movaps %xmm1, 80(%rsp)
    movaps %xmm2, 96(%rsp)
    movaps %xmm3, 112(%rsp)
    movaps %xmm4, 128(%rsp)
    movaps %xmm5, 144(%rsp)
    movaps %xmm6, 160(%rsp)
    movaps %xmm7, 176(%rsp)
    movq 8(%rbp), %rdi
    call nl_on_demand_find
    movq 16(%rbp), %r11
    movq %rax, (%r11)
    movq %rax, %r11
    movq (%rsp), %rdi
    movq 8(%rsp), %rsi
    movq 16(%rsp), %rdx
    movq 24(%rsp), %rcx
    movq 32(%rsp), %r8
    movq 40(%rsp), %r9
    movq 48(%rsp), %rax
    movq 56(%rsp), %r10
    movaps 64(%rsp), %xmm0
    movaps 80(%rsp), %xmm1
    movaps 96(%rsp), %xmm2
    movaps 112(%rsp), %xmm3
    movaps 128(%rsp), %xmm4
    movaps 144(%rsp), %xmm5
    movaps 160(%rsp), %xmm6
    movaps 176(%rsp), %xmm7
    leave
    .cfi_def_cfa %rsp, 24
    addq $16, %rsp
    .cfi_def_cfa_offset 8
    jmp *%r11
    .cfi_endproc
    .size find, . - find

#define LIBRARY(file)
#define FUNCTION(index, library, name) trampoline index, name
#include "on_demand.def"

/* Indirect jumps land on endbr64 only. */
    .section .note.gnu.property, "a"
    .balign 8
    .long 4, 16, 5
    .asciz "GNU"
    .long 0xc0000002, 4, 3, 0
