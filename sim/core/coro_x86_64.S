/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Switch of coroutines, System V ABI: callee-saved registers on the stack we
 * leave, those of the other popped. The jump instead of a return keeps the
 * processor's return predictor out of it: it would be wrong every time.
 */
#if defined(__x86_64__) && !defined(MMSIM_UCONTEXT)
	.text
	.globl	mmsim_coro_swap
	.hidden	mmsim_coro_swap
	.type	mmsim_coro_swap, @function
	.p2align 4
mmsim_coro_swap:			/* (void **save, void *to) */
	.cfi_startproc
	pushq	%rbp
	pushq	%rbx
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	movq	%rsp, (%rdi)
	movq	%rsi, %rsp
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbx
	popq	%rbp
	popq	%rcx
	jmp	*%rcx
	.cfi_endproc
	.size	mmsim_coro_swap, .-mmsim_coro_swap

	.globl	mmsim_coro_start
	.hidden	mmsim_coro_start
	.type	mmsim_coro_start, @function
	.p2align 4
mmsim_coro_start:
	.cfi_startproc
	.cfi_undefined rip
	andq	$-16, %rsp
	movq	%r12, %rdi
	callq	mmsim_coro_main
	ud2
	.cfi_endproc
	.size	mmsim_coro_start, .-mmsim_coro_start
#endif
	.section .note.GNU-stack, "", %progbits
