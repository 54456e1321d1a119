/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Switch of coroutines, AAPCS64: x19..x30 and d8..d15 on the stack we leave. */
#if defined(__aarch64__) && !defined(MMSIM_UCONTEXT)
	.text
	.globl	mmsim_coro_swap
	.hidden	mmsim_coro_swap
	.type	mmsim_coro_swap, %function
	.p2align 4
mmsim_coro_swap:			/* (void **save, void *to) */
	.cfi_startproc
	sub	sp, sp, #160
	stp	x19, x20, [sp, #0]
	stp	x21, x22, [sp, #16]
	stp	x23, x24, [sp, #32]
	stp	x25, x26, [sp, #48]
	stp	x27, x28, [sp, #64]
	stp	x29, x30, [sp, #80]
	stp	d8, d9, [sp, #96]
	stp	d10, d11, [sp, #112]
	stp	d12, d13, [sp, #128]
	stp	d14, d15, [sp, #144]
	mov	x9, sp
	str	x9, [x0]
	mov	sp, x1
	ldp	x19, x20, [sp, #0]
	ldp	x21, x22, [sp, #16]
	ldp	x23, x24, [sp, #32]
	ldp	x25, x26, [sp, #48]
	ldp	x27, x28, [sp, #64]
	ldp	x29, x30, [sp, #80]
	ldp	d8, d9, [sp, #96]
	ldp	d10, d11, [sp, #112]
	ldp	d12, d13, [sp, #128]
	ldp	d14, d15, [sp, #144]
	add	sp, sp, #160
	mov	x16, x30
	br	x16
	.cfi_endproc
	.size	mmsim_coro_swap, .-mmsim_coro_swap

	.globl	mmsim_coro_start
	.hidden	mmsim_coro_start
	.type	mmsim_coro_start, %function
	.p2align 4
mmsim_coro_start:
	.cfi_startproc
	.cfi_undefined x30
	mov	x0, x19
	bl	mmsim_coro_main
	brk	#1
	.cfi_endproc
	.size	mmsim_coro_start, .-mmsim_coro_start
#endif
	.section .note.GNU-stack, "", %progbits
