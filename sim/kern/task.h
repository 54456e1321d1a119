/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tasks, and what a model's code may do on one: spend time, name frames, count,
 * reach interaction points. The scheduler is in sched.c.
 *
 * The rules a model follows (DESIGN.md 3):
 *  - private state and state guarded by a spinlock it holds: touch freely;
 *  - open state (also read or written without that lock, another CPU's data):
 *    call task_sync() first. Locks, atomics, work queues do so themselves.
 *  - what is counted goes through task_count(), task_op() and ledger_charge(),
 *    which commit at the next interaction point.
 */
#ifndef MMSIM_KERN_TASK_H
#define MMSIM_KERN_TASK_H

#include "sim/core/list.h"
#include "sim/hw/exec.h"
#include "sim/hw/line.h"
#include "sim/stat/hist.h"
#include "sim/stat/ledger.h"
#include "sim/stat/lockstat.h"

struct kern;
struct mem_cgroup;
struct memcg_state;
struct task;

#define TASK_DEFERRED 32

__extension__ typedef __int128 s128;

enum deferred_kind { DEFER_COUNT, DEFER_LEDGER, DEFER_OWNER };

struct deferred {
	union {
		u64 *counter; /* DEFER_COUNT */
		struct ledger_owner *owner; /* DEFER_OWNER */
	};
	s64 n; /* count, or bytes */
	s32 objects;
	u16 cat;
	u16 kind;
};

/* What a task holds of reader-writer locks, rw_stat.h. */
enum rw_kind { RW_LOCK_READ, RW_LOCK_WRITE, RW_SEM_READ, RW_SEM_WRITE };

struct rw_hold {
	void *lock;
	u64 owned_from; /* since when it owns it */
	u64 hold_from; /* begin of the hold as lock_stat counts it */
	u8 kind; /* enum rw_kind */
	bool bounce; /* another CPU had it before */
};

#ifdef MMSIM_DEBUG
#define LOCKDEP_HELD 16 /* deeper ones are counted only */

/* A lock that a task holds or waits for, lockdep.h. */
struct held_lock {
	const void *lock;
	const struct lock_class *class;
	const struct prof_node *frame; /* that took it */
	u64 at;
	u32 instance;
	u32 how; /* enum lockdep_how */
};
#endif

struct task {
	struct exec x; /* must be first */
	struct kern *kern;
	struct rq *rq; /* of its CPU */
	bool voluntary; /* passed a reschedule point since the last interaction */
	bool bound; /* to its CPU; fixed before it starts */
	u16 lock_line_last; /* who had touched the lock's line before it arrived */
	u32 nr_held;
	u32 nr_deferred;
	u8 sched_state; /* enum task_state */
	bool mutex_woken; /* an unlock has woken it since it queued up */
	bool spinning; /* blocked on its CPU as a mutex or rwsem spinner */
	bool spin_timed; /* spin_timer is armed: its slice may end while it spins */
	u64 resched_at; /* rq->resched_at as of its last interaction */
	u64 lock_arrival; /* when it began to wait for a lock */
	const struct frame_site *lock_site; /* frame that asked for the lock */
	struct task *lock_next; /* queue of a spin lock */
	struct lock_class *waits_for; /* for reports */
	struct lock_class *held[8]; /* for reports and debug checks */
	struct deferred deferred[TASK_DEFERRED];
	struct rng rng[4]; /* by enum rng_purpose */
	const char *comm; /* name of the thread group; not owned */
	u16 recent_cpu; /* where it ran before it moved here */
	s64 vruntime; /* CPU time it has had by its weight, in the frame of its run queue */
	s64 deadline; /* of its slice, likewise; what waiting tasks are ordered by */
	s64 lag; /* what it lacked to the mean when it left a run queue */
	u64 sum_exec_runtime; /* CPU time it has had, as of the last rq_update() */
	u32 weight; /* of its nice value, NICE_0_WEIGHT if that is 0 */
	u16 home_cpu; /* of a bound task with reach */
	u8 reach; /* it may move to CPUs no more distant (enum hw_dist) from home_cpu than this */
	struct list_head rq_node; /* on its CPU's run queue, or nowhere */
	struct list_head pick_node; /* there, too, in order of the deadline */
	struct list_head wait_node; /* on one wait list */
	struct worker_pool *pool; /* of a kworker */
	struct mutex *mutexes[4]; /* mutexes it owns: their spinners watch it run */
	u32 nr_mutexes;
	bool reclaiming; /* PF_MEMALLOC: it frees memory, and must not start to once more */
	u8 rcu_blocks; /* switched out in a read section: grace periods that wait for it, rcu.c */
	bool rcu_need; /* rq->rcu_need as of then */
	u32 rcu_depth; /* read sections it is in */
	struct list_head rcu_node; /* on the list of those, or nowhere */
	struct mem_cgroup *memcg; /* it is in; NULL: the root. mem_cgroup_attach() */
	u32 memcg_nr_pages_over_high; /* charged above memory.high since it last paid for that */
	struct sim_handle spin_timer;
	const struct frame_site *mutex_site; /* frame that asked for the mutex */
	struct rw_hold rw_held[6]; /* rwlocks and rwsems it holds */
	u32 nr_rw_held;
	void (*body)(struct task *t, void *arg);
	void *arg;
	void *owner; /* for the layer that made it (interpreter, work queue) */
	u64 mems_allowed; /* nodes its pages may come from, a bit each; 0: any */
	bool mems_interleave; /* MPOL_INTERLEAVE over those */
	u16 il_prev; /* node of the last such page */
	const struct frame_site *lock_seen_site; /* of a CNA lock: who had it on arrival, */
	u16 lock_seen_cpu; /* and where */
	u32 preempt_off; /* depth of preempt_disable(); interrupts are still taken in it */
	struct exec_charge log[EXEC_LOG];
#ifdef MMSIM_DEBUG
	struct held_lock lockdep_held[LOCKDEP_HELD];
	u32 lockdep_depth;
#endif
};

enum task_state { TASK_NEW, TASK_ON_CPU, TASK_QUEUED, TASK_SLEEPING, TASK_DEAD };

/* Per-CPU run queue, rq.h. */
struct rq {
	struct kern *kern;
	struct cpu *cpu;
	struct list_head queue; /* runnable, not running, FIFO */
	struct list_head picks; /* the same by deadline, FIFO among equals */
	u32 nr; /* queued ones and the running one */
	u32 nr_queued, nr_free; /* on the list; those of them that may run elsewhere */
	u64 weight; /* of all nr */
	s128 sum_v; /* their virtual times by weight */
	u64 since; /* the running task's virtual time is as of here */
	u64 slice_end; /* of the running task, or when it is to give way to a woken one */
	u64 resched_at; /* the same while others are queued, else TIME_MAX */
	s64 min_vruntime; /* CFS */
	s64 cfs_from; /* virtual time of the running task when its slice began, */
	u64 cfs_since; /* which was here, */
	u64 cfs_phase; /* or somewhere in a longer one, by how much of k->slice */
	bool cfs_in_phase;
	bool need_resched; /* CFS: the running task is to be switched now */
	u64 slice_next; /* a lone task's slice may end here next; rolled on by user_work() */
	u64 balance_at[3]; /* when it looks next for less busy CPUs, by scope (balance.c) */
	struct worker_pool *pool;
	bool rcu_need; /* RCU waits for a quiescent state of the running task */
	struct task *stop; /* takes the CPU down: next as soon as it is queued, cpuhp.h */
};

/* Somebody's callback for CPU hotplug, cpuhp.h. */
struct cpuhp_step {
	struct list_head node;
	/* On @t, which runs on another CPU; @cpu is offline and nobody uses its data. */
	void (*dead)(struct task *t, u32 cpu, void *arg);
	void *arg;
};

struct cpuhp_state {
	struct list_head steps;
	struct list_head waiters; /* for cpu_hotplug_lock, by wait_node */
	bool busy; /* it is held */
	struct cpuhp_step percpu_counter;
};

/* The simulated kernel; one per struct sim. */
struct kern {
	struct sim *sim;
	struct hw *hw;
	struct rq *rq;
	struct ledger ledger;
	struct lock_stats lock_stats;
	struct spinlock *locks; /* all spin locks, for end-of-run folding */
	const struct sched_policy *sched; /* rq.h */
	u64 slice; /* effective time slice, ps; of CFS, that of a task alone */
	u64 tick; /* ps */
	struct {
		u64 latency, min_granularity, wakeup_granularity; /* ps */
	} cfs;
	u32 nr_free; /* queued tasks that may run elsewhere, over all run queues */
	u32 nr_reach; /* queued tasks that may run elsewhere within their reach */
	bool balancing; /* idle CPUs are about to look for them */
	enum virt_mode virt;
	u64 seed;
	u32 replication;
	struct rng arbitration;
	void *mm; /* sim/mm's state */
	struct memcg_state *memcg; /* sim/mm's, NULL until somebody needs it */
	struct kmalloc *kmalloc; /* caches of kmalloc, sim/mm/kmalloc.c */
	const struct percpu_ops *percpu_ops; /* who provides per-CPU memory, percpu_alloc.h */
	const struct vmarea_ops *vmarea_ops; /* and areas of vmalloc space, sim/mm/providers.h */
	struct providers *providers; /* sim/mm's own ones */
	struct task **tasks; /* all, for kern_free() */
	u32 nr_tasks, max_tasks;
	struct wq_state *wq; /* work queues, wq_alloc.c */
	u64 wq_cpu_intensive_thresh; /* ps of CPU time, 0: never */
	struct mutex_wait *mutex_waits; /* wait_locks of all mutexes, mutex.c */
	struct ipi_state *ipi; /* rounds under way, ipi.c */
#ifdef MMSIM_DEBUG
	struct lockdep *lockdep;
#endif
	struct rcu_state *rcu; /* rcu.c */
	bool numa_spinlock; /* qspinlocks are CNA locks, unless in a guest; before they are made */
	bool rcu_waits; /* a grace period waits for CPUs or tasks */
	struct cpuhp_state cpuhp;
	struct list_head percpu_counters; /* percpu_counter.h */
	u32 bug_len;
	char bug[8192]; /* report of a mistake, bug.h */
};

/* Latency of one operation. */
struct op_stat {
	const char *name;
	struct hist hist;
};

/**
 * kern_new - the simulated kernel on a machine
 * @hw: machine
 * @virt: how spin locks behave
 * @seed, @replication: for the kernel's own random decisions
 *
 * Returns it, owned by the caller, NULL when out of memory.
 */
struct kern *kern_new(struct hw *hw, enum virt_mode virt, u64 seed, u32 replication);

/* Another policy than sched_eevdf (rq.h), before the first task. */
void kern_set_sched(struct kern *k, const struct sched_policy *sched);
void kern_free(struct kern *k);

/* The measured part begins / the run has ended at @now. */
void kern_begin(struct kern *k, u64 now);
void kern_end(struct kern *k, u64 now);

/**
 * task_new - make a task; it starts with task_start()
 * @k: kernel
 * @comm: thread group name, not copied; also seeds its random streams
 * @index: index in the group
 * @cpu: where it begins to run; it may move unless task_bind() says no
 * @body: what it does; the task ends when it returns
 * @arg: for @body
 *
 * Returns it, owned by @k until kern_free(); NULL when out of memory.
 */
struct task *task_new(struct kern *k, const char *comm, u32 index, u32 cpu,
		      void (*body)(struct task *t, void *arg), void *arg);

/* @t stays on its CPU for good: an affinity, or a per-CPU kthread. Before it starts. */
static inline void task_bind(struct task *t)
{
	t->bound = true;
}

/* Become runnable at the present instant (before the run: at time 0). */
void task_start(struct task *t);

/*
 * Interaction point: order against all others is established, deferred counts
 * are committed, state as of now is read; a due voluntary reschedule happens
 * here if no spin lock is held.
 */
void task_sync(struct task *t);

/* Spend CPU time on work: stretched while the SMT sibling is busy. */
static inline void work(struct task *t, u64 ps)
{
	exec_charge(&t->x, CPU_WORK, exec_stretch(&t->x, ps));
}

/* Work whose cost was measured with busy SMT siblings already (machine.md 0, item 4). */
static inline void work_smt_inclusive(struct task *t, u64 ps)
{
	exec_charge(&t->x, CPU_WORK, ps);
}

/* Work that may be interrupted by the end of the slice at any point (user mode, think time). */
void user_work(struct task *t, u64 ps);

/* A voluntary reschedule point; takes effect at the next interaction point. */
static inline void cond_resched(struct task *t)
{
	t->voluntary = true;
}

/*
 * Data of this CPU is used from here to the next reschedule point: a reschedule that
 * is due happens first. Stands for preempt_disable(); no task moves but where it is
 * rescheduled or blocks.
 */
static inline void task_settle(struct task *t)
{
	if (unlikely(t->voluntary))
		task_sync(t);
}

/* True where the task must not leave its CPU: lock held, interrupts or preemption off. */
static inline bool task_atomic(const struct task *t)
{
	return t->x.section || t->preempt_off;
}

/* Give the CPU to the next runnable task, if any, now. */
void task_yield(struct task *t);

/* Sleep for @ps off the CPU. */
void task_sleep(struct task *t, u64 ps);

/* Go off the CPU until task_wake(). Call synchronised, with the wake-up arranged. */
void task_block(struct task *t);

/**
 * task_wake - make a sleeping task runnable
 * @waker: task that does it, charged the cost of the wake-up; NULL for an agent
 * @t: sleeping task; a no-op if it is not sleeping
 *
 * Call synchronised. @t runs after the wake-up latency if its CPU or, unless it is
 * bound, another one is idle; else it waits behind the running task, which gives way
 * at the end of its slice, or at once if it has had more than its share (rq.h).
 */
void task_wake(struct task *waker, struct task *t);

/* Frames: FRAME(t, "alloc_vmap_area") until the end of the block. */
struct frame_guard {
	struct task *t;
	struct prof_node *saved;
};

static inline struct frame_guard frame_push(struct task *t, const struct frame_site *site, u64 n,
					    u32 slot)
{
	struct frame_guard g = { t, t->x.frame };

	t->x.frame = profile_enter(&t->x.hw->profile, g.saved, site, slot);
	exec_enter(&t->x, t->x.frame, n);
	return g;
}

static inline void frame_pop(struct frame_guard *g)
{
	g->t->x.frame = g->saved;
}

#define FRAME_CAT2(a, b) a##b
#define FRAME_CAT(a, b) FRAME_CAT2(a, b)
/* One frame that stands for @n calls in a row. */
#define FRAMES(task, name, n)                                                                  \
	static const struct frame_site FRAME_CAT(frame_site_, __LINE__) = { name };            \
	__attribute__((cleanup(frame_pop), unused)) struct frame_guard FRAME_CAT(frame_guard_, \
										 __LINE__) =   \
		frame_push(task, &FRAME_CAT(frame_site_, __LINE__), n, __LINE__)
#define FRAME(task, name) FRAMES(task, name, 1)

/* Slow path: the table is full. */
void task_defer_full(struct task *t);

/* *counter += n, committed at the next interaction point. */
static inline void task_count(struct task *t, u64 *counter, s64 n)
{
	if (t->nr_deferred == TASK_DEFERRED)
		task_defer_full(t);
	t->deferred[t->nr_deferred++] = (struct deferred){ .counter = counter, .n = n };
}

/* Footprint change of a ledger category, committed likewise. */
static inline void ledger_charge(struct task *t, u32 cat, s64 bytes, s32 objects)
{
	if (t->nr_deferred == TASK_DEFERRED)
		task_defer_full(t);
	t->deferred[t->nr_deferred++] = (struct deferred){
		.n = bytes, .objects = objects, .cat = (u16)cat, .kind = DEFER_LEDGER
	};
}

/* What belongs to nobody, as ledger_charge() leaves it, becomes @o's; back if negative. */
static inline void ledger_give(struct task *t, struct ledger_owner *o, u32 cat, s64 bytes,
			       s32 objects)
{
	if (!o)
		return;
	if (t->nr_deferred == TASK_DEFERRED)
		task_defer_full(t);
	t->deferred[t->nr_deferred++] = (struct deferred){
		.owner = o, .n = bytes, .objects = objects, .cat = (u16)cat, .kind = DEFER_OWNER
	};
}

/*
 * An operation begins: *start is the task's clock, and moves along if an interrupt
 * turns out to fall before it. Operations nest; close with task_op().
 */
void task_op_begin(struct task *t, u64 *start);

/* The operation whose begin is *start has ended; its latency goes to @op unless NULL. */
void task_op(struct task *t, struct op_stat *op, u64 *start);

static inline u64 task_clock(const struct task *t)
{
	return t->x.proc.clock;
}

/* Id of the CPU the task is on. */
static inline u32 task_cpu(const struct task *t)
{
	return t->x.cpu->id;
}

/* A value of the cost table, ps. */
static inline u64 cost(const struct task *t, enum machine_key key)
{
	return t->x.hw->c[key];
}

/* Guarded lines and walks (sim/hw/line.h) for a task. */
static inline void walk_read(struct task *t, struct gline *l, struct walk *w)
{
	gline_read(&t->x, l, w);
}

static inline void walk_write(struct task *t, struct gline *l, struct walk *w)
{
	gline_write(&t->x, l, w);
}

static inline void walk_end(struct task *t, struct walk *w)
{
	walk_charge(&t->x, w);
}

#endif
