/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the prims model share. A kind of object is one struct prim_type, in
 * the file of its mechanism; an operation finds out by the type whether it applies.
 */
#ifndef MMSIM_MODELS_PRIMS_INTERNAL_H
#define MMSIM_MODELS_PRIMS_INTERNAL_H

#include "models/prims/prims.h"
#include "sim/kern/task.h"

struct prim_type {
	struct object_kind_desc desc;
	size_t size; /* of an instance; zeroed before init() */
	/* 0 or a negative errno. @d->values are the keys of desc. */
	int (*init)(struct kern *k, void *obj, const struct object_decl *d);
	void (*destroy)(void *obj); /* may be NULL; only of initialised ones */
	/* NULL where the object is no such thing */
	void (*lock)(struct task *t, void *obj);
	void (*unlock)(struct task *t, void *obj);
	void (*read_lock)(struct task *t, void *obj);
	void (*read_unlock)(struct task *t, void *obj);
};

struct prim_object {
	const struct prim_type *type;
	u32 count, nr_inited;
	char *instances; /* @count of type->size */
};

struct prim_ref {
	const struct prim_type *type;
	void *instance;
};

/* memory.c */
struct prim_memory {
	struct mm_state *own_mm; /* if nobody else made one */
	u32 pages_cat; /* of the ledger */
	u64 nr_pages; /* allocated since the run began */
	u64 base_pages, base_failed; /* as of the warm-up cut */
};

struct prims {
	struct kern *kern;
	struct prim_object *objects;
	u32 nr_objects;
	struct prim_ref *refs; /* by number of the instance */
	u64 nr_locks, nr_atomics; /* since the run began */
	u64 base_locks, base_atomics; /* as of the warm-up cut */
	u64 nr_seq_reads, nr_seq_retries; /* since the warm-up cut */
	u64 nr_percpu_reads, percpu_error_max; /* likewise: fast reads, the worst of them */
	struct prim_memory memory;
	/* rcu.c */
	u64 base_gps, base_gp_ps; /* likewise */
	s32 rcu_cat; /* ledger category of what call_rcu frees; 0: none yet */
	struct prim_rcu_head *rcu_free;
	struct prim_rcu_chunk *rcu_chunks;
	struct prim_works {
		u64 begun; /* items that have begun to run; of them by queue_work: */
		u64 waited, wait_ps; /* number, time since they were queued */
	} works, base_works;
	struct prim_slab {
		struct prim_batch **chunk;
		u32 nr_chunks, nr_batches;
		u32 unused; /* number + 1 of the first */
	} slab; /* open state */
};

/* What the object argument of a call names. */
static inline struct prim_ref prim_ref(const struct prims *p, const struct op_call *call)
{
	return p->refs[call->v[0]];
}

/* Argument table of operations on an object and nothing else. */
extern const struct arg_desc prim_object_arg[1];

/* locks.c */
extern const struct prim_type prim_qspinlock, prim_tas, prim_fifo, prim_mutex;
extern const struct prim_type prim_ticket, prim_mcs, prim_cna;
int prim_op_lock(struct task *t, void *model, struct op_call *call);
int prim_op_unlock(struct task *t, void *model, struct op_call *call);

/* lines.c */
extern const struct prim_type prim_line;
extern const struct arg_desc prim_value_args[2];
int prim_op_load(struct task *t, void *model, struct op_call *call);
int prim_op_store(struct task *t, void *model, struct op_call *call);
int prim_op_atomic_add(struct task *t, void *model, struct op_call *call);

/* memcg.c */
extern const struct prim_type prim_memcg;
extern const struct arg_desc prim_charge_args[3];
struct memcg_dir;
/* The instance stands for a cgroup of `cgroups:`. */
void prim_memcg_bind(void *obj, struct memcg_dir *dir);
int prim_op_memcg_create(struct task *t, void *model, struct op_call *call);
int prim_op_memcg_remove(struct task *t, void *model, struct op_call *call);
int prim_op_memcg_charge(struct task *t, void *model, struct op_call *call);
int prim_op_memcg_uncharge(struct task *t, void *model, struct op_call *call);

/* seq.c */
extern const struct prim_type prim_seqlock, prim_completion;
extern const struct arg_desc prim_section_args[2];
int prim_op_seq_read(struct task *t, void *model, struct op_call *call);
int prim_op_seq_write(struct task *t, void *model, struct op_call *call);
int prim_op_complete(struct task *t, void *model, struct op_call *call);
int prim_op_complete_all(struct task *t, void *model, struct op_call *call);
int prim_op_wait_for_completion(struct task *t, void *model, struct op_call *call);

/* percpu.c */
extern const struct prim_type prim_percpu_counter;
int prim_op_percpu_add(struct task *t, void *model, struct op_call *call);
int prim_op_percpu_read(struct task *t, void *model, struct op_call *call);
int prim_op_percpu_sum(struct task *t, void *model, struct op_call *call);
/* memory.c */
enum prim_memory_metric { PRIM_PAGES_ALLOCATED, PRIM_ALLOC_FAILURES, PRIM_ZONE_LOCK_SHARE };
extern const struct arg_desc prim_alloc_pages_args[6], prim_alloc_bulk_args[3],
	prim_free_pages_args[1];
int prim_op_alloc_pages(struct task *t, void *model, struct op_call *call);
int prim_op_alloc_pages_bulk(struct task *t, void *model, struct op_call *call);
int prim_op_free_pages(struct task *t, void *model, struct op_call *call);
int prim_memory_init(struct prims *p);
void prim_memory_destroy(struct prims *p);
void prim_memory_begin(struct prims *p);
double prim_memory_metric(const struct prims *p, u32 i);
/* Spinning on the locks of a class as a share of the CPU time that was not idle. */
double prim_spin_share(const struct prims *p, const char *lock);
/* rwlocks.c */
extern const struct prim_type prim_rwlock, prim_rwsem;
int prim_op_read_lock(struct task *t, void *model, struct op_call *call);
int prim_op_read_unlock(struct task *t, void *model, struct op_call *call);
int prim_op_write_lock(struct task *t, void *model, struct op_call *call);
int prim_op_write_unlock(struct task *t, void *model, struct op_call *call);
int prim_op_irq_save(struct task *t, void *model, struct op_call *call);
int prim_op_irq_restore(struct task *t, void *model, struct op_call *call);
int prim_op_preempt_disable(struct task *t, void *model, struct op_call *call);
int prim_op_preempt_enable(struct task *t, void *model, struct op_call *call);
/* rcu.c */
extern const struct prim_type prim_percpu_ref;
extern const struct arg_desc prim_rcu_read_args[1], prim_rcu_bytes_args[1];
int prim_op_ref_get(struct task *t, void *model, struct op_call *call);
int prim_op_ref_put(struct task *t, void *model, struct op_call *call);
int prim_op_ref_kill(struct task *t, void *model, struct op_call *call);
int prim_op_rcu_read(struct task *t, void *model, struct op_call *call);
int prim_op_rcu_read_lock(struct task *t, void *model, struct op_call *call);
int prim_op_rcu_read_unlock(struct task *t, void *model, struct op_call *call);
int prim_op_synchronize_rcu(struct task *t, void *model, struct op_call *call);
int prim_op_synchronize_rcu_expedited(struct task *t, void *model, struct op_call *call);
int prim_op_call_rcu(struct task *t, void *model, struct op_call *call);
int prim_op_kvfree_rcu(struct task *t, void *model, struct op_call *call);
int prim_op_rcu_barrier(struct task *t, void *model, struct op_call *call);
void prim_rcu_begin(struct prims *p);
void prim_rcu_destroy(struct prims *p);
/* Normal grace periods of the measured part, and their mean length in ns (NaN: none). */
double prim_rcu_gps(const struct prims *p);
double prim_rcu_gp_mean(const struct prims *p);
/* work.c */
extern const struct prim_type prim_work;
extern const struct arg_desc prim_queue_args[2], prim_delayed_args[3];
int prim_op_queue_work(struct task *t, void *model, struct op_call *call);
int prim_op_queue_delayed_work(struct task *t, void *model, struct op_call *call);
int prim_op_flush_work(struct task *t, void *model, struct op_call *call);
int prim_op_cancel_work(struct task *t, void *model, struct op_call *call);
double prim_work_metric(const struct prims *p, u32 i, u64 elapsed_ps);
/* ipi.c */
extern const struct arg_desc prim_ipi_args[2], prim_flush_tlb_args[2], prim_anon_fault_args[2];
int prim_op_ipi(struct task *t, void *model, struct op_call *call);
int prim_op_flush_tlb(struct task *t, void *model, struct op_call *call);
int prim_op_syscall(struct task *t, void *model, struct op_call *call);
int prim_op_anon_fault(struct task *t, void *model, struct op_call *call);
/* slab.c. Bits of handles that are none of pages. */
#define PRIM_KMALLOC (1ULL << 61)
#define PRIM_CACHE_OBJECT (1ULL << 60)
#define PRIM_CACHE_BATCH (1ULL << 59)
#define PRIM_NO_PAGES (PRIM_KMALLOC | PRIM_CACHE_OBJECT | PRIM_CACHE_BATCH)
enum prim_slab_metric { PRIM_SLAB_BYTES, PRIM_SLAB_OBJECTS_PER_SLAB, PRIM_SLAB_LOCK_SHARE };
extern const struct prim_type prim_kmem_cache;
extern const struct arg_desc prim_kmalloc_args[7], prim_kfree_args[1], prim_cache_alloc_args[5],
	prim_cache_bulk_args[3], prim_cache_take_args[2];
int prim_op_kmalloc(struct task *t, void *model, struct op_call *call);
int prim_op_kfree(struct task *t, void *model, struct op_call *call);
int prim_op_cache_alloc(struct task *t, void *model, struct op_call *call);
int prim_op_cache_free(struct task *t, void *model, struct op_call *call);
int prim_op_cache_alloc_bulk(struct task *t, void *model, struct op_call *call);
int prim_op_cache_free_bulk(struct task *t, void *model, struct op_call *call);
int prim_op_cache_give(struct task *t, void *model, struct op_call *call);
int prim_op_cache_take(struct task *t, void *model, struct op_call *call);
int prim_op_cache_shrink(struct task *t, void *model, struct op_call *call);
void prim_slab_destroy(struct prims *p);
double prim_slab_metric(const struct prims *p, u32 i);
/* memcg.c: the memcg of an instance as of now; NULL: removed. */
struct mem_cgroup *prim_memcg_of(struct task *t, void *obj);

#endif
